#!/usr/bin/env bash
# The quickstart prints the same bytes on every backend, again and again, and names the backend on standard error.
# usage: quickstart_test.sh [postgresql]   (the server is described by POSTGRES_*)
# shellcheck source=tests/examples/common.sh
source "$(dirname -- "$0")/common.sh"
write_config

runs() {
  exits 0 "$BIN/quickstart" --config storage.yaml --profile "$1"
  same output "$DATA/quickstart.txt" "other output on $1"
  says "backend: $2 "
}

if [[ ${1-} == postgresql ]]; then
  runs postgresql postgresql
  runs postgresql postgresql # finds its own rows of the last time
  exit
fi

runs file sqlite
runs file sqlite
[[ -s test.db ]] || fail "the file profile left no file"
runs memory sqlite
runs memory_map memory_map

exits 64 "$BIN/quickstart" --no-such-option
exits 78 "$BIN/quickstart" --config absent.yaml
says absent.yaml
exits 78 "$BIN/quickstart" --config storage.yaml --profile absent
printf 'version: 1\nprofiles: { x: { backend: absent } }\n' >bad.yaml
exits 78 "$BIN/quickstart" --config bad.yaml
says absent
POSTGRES_HOST=127.0.0.1 POSTGRES_PORT=1 TENON__POOL__TIMEOUT=1s POSTGRES_PASSWORD=very-secret \
  exits 69 "$BIN/quickstart" --config storage.yaml --profile postgresql
says 'could not open a connection to 127.0.0.1:1'
says 'trying again' # while it is waited for
! grep -q very-secret errors || fail "the password is in a message"
