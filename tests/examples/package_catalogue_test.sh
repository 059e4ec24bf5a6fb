#!/usr/bin/env bash
# The catalogue's report is the same on every backend, an import is all or nothing, and bad input has its exit code.
# usage: package_catalogue_test.sh [postgresql]   (the server is described by POSTGRES_*)
# shellcheck source=tests/examples/common.sh
source "$(dirname -- "$0")/common.sh"
write_config

catalogue() { "$BIN/package_catalogue" --config storage.yaml --profile "$profile" "$@"; }

# reports FIXTURE: the report on it is the one that is kept beside it.
reports() {
  exits 0 catalogue --input "$DATA/$1.deb822"
  same output "$DATA/$1.report.txt" "another report on $1 with $profile"
}

# The same input twice, other input, none at all: each import replaces what was there.
check_reports() {
  reports good
  says "imported 6 packages, 3 maintainers, 14 dependencies: 23 rows in "
  reports good
  reports malformed
  reports empty
  exits 0 catalogue --input - <"$DATA/good.deb822"
  same output "$DATA/good.report.txt" "another report on standard input"
  exits 0 catalogue --input "$DATA/good.deb822" --limit-packages 2
  grep -q '^packages  *2 ' output || fail "the limit was not kept"
}

# A line of more than a mebibyte is one malformed record, and the next one is read.
check_long_line() {
  {
    printf 'Package: long\nX: '
    head -c 1100000 /dev/zero | tr '\0' x
    printf '\n\nPackage: short\nVersion: 1\nArchitecture: all\n'
  } >long.deb822
  exits 0 catalogue --input long.deb822
  grep -q '^packages  *1 ' output || fail "the record behind the long line is lost"
  grep -qF 'line 1: long: a line that is too long in line 2' output || fail "the long line is not named"
}

# What was imported is still there when a later import is stopped by a signal, in good order or not.
check_interruption() {
  local signal=$1 wanted=$2 status=0
  exits 0 catalogue --input "$DATA/good.deb822"
  exits 0 catalogue --keep
  mv output before.txt
  mkfifo "pipe-$signal"
  # Not through the function, whose process would be a shell.
  "$BIN/package_catalogue" --config storage.yaml --profile "$profile" --input "pipe-$signal" >/dev/null 2>errors &
  local program=$!
  exec 9>"pipe-$signal"
  for ((i = 0; i < 5000; ++i)); do # more than one batch, so that rows have been written
    printf 'Package: p%d\nVersion: 1\nArchitecture: all\nDepends: a, b\n\n' "$i"
  done >&9
  kill -s "$signal" "$program"
  wait "$program" || status=$?
  exec 9>&-
  ((status == wanted)) || fail "exit code $status instead of $wanted after $signal"
  exits 0 catalogue --keep
  same before.txt output "an import ended by $signal changed the tables"
}

check_keep() {
  exits 0 catalogue --input "$DATA/malformed.deb822"
  sed '/^malformed /d; /^Malformed records/,$d' output | sed -e '$ { /^$/d }' >expected
  exits 0 catalogue --keep
  same expected output "--keep reports otherwise"
}

if [[ ${1-} == postgresql ]]; then
  profile=postgresql
  check_reports
  check_long_line
  check_interruption INT 130
  check_interruption KILL 137
  check_keep
  exit
fi

for profile in file memory memory_map; do
  check_reports
done
check_long_line
profile="file"
check_interruption INT 130
check_interruption KILL 137
check_keep

# The report's file: complete, or as it was.
exits 0 catalogue --input "$DATA/good.deb822" --report report.txt
same output report.txt "the file differs from standard output"
exits 66 catalogue --input absent.deb822 --report report.txt
says absent.deb822
same "$DATA/good.report.txt" report.txt "a failed run touched the report"
[[ $(echo report.txt*) == report.txt ]] || fail "a temporary file was left: $(echo report.txt*)"
exits 1 catalogue --input "$DATA/good.deb822" --report absent/report.txt
says absent/report.txt

exits 0 catalogue --input "$DATA/good.deb822" --search nötig
grep -qF 'whose description contains "nötig": 2' output || fail "the search text was not used"

exits 66 catalogue --input .
exits 64 catalogue --no-such-option
exits 64 catalogue --limit-packages many
exits 64 catalogue --search $'\xff'
exits 78 "$BIN/package_catalogue" --config absent.yaml --input "$DATA/good.deb822"
says absent.yaml
POSTGRES_HOST=127.0.0.1 POSTGRES_PORT=1 TENON__POOL__TIMEOUT=1s profile=postgresql exits 69 catalogue --input "$DATA/good.deb822"
exits 0 catalogue --help
grep -q -- --limit-packages output || fail "--help says nothing of --limit-packages"
