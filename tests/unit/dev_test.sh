#!/usr/bin/env bash
# Tests of ./dev and the scripts behind it, with commands of its own in the place of cmake, ctest and tenon_pg.
# usage: dev_test.sh SOURCE_FOLDER
# shellcheck disable=SC2317,SC2154 # functions that the scripts call, variables that they set
set -uo pipefail

source=$1
# shellcheck source=tests/unit/shell_support.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/shell_support.sh"

# A tree that holds nothing but what the scripts look at, and a list of installed packages of its own.
root=$work/tree
export DPKG_ADMINDIR=$work/dpkg
mkdir -p -- "$root/tools" "$root/build/gcc-tsan/bin" "$DPKG_ADMINDIR"
touch -- "$root/CMakePresets.json" "$DPKG_ADMINDIR/status"
for part in common setup build test; do
  # shellcheck source=/dev/null # the scripts under test
  source "$source/tools/dev/$part.sh"
done
set +e

cmake() { # --preset NAME: configures; --build: nothing to do
  [[ $1 == --preset ]] || return 0
  echo "$2" >>"$work/configured"
  [[ ! -e $work/broken ]] || return 1
  touch -- "$root/build/$2/build.ninja"
}
configured() { # preset; prints how often
  (configure "$1") 2>/dev/null
  grep -cx -- "$1" "$work/configured"
}

expect 'the first use configures' 1 "$(configured release)"
expect 'the second one does not' 1 "$(configured release)"
sleep 0.02
touch -- "$DPKG_ADMINDIR/status"
expect 'packages that came later are found' 2 "$(configured release)"
expect 'once' 2 "$(configured release)"
sleep 0.02
touch -- "$root/CMakePresets.json" "$work/broken"
expect 'changed presets are read' 3 "$(configured release)"
expect 'what failed is tried again' 4 "$(configured release)"
rm -- "$work/broken"
rm -r -- "$DPKG_ADMINDIR"
expect 'and again' 5 "$(configured release)"
expect 'without dpkg presets alone count' 5 "$(configured release)"

# ThreadSanitizer's programs run without address randomisation where they need it: the first server, too.
# shellcheck disable=SC2034 # test_preset reads it
find_aslr_off() { aslr_off=(env RANDOMISED=no); }
build() { :; }
ctest() { :; }
# shellcheck disable=SC2016 # the program's own variable
printf '#!/bin/sh\necho "server: $RANDOMISED"\n' >"$root/build/gcc-tsan/bin/tenon_pg"
chmod +x -- "$root/build/gcc-tsan/bin/tenon_pg"
# shellcheck disable=SC2034 # test_preset fills them
declare -A passed_of failed_of
expect 'the server that is tried first' 'server: no' "$(test_preset gcc-tsan 1 2>/dev/null)"

# The suites are the tree's, in the help and where they are asked for.
declared=$(sed -n 's/^foreach(suite IN ITEMS \(.*\))$/\1/p' "$source/tests/CMakeLists.txt")
expect 'the suites' "$declared" "${suites[*]}"
help=$("$source/dev" help)
for suite in "${suites[@]}"; do
  expect "help names $suite" yes "$([[ $help == *"--only SUITE"*" $suite"[,$'\n']* ]] && echo yes)"
done
ensure_packages() { :; }
test_preset() { echo "tests $*"; }
message=$(verb_test --only unti 2>&1)
expect 'a mistyped suite' 64 $?
expect 'a mistyped suite is named' yes "$([[ $message == *"not 'unti'"* ]] && echo yes)"

# A machine without apt: only what ./dev itself runs is in the path.
mkdir -- "$work/bin"
for program in awk bash cmake dirname g++ ninja readlink; do ln -s -- "$(type -P "$program")" "$work/bin/"; done
message=$(PATH=$work/bin "$work/bin/bash" "$source/dev" setup 2>&1)
expect 'set-up without apt' 0 $?
expect 'it says so' yes "$([[ $message == *'this is no Debian'* ]] && echo yes)"
expect 'and claims nothing' '' "$(grep 'everything is installed' <<<"$message")"

((failures == 0)) && echo 'dev: all as expected'
exit $((failures > 0))
