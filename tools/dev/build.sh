# shellcheck shell=bash disable=SC2154 # dev sets root, common.sh the colours
# Configures and builds a preset of CMakePresets.json in build/PRESET. Sourced by dev after common.sh.

# One cache for all clones and presets: paths below the tree count as relative, and so does the build folder.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1

# ThreadSanitizer's memory layout does not fit kernels that randomise more than 28 bits of addresses; without
# randomisation it does. Sets the array aslr_off to a prefix of commands, empty where it is not needed or not allowed.
find_aslr_off() { # preset
  aslr_off=()
  local bits=0
  [[ $1 == *tsan ]] || return 0
  [[ -r /proc/sys/vm/mmap_rnd_bits ]] && bits=$(</proc/sys/vm/mmap_rnd_bits)
  ((bits > 28)) || return 0
  if setarch -R true 2>/dev/null; then
    aslr_off=(setarch -R)
  else
    warn "vm.mmap_rnd_bits is $bits and cannot be avoided here: ThreadSanitizer may refuse to start"
  fi
}

# What cmake leaves out because a package is missing has to be found once it is there, so the stamp of the last success
# is compared with dpkg's list of packages as well, whoever has changed it.
is_configured() { # folder
  local packages=${DPKG_ADMINDIR:-/var/lib/dpkg}/status # where dpkg-query looks, too
  [[ -f $1/build.ninja && $1/configured -nt $root/CMakePresets.json && ! $packages -nt $1/configured ]]
}

configure() { # preset
  local preset=$1 folder=$root/build/$1
  if ! mkdir -p -- "$folder" 2>/dev/null || [[ ! -w $folder ]]; then
    die 69 "cannot write $folder; the tree belongs to $(stat -c %U -- "$root"), and this is $(id -un)"
  fi
  local cache=$folder/CMakeCache.txt
  local -a fresh=()
  if [[ -f $cache && $(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$cache") != "$root" ]]; then
    fresh=(--fresh) # the tree was moved or copied
  elif is_configured "$folder"; then
    return 0 # ninja itself configures again when a CMakeLists.txt has changed
  fi
  say "configuring build/$preset"
  if ! (cd -- "$root" && cmake --preset "$preset" "${fresh[@]}") >"$folder/configure.log" 2>&1; then
    cat -- "$folder/configure.log" >&2
    die 1 "cannot configure build/$preset"
  fi
  touch -- "$folder/configured"
}

build() { # preset jobs [target...]
  local preset=$1 jobs=$2
  shift 2
  local -a targets=() aslr_off
  [[ $# -eq 0 ]] || targets=(--target "$@")
  configure "$preset"
  say "building build/$preset"
  find_aslr_off "$preset" # a build step may run what it has built
  (cd -- "$root" && "${aslr_off[@]}" cmake --build --preset "$preset" -j "$jobs" "${targets[@]}") >&2
}
