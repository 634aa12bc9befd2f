# Configures and builds. To be sourced after common.sh.
# shellcheck shell=bash
: "${root:?source common.sh first}"

# One compiler takes up to 1.2 GiB with CAF's headers: as many at once as there are cores, and memory.
jobs_at_once() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/^MemAvailable:/ {print int($2 / 1258291)}' /proc/meminfo)
  [ "$memory" -ge 1 ] || memory=1
  echo $((cores < memory ? cores : memory))
}

# build PRESET TARGET...: into build/PRESET. Speaks only where people watch, or when something fails.
build() {
  local preset=$1 folder=$root/build/$1
  shift
  if [ ! -e "$folder/build.ninja" ] || [ "${installed_something:-no}" = yes ]; then
    say "Configuring $preset"
    mkdir -p "$folder"
    if ! (cd "$root" && cmake --preset "$preset" >"$folder/configure.log" 2>&1); then
      cat "$folder/configure.log" >&2
      die "cmake could not configure preset $preset"
    fi
  fi
  say "Building $* ($preset)"
  local quiet=(--quiet)
  [ ! -t 2 ] || quiet=()
  ninja "${quiet[@]}" -C "$folder" -j "$(jobs_at_once)" "$@" >&2 || die "the build of preset $preset failed"
}
