#!/usr/bin/env bash
# exports.sh PLUGIN…: each shared library defines exactly two dynamic symbols, the entry and one ABI tag. Anything more
# could be bound to another plugin's or the program's symbol of the same name.
set -euo pipefail

[ $# -gt 0 ] || { echo "usage: exports.sh PLUGIN..." >&2; exit 64; }

failed=0
for plugin in "$@"; do
  symbols=$(nm --dynamic --defined-only --format=posix "$plugin" | awk '{ print $1 }' | sort)
  entries=$(grep -cx 'tenon_plugin_entry_v1' <<<"$symbols" || true)
  tags=$(grep -cE '^tenon_abi__[0-9]+_[0-9]+__[a-z0-9_]+$' <<<"$symbols" || true)
  others=$(grep -vxE 'tenon_plugin_entry_v1|tenon_abi__[0-9]+_[0-9]+__[a-z0-9_]+' <<<"$symbols" || true)
  if [ "$entries" -ne 1 ] || [ "$tags" -ne 1 ] || [ -n "$others" ]; then
    echo "$plugin: entries $entries (1 wanted), tags $tags (1 wanted), others: ${others:-none}"
    failed=1
  fi
done
exit $failed
