# Shared by ./dev and the scripts in tools/. Sourced with the working directory at the top of the tree.
# shellcheck shell=bash

# Objects are found again from another checkout of the same sources (CI, worktrees).
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
# git works in a checkout that another user owns, as in many containers.
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=$PWD

die() {
  echo "dev: $*" >&2
  exit 1
}

# What git knows, plus new files that it does not ignore; only those that still exist.
source_files() {
  git ls-files -co --exclude-standard -- "$@" | while IFS= read -r file; do
    [ ! -f "$file" ] || printf '%s\n' "$file"
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "needs root or sudo for: $*"
  fi
}

apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -y -qq -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}

# install_packages PURPOSE...: installs what the file of that name in tools/packages lists and is not there yet.
# Touches neither the network nor root rights when nothing is missing.
install_packages() {
  local purpose wanted missing attempt
  wanted=$(for purpose in "$@"; do sed -E 's/[[:space:]]*#.*//; /^$/d' "tools/packages/$purpose.txt"; done)
  command -v dpkg-query >/dev/null || die "not a Debian system; install the equivalents of:" $wanted
  missing=$(comm -23 <(sort -u <<<"$wanted") <(installed_packages))
  [ -n "$missing" ] || return 0
  echo "dev: installing" $missing
  for attempt in 1 2 3; do
    # shellcheck disable=SC2086  # one word a package
    if apt_get update && apt_get install --no-install-recommends $missing >/dev/null; then
      return 0
    fi
    echo "dev: apt failed (attempt $attempt of 3)" >&2
    sleep $((attempt * 5))
  done
  die "could not install:" $missing
}

installed_packages() {
  dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' | sed -n 's/^ii  *//p' | sort -u
}

# ensure_venv [PURPOSE]: build/venv with the pinned packages and our own distribution, installed from sdk/python. With a
# PURPOSE (test, bench) also what requirements-PURPOSE.txt adds. A stamp keyed by the inputs makes the second call free.
ensure_venv() {
  local pip=(build/venv/bin/pip --quiet --disable-pip-version-check --retries 5)
  local purpose
  if ! build/venv/bin/python -c '' 2>/dev/null; then
    rm -rf build/venv
    /usr/bin/python3 -m venv build/venv
  fi
  for purpose in "" "$@"; do
    local list=tools/requirements${purpose:+-$purpose}.txt
    once "build/venv/.requirements${purpose:+-$purpose}" "$(digest tools/requirements.txt "$list")" \
      "${pip[@]}" install -r "$list"
  done
  if [ -f sdk/python/pyproject.toml ]; then
    once build/venv/.sdk "$(source_files sdk/python proto | digest_list)" install_sdk
  fi
}

# Not editable, and built from a copy: the tree stays clean and what is tested is what would be shipped.
install_sdk() {
  local copy
  copy=$(mktemp -d)
  source_files sdk/python proto | tar -c -T - | tar -x -C "$copy"
  build/venv/bin/pip --quiet --disable-pip-version-check install --no-build-isolation --no-deps \
    --force-reinstall "$copy/sdk/python"
  rm -rf "$copy"
}

# once STAMP KEY COMMAND...: runs COMMAND unless STAMP says that it has succeeded with this KEY.
once() {
  local stamp=$1 key=$2
  shift 2
  [ "$(cat "$stamp" 2>/dev/null)" != "$key" ] || return 0
  "$@"
  printf '%s\n' "$key" >"$stamp"
}

digest() { printf '%s\n' "$@" | digest_list; }

digest_list() { xargs -r -d '\n' sha256sum | sha256sum | cut -d ' ' -f 1; }

# configure PRESET: a preset of CMakePresets.json, once; afterwards the build reconfigures itself.
configure() {
  local dir=build
  [ "$1" = release ] || dir=build-$1
  once "$dir/.configured-$1" "$(digest CMakePresets.json)" cmake --preset "$1"
}
