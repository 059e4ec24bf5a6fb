#!/usr/bin/env bash
# The README's example works as it stands there, in a folder with a storage.yaml.
# usage: readme_example_test.sh [postgresql]
# shellcheck source=tests/examples/common.sh
source "$(dirname -- "$0")/common.sh"
write_config
sed -i "s/^default_profile: .*/default_profile: ${1:-file}/" storage.yaml

exits 0 "$BIN/readme_example"
printf 'hello: the same code on every backend\n' >expected
same output expected "other output than the README's"
