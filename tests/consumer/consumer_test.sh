#!/usr/bin/env bash
# consumer_test.sh tree SOURCE WORK [CMAKE_ARGUMENT…]
#     builds the application and its test with Tenon's sources in a subfolder of its own build, and runs them
# consumer_test.sh installed SOURCE WORK BUILD [CMAKE_ARGUMENT…]
#     installs BUILD into a prefix, moves that elsewhere, then builds and runs the application, its test and the backend
#     plugin of a stranger against nothing else
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
mode=$1 source=$2 work=$3
shift 3
export CCACHE_NOHASHDIR=1 # the same sources in another build folder
unset TENON_PLUGIN_PATH TENON_CONFIG TENON_PROFILE

fail() {
  echo "consumer_test: $*" >&2
  exit 1
}

build() { # SOURCE BUILD [CMAKE_ARGUMENT…] -- [BUILD_ARGUMENT…]
  local from=$1 to=$2 arguments=()
  shift 2
  while [ "$1" != -- ]; do
    arguments+=("$1")
    shift
  done
  shift
  cmake -S "$from" -B "$to" "${arguments[@]}" >"$to.log" 2>&1 || { cat "$to.log" >&2; fail "cannot configure $from"; }
  cmake --build "$to" "$@" >"$to.log" 2>&1 || { tail -60 "$to.log" >&2; fail "cannot build $from"; }
}

expect() { # BACKEND PROGRAM CONFIG
  local wanted="Middlemarch 1871, one of 2
refused by books_title_key
served by $1"
  local got
  got=$(cd / && "$2" "$3") || fail "$2 $3 failed"
  [ "$got" = "$wanted" ] || fail "$2 $3 printed: $got"
}

expect_own_test_passes() {
  [ "$(cd / && "$work/build/bookshop_test")" = isolated ] || fail "the application's test failed"
}

# A program asks the loader for what it would ask CMake for: before 1.0 that is the same minor version.
expect_library_of_version() { # PREFIX PROGRAM
  local version wanted
  version=$(sed -nE 's/^set\(PACKAGE_VERSION "(.*)"\)$/\1/p' "$(find "$1" -name tenon-config-version.cmake)")
  case $version in
  0.*) wanted=libtenon.so.${version%.*} ;;
  *) wanted=libtenon.so.${version%%.*} ;;
  esac
  [[ $(objdump -p "$2") == *"NEEDED "*" $wanted"$'\n'* ]] || fail "version $version, but $2 does not need $wanted"
}

rm -rf "$work"
mkdir -p "$work"

case $mode in
tree)
  build "$here/application" "$work/build" -DTENON_SOURCE="$source" "$@" -- --target bookshop bookshop_test tenon_sqlite
  expect sqlite "$work/build/bookshop" "$here/application/storage.yaml"
  expect_own_test_passes
  if [ -e "$work/build/tenon/tests/unit" ]; then fail "a subproject brings its tests along"; fi
  ;;
installed)
  from=$1
  shift
  cmake --install "$from" --prefix "$work/staged" >"$work/install.log" 2>&1 || { cat "$work/install.log" >&2; fail "cannot install"; }
  mv "$work/staged" "$work/prefix" # an installation can be moved
  if grep -rlF -e "$source" -e "$from" "$work/prefix" --include='*.cmake' --include='*.hpp' --include='*.h'; then
    fail "the files above name the build's own folders"
  fi
  build "$here/application" "$work/build" -DCMAKE_PREFIX_PATH="$work/prefix" "$@" --
  expect sqlite "$work/build/bookshop" "$here/application/storage.yaml"
  expect_own_test_passes
  expect_library_of_version "$work/prefix" "$work/build/bookshop"

  build "$source/examples/custom_backend" "$work/plugin" -DCMAKE_PREFIX_PATH="$work/prefix" "$@" --
  plugin=$(find "$work/plugin" -name libtenon_memory_map.so)
  cat >"$work/plugin.yaml" <<EOF
version: 1
profiles:
  only:
    backend: memory_map
    plugin: { path: "$plugin" }
EOF
  expect memory_map "$work/build/bookshop" "$work/plugin.yaml"
  ;;
*) fail "mode is tree or installed" ;;
esac
echo "consumer_test: $mode: all as expected"
