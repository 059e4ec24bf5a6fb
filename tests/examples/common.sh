# shellcheck shell=bash
# What the examples' tests share. Sourced; ctest sets BIN (programs), DATA (fixtures) and MEMORY_MAP_PLUGIN.
# Each test works in a folder of its own that is removed at its end.
set -euo pipefail

: "${BIN:?}" "${DATA:?}" "${MEMORY_MAP_PLUGIN:?}"
unset TENON_CONFIG TENON_PROFILE

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
cd -- "$work"

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

# same FILE FILE WHAT: byte for byte.
same() {
  cmp -- "$1" "$2" || {
    diff -u -- "$1" "$2" | head -40 >&2 || true
    fail "$3"
  }
}

# exits CODE COMMAND…: its messages are left in the file `errors`.
exits() {
  local wanted=$1 status=0
  shift
  "$@" >output 2>errors || status=$?
  ((status == wanted)) || {
    cat errors >&2
    fail "exit code $status instead of $wanted: $*"
  }
}

# says TEXT: the last messages hold it.
says() { grep -qF -- "$1" errors || { cat errors >&2 && fail "no message says: $1"; }; }

# write_config: storage.yaml with a profile for each backend; relative paths are relative to it.
write_config() {
  cat >storage.yaml <<END
version: 1
default_profile: file
profiles:
  file: { backend: sqlite, connection: { database: ./test.db } }
  memory: { backend: sqlite, connection: { database: ":memory:" } }
  memory_map: { backend: memory_map, plugin: { path: "$MEMORY_MAP_PLUGIN" } }
  postgresql: { backend: postgresql }
END
}
