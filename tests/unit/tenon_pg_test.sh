#!/usr/bin/env bash
# Tests of the tenon_pg command: its exit codes, what the command under it sees, and that no signal leaves a server.
# usage: tenon_pg_test.sh PATH_OF_TENON_PG
set -uo pipefail

pg=$1
# shellcheck source=tests/unit/shell_support.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/shell_support.sh"

eventually() { # a command, for at most 20 seconds
  local turns
  for ((turns = 0; turns < 200; turns++)); do
    "$@" && return 0
    sleep 0.1
  done
  return 1
}

# shellcheck disable=SC2317 # called by name
gone() { ! kill -0 "$1" 2>/dev/null; }
port_closed() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
# shellcheck disable=SC2317
has_line() { [[ -s $1 ]]; }

"$pg" run -- sh -c 'exit 7'
expect "exit code of the command" 7 $?

# shellcheck disable=SC2016 # expands in the shell that tenon_pg starts
"$pg" run -- sh -c 'kill -9 $$'
expect "exit code of a command that a signal ended" 137 $?

"$pg" run -- "$work/absent" 2>/dev/null
expect "exit code when there is no such command" 127 $?

"$pg" run --unknown -- true 2>/dev/null
expect "exit code of an unknown option" 64 $?

"$pg" run --database only 2>/dev/null
expect "exit code without a command" 64 $?

TENON_POSTGRES_BIN="$work" "$pg" info >/dev/null 2>"$work/message"
expect "exit code without PostgreSQL" 69 $?
grep -q "apt-get install postgresql" "$work/message"
expect "message without PostgreSQL names the package" 0 $?

# shellcheck disable=SC2016
seen=$(POSTGRES_URI=stale "$pg" run --database shop -- \
  sh -c 'echo "$POSTGRES_USER@$POSTGRES_HOST/$POSTGRES_DATABASE ${POSTGRES_URI-unset}"; test -n "$POSTGRES_PASSWORD"')
expect "environment of the command" "tenon@127.0.0.1/shop unset" "$seen"

for signal in TERM INT; do
  rm -f "$work/port"
  # shellcheck disable=SC2016
  env --default-signal=INT "$pg" run -- sh -c 'echo "$POSTGRES_PORT" >"$1.new"; mv "$1.new" "$1"; exec sleep 60' sh "$work/port" &
  runner=$!
  eventually has_line "$work/port" || expect "server starts before SIG$signal" yes no
  port=$(<"$work/port")
  port_closed "$port" && expect "port open before SIG$signal" open closed
  kill -s "$signal" "$runner"
  wait "$runner"
  code=$?
  expect "exit code after SIG$signal" $((128 + $(kill -l "$signal"))) "$code"
  port_closed "$port" || expect "port after SIG$signal" closed open
done

rm -f "$work/port" "$work/child"
# shellcheck disable=SC2016
"$pg" run -- sh -c 'echo $$ >"$2"; echo "$POSTGRES_PORT" >"$1.new"; mv "$1.new" "$1"; exec sleep 60' sh "$work/port" "$work/child" &
runner=$!
eventually has_line "$work/port" || expect "server starts before SIGKILL" yes no
kill -KILL "$runner"
wait "$runner" 2>/dev/null
eventually port_closed "$(<"$work/port")" || expect "port after SIGKILL" closed open
eventually gone "$(<"$work/child")" || expect "command after SIGKILL" ended running

exit $((failures > 0))
