#!/usr/bin/env bash
# Fuzzes the targets declared by memgrid_fuzz(): `./dev fuzz [NAME] [SECONDS]`. New inputs stay in
# build-fuzz/corpus; copy what is worth keeping to tests/fuzz/corpus/NAME, where the replay tests find it.
set -euo pipefail

name='' seconds=60
for argument in "$@"; do
  if [[ $argument =~ ^[0-9]+$ ]]; then seconds=$argument; else name=$argument; fi
done
cmake --build build-fuzz --target "${name:-fuzzers}"
targets=("$name")
[ -n "$name" ] || mapfile -t targets < <(find build-fuzz/fuzz -maxdepth 1 -type f -perm -u+x -printf '%f\n' 2>/dev/null | sort)
for target in "${targets[@]}"; do
  echo "== $target, $seconds s"
  corpus=("build-fuzz/corpus/$target")
  mkdir -p "${corpus[0]}"
  [ ! -d "tests/fuzz/corpus/$target" ] || corpus+=("tests/fuzz/corpus/$target")
  "build-fuzz/fuzz/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="build-fuzz/corpus/$target-" "${corpus[@]}"
done
