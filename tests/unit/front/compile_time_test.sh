#!/bin/bash
# What a file with ten models and fifty queries takes to compile at -O2: at most LIMIT times a program that matches a
# regular expression of the standard library. A ratio, because the time itself depends on the machine and on what else it
# does; the aim is 10 seconds on a machine that compiles that program in two.
# usage: compile_time_test.sh COMPILER SOURCE LIMIT FLAG…
set -eu
compiler=$1 source=$2 limit=$3
shift 3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
TIMEFORMAT='%U %S'

# Prints the CPU time in seconds.
compile() { # source flag...
  { time "$compiler" -std=c++20 -O2 -fPIC -fvisibility=hidden -c "$@" -o "$scratch/object" >"$scratch/out" 2>&1; } \
    2>"$scratch/time" || { cat "$scratch/out" >&2; exit 1; }
  awk '{ print $1 + $2 }' "$scratch/time"
}

cat >"$scratch/measure.cpp" <<'END'
#include <iostream>
#include <regex>
#include <string>
int main(int, char** argv) {
  const std::regex word("([a-z]+)(-[0-9]+)?");
  std::smatch match;
  const std::string text = argv[0];
  if (std::regex_match(text, match, word)) std::cout << match[1] << '\n';
}
END
# The better of two each, in turn: what else the machine does slows both down, but not evenly.
for _ in 1 2; do
  compile "$scratch/measure.cpp" >>"$scratch/measures"
  compile "$source" "$@" >>"$scratch/seconds"
done
measure=$(sort -n "$scratch/measures" | head -n 1) seconds=$(sort -n "$scratch/seconds" | head -n 1)
echo "compiled in $seconds s of CPU time, the program to compare with in $measure s; the limit is $limit times that"
awk -v s="$seconds" -v m="$measure" -v l="$limit" 'BEGIN { exit !(s < l * m) }'
