# shellcheck shell=bash
# What the tests of commands in shell share: a folder that goes with the test, and expectations that are counted. Sourced.
# shellcheck disable=SC2034 # the tests use them

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
failures=0

expect() { # what, expected, actual
  [[ $2 == "$3" ]] && return
  printf 'FAILED: %s: expected "%s", got "%s"\n' "$1" "$2" "$3" >&2
  failures=$((failures + 1))
}
