# shellcheck shell=bash disable=SC2154 # dev sets root, common.sh the colours
# ./dev bench: builds and runs the benchmarks and writes their figures. Sourced by dev.

verb_bench() {
  local quick='' jobs
  jobs=$(default_jobs)
  while [[ $# -gt 0 ]]; do
    case $1 in
      --quick) quick=yes ;;
      -j) need_value "$@" && check_number "$@" && jobs=$2 && shift ;;
      *) usage "bench: unknown option '$1'" ;;
    esac
    shift
  done
  ensure_packages build servers bench
  build release "$jobs" tenon_bench || die 1 "the build failed"

  local out=$root/build/bench status=0
  local -a run=("$root/build/release/bin/tenon_bench" "--storage=$root/benchmarks/storage.yaml" "--out=$out/results.json")
  local python=python3 # the plot's package belongs to Debian's own, which another one may hide
  "$python" -c 'import matplotlib' 2>/dev/null || python=/usr/bin/python3
  local -a report=("$python" -B "$root/benchmarks/report.py" --results "$out/results.json" --ratios "$out/ratios.json")
  if [[ -n $quick ]]; then
    run+=(--quick)
  else
    report+=(--docs "$root/docs/benchmarks.md")
  fi
  mkdir -p -- "$out"
  rm -f -- "$out/results.json" "$out/ratios.json"
  say "measuring; the machine should have nothing else to do"
  "${run[@]}" || status=$?
  ((status < 128)) || exit "$status" # a signal: somebody pressed Ctrl-C
  [[ -s $out/results.json ]] || die 1 "the benchmarks left no results"
  "${report[@]}" || die 1 "a benchmark failed"
  say "ratios in build/bench/ratios.json"
  ((status == 0)) || die 1 "a benchmark failed"
}
