#!/bin/bash
# The CPU time that a file with ten models and fifty queries takes to compile at -O2: less than LIMIT seconds.
# usage: compile_time_test.sh COMPILER SOURCE LIMIT FLAG…
set -eu
compiler=$1 source=$2 limit=$3
shift 3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
TIMEFORMAT='%U %S'
{ time "$compiler" -std=c++20 -O2 -fPIC -fvisibility=hidden -c "$source" -o "$scratch/object" "$@" >"$scratch/out" 2>&1; } \
  2>"$scratch/time" || { cat "$scratch/out"; exit 1; }
read -r user system <"$scratch/time"
echo "compiled in $user s user, $system s system; the limit is $limit s"
awk -v u="$user" -v s="$system" -v l="$limit" 'BEGIN { exit !(u + s < l) }'
