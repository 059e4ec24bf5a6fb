#!/usr/bin/env bash
# One line of YAML moves a program from one backend to another: the same binary, two files that differ in one line.
# Run with a server that POSTGRES_* describe.
# shellcheck source=tests/examples/common.sh
source "$(dirname -- "$0")/common.sh"
write_config
for profile in file postgresql; do
  sed "s/^default_profile: .*/default_profile: $profile/" storage.yaml >"$profile.yaml"
done
changed=$(diff file.yaml postgresql.yaml | grep -c '^>') || true
((changed == 1)) || fail "the files differ in $changed lines"

before=$(sha256sum "$BIN/quickstart")
exits 0 "$BIN/quickstart" --config file.yaml
says "backend: sqlite "
mv output sqlite.txt
exits 0 "$BIN/quickstart" --config postgresql.yaml
says "backend: postgresql "
same output sqlite.txt "the backends disagree"
[[ $before == "$(sha256sum "$BIN/quickstart")" ]] || fail "the program has changed meanwhile"

# The same for real data, through the catalogue.
for profile in file postgresql; do
  exits 0 "$BIN/package_catalogue" --config "$profile.yaml" --input "$DATA/good.deb822" --report "$profile.txt"
done
same file.txt postgresql.txt "the reports differ"
if [[ -r /var/lib/dpkg/status ]]; then
  for profile in file postgresql; do
    exits 0 "$BIN/package_catalogue" --config "$profile.yaml" --report "$profile.txt"
  done
  same file.txt postgresql.txt "the reports on this machine's packages differ"
  ! grep -q '^packages  *0 ' file.txt || fail "no package of this machine was read"
fi
