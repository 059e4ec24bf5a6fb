#!/usr/bin/env bash
# The guide's programs print what the guide says, on every backend.
# usage: guide_test.sh [postgresql]
# shellcheck source=tests/examples/common.sh
source "$(dirname -- "$0")/common.sh"
write_config
sed -i "s/^default_profile: .*/default_profile: ${1:-file}/" storage.yaml

for part in types predicates queries groups relations filters writes sql; do
  exits 0 "$BIN/guide_$part"
  same output "$DATA/guide/$part.txt" "another output of guide_$part than the guide's"
done
