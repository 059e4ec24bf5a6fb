#!/usr/bin/env bash
# headers_alone.sh CXX CC FOLDER…: every header below the include folders compiles by itself, included twice, without
# a warning; tenon_abi.h as C99 too. All folders are on the include path.
set -euo pipefail

[ $# -ge 3 ] || { echo "usage: headers_alone.sh CXX CC FOLDER..." >&2; exit 64; }
export cxx=$1 cc=$2
shift 2
command -v "$cxx" >/dev/null || { echo "there is no compiler $cxx"; exit 1; }
command -v "$cc" >/dev/null || { echo "there is no compiler $cc"; exit 1; }

export paths=""
for folder in "$@"; do
  paths+=" -I$(realpath --relative-to=. "$folder")"
done

check() { # FOLDER/HEADER, where a dot marks the folder's end: a/include/./tenon/b.hpp
  local name=${1##*/./}
  local warnings="-Wall -Wextra -Wpedantic -Wshadow -Werror -fsyntax-only"
  local text="#include <$name>
#include <$name>
"
  # shellcheck disable=SC2086 # lists of options
  if ! $cxx -std=c++20 $warnings $paths -x c++ - <<<"$text" 2>&1; then
    echo "$name does not stand alone with $cxx"
    return 1
  fi
  # shellcheck disable=SC2086
  if [[ $name == *.h ]] && ! $cc -std=c99 $warnings $paths -x c - <<<"$text" 2>&1; then
    echo "$name is no C99 with $cc"
    return 1
  fi
}
export -f check

mapfile -t headers < <(for folder in "$@"; do find "$folder/./" -name '*.hpp' -o -name '*.h'; done)
[ ${#headers[@]} -gt 0 ] || { echo "no headers found"; exit 1; }
# shellcheck disable=SC2016 # the inner shell expands it
printf '%s\0' "${headers[@]}" | xargs -0 -P 2 -I{} bash -c 'check "$1"' _ {}
echo "${#headers[@]} headers stand alone with $cxx"
