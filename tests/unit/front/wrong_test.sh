#!/bin/bash
# Compiles each CASE of wrong.cpp, which must fail with the text behind it in its first error; CASE 0 must compile.
# usage: wrong_test.sh COMPILER SOURCE FLAG…
set -u
compiler=$1 source=$2
shift 2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

compile() { "$compiler" -std=c++20 -fsyntax-only -DCASE="$1" "${@:2}" "$source" >"$scratch/$1" 2>&1; }

if ! compile 0 "$@"; then
  echo "CASE 0 does not compile:"
  cat "$scratch/0"
  exit 1
fi
failed=0 cases=0
while read -r number text; do
  cases=$((cases + 1))
  if compile "$number" "$@"; then
    echo "CASE $number compiles, but should say: $text"
    failed=1
  elif ! grep -m 1 error: "$scratch/$number" | grep -qF -- "$text"; then
    echo "CASE $number does not say first: $text"
    grep -m 5 error "$scratch/$number"
    failed=1
  fi
done < <(sed -nE 's|^#elif CASE == ([0-9]+) +// (.*)$|\1 \2|p' "$source")
echo "$cases cases"
[ "$cases" -ge 29 ] && [ "$failed" -eq 0 ]
