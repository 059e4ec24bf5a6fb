# shellcheck shell=bash disable=SC2154 # dev sets root, common.sh the colours
# ./dev run: the example programs on a backend that a profile chooses. Sourced by dev.

verb_run() {
  local profile='' input=/var/lib/dpkg/status jobs
  jobs=$(default_jobs)
  while [[ $# -gt 0 ]]; do
    case $1 in
      --profile) need_value "$@" && profile=$2 && shift ;;
      --input) need_value "$@" && input=$2 && shift ;;
      -j) need_value "$@" && check_number "$@" && jobs=$2 && shift ;;
      *) usage "run: unknown option '$1'" ;;
    esac
    shift
  done
  [[ $profile =~ ^[A-Za-z0-9_.-]*$ ]] || usage "run: not a profile's name: '$profile'"
  if [[ $input != - ]]; then
    [[ -r $input && ! -d $input ]] || usage "run: cannot read '$input'"
    [[ ! -f $input ]] || input=$(realpath -- "$input") # the programs may run elsewhere
  fi

  local -a groups=(build) targets=(tenon_command tenon_sqlite tenon_postgresql quickstart package_catalogue)
  if [[ $profile == pg ]]; then
    groups+=(servers)
    targets+=(tenon_pg)
  fi
  ensure_packages "${groups[@]}"
  build release "$jobs" "${targets[@]}" || die 1 "the build failed"

  local -a programs=(bash "$root/tools/dev/programs.sh" "$root" "${profile:-dev}" "$input")
  case $profile in
    '' | dev)
      mkdir -p -- "$root/build/run"
      export TENON__CONNECTION__DATABASE=$root/build/run/tenon.db
      rm -f -- "$TENON__CONNECTION__DATABASE"{,-wal,-shm,-journal} # each run starts from nothing
      ;;
    pg)
      say "starting a temporary PostgreSQL"
      programs=("$root/build/release/bin/tenon_pg" run -- "${programs[@]}")
      ;;
  esac
  local status=0
  "${programs[@]}" || status=$?
  ((status < 128)) || exit "$status" # a signal: somebody pressed Ctrl-C
  ((status == 0)) || die 1 "a program failed"
}
