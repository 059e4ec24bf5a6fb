#!/usr/bin/env bash
# Runs the example programs with one profile; the surroundings (server, variables) are the caller's.
# usage: programs.sh ROOT PROFILE INPUT
set -euo pipefail

root=$1 profile=$2 input=$3
bin=$root/build/release/bin
config=$root/config/storage.yaml
case $profile in
  dev) report=$root/build/report-sqlite.txt ;;
  *) report=$root/build/report-$profile.txt ;;
esac

# The sum shows that another profile ran the very same program.
announce() { printf '\n== %s, profile %s, sha256 %s\n' "$1" "$profile" "$(sha256sum <"$bin/$1" | cut -d' ' -f1)"; }

announce quickstart
"$bin/quickstart" --config "$config" --profile "$profile" </dev/null
announce package_catalogue
"$bin/package_catalogue" --config "$config" --profile "$profile" --input "$input" --report "$report"
printf '\n== report in %s\n' "${report#"$root/"}"
