#!/usr/bin/env bash
# Every block of a document that is marked with  <!-- snippet: PATH -->  on the line before it is that file, byte for byte.
# The files are built and run by other tests, so what the documents show works.
# usage: snippets_test.sh SOURCE_FOLDER
set -euo pipefail
cd -- "$1"

checked=0
failed=0
block=$(mktemp)
trap 'rm -f -- "$block"' EXIT

while IFS=: read -r document line text; do
  path=$(sed -E 's/^<!-- snippet: (.*) -->$/\1/' <<<"$text")
  # What stands between the fence behind the mark and the next one.
  awk -v from="$line" 'NR > from && /^```/ { if (inside) exit; inside = 1; next } NR > from && inside' "$document" >"$block"
  checked=$((checked + 1))
  if ! diff -u --label "$path" --label "$document:$line" -- "$path" "$block"; then
    echo "$document:$line shows something else than $path" >&2
    failed=$((failed + 1))
  fi
done < <(grep -rnE --include='*.md' '^<!-- snippet: .* -->$' README.md docs examples | grep -vE '/decisions/')

echo "$checked snippets, $failed differ"
[[ $checked -gt 0 && $failed -eq 0 ]]
