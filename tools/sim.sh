#!/usr/bin/env bash
# Runs the simulation tests: `./dev sim [--seed N] [--seeds N]`. The tests read their seeds from the environment.
set -euo pipefail

while [ $# -gt 0 ]; do
  case $1 in
    --seed=* | --seeds=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;
    --seed | --seeds)
      [[ ${2:-} =~ ^[0-9]+$ ]] || { echo "sim: $1 needs a number" >&2; exit 2; }
      if [ "$1" = --seed ]; then export MEMGRID_SIM_SEED=$2; else export MEMGRID_SIM_SEEDS=$2; fi
      shift 2
      ;;
    *) echo "Usage: ./dev sim [--seed N] [--seeds N]" >&2; exit 2 ;;
  esac
done
cmake --build build --target sim_tests
tests=$(ctest --test-dir build -N -L '^sim$' | sed -n 's/^ *Test *#[0-9]*: //p')
[ -n "$tests" ] || { echo "sim: no test has the label sim" >&2; exit 1; }
# Run directly rather than by ctest: a long search over seeds is what was asked for, so there is no time limit.
status=0
for test in $tests; do
  echo "== $test"
  "build/tests/$test" || status=1
done
exit $status
