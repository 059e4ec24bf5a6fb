# shellcheck shell=bash disable=SC2154 # dev sets root, common.sh the colours and suites
# ./dev test: builds presets and runs their tests. Sourced by dev.

# Prints the closing line of a run.
closing_line() { printf '%d passed, %d failed\n' "$1" "$2"; }

# Builds a preset and runs its tests; adds to the arrays passed_of and failed_of. What did not run counts as failed.
test_preset() { # preset jobs ctest-option...
  local preset=$1 jobs=$2
  shift 2
  local folder=$root/build/$preset
  local -a aslr_off
  passed_of[$preset]=0 failed_of[$preset]=1
  if ! (build "$preset" "$jobs"); then
    warn "the build of $preset failed, none of its tests ran"
    return 1
  fi
  find_aslr_off "$preset"
  if ! "${aslr_off[@]}" "$folder/bin/tenon_pg" run -- true; then
    warn "no temporary PostgreSQL could be started: every test that needs one will fail"
  fi
  say "testing build/$preset"
  rm -f -- "$folder/tests.xml"
  local status=0 total
  (cd -- "$root" && "${aslr_off[@]}" ctest --preset "$preset" --parallel "$jobs" --output-junit "$folder/tests.xml" "$@") ||
    status=1
  [[ -f $folder/tests.xml ]] || return 1
  total=$(grep -c '<testcase ' "$folder/tests.xml" || true)
  passed_of[$preset]=$(grep -c '<testcase .*status="run"' "$folder/tests.xml" || true)
  failed_of[$preset]=$((total - passed_of[$preset]))
  if [[ ${failed_of[$preset]} -eq 0 && ($status -ne 0 || $total -eq 0) ]]; then failed_of[$preset]=1; fi
  [[ ${failed_of[$preset]} -eq 0 ]]
}

verb_test() {
  local only='' matrix='' soak='' sanitize='' compiler='' jobs
  jobs=$(default_jobs)
  while [[ $# -gt 0 ]]; do
    case $1 in
      --only) need_value "$@" && only=$2 && shift ;;
      --matrix) matrix=yes ;;
      --soak) need_value "$@" && check_number "$@" && soak=$2 && shift ;;
      --sanitize) need_value "$@" && sanitize=$2 && shift ;;
      --compiler) need_value "$@" && compiler=$2 && shift ;;
      -j) need_value "$@" && check_number "$@" && jobs=$2 && shift ;;
      *) usage "test: unknown option '$1'" ;;
    esac
    shift
  done
  [[ $sanitize =~ ^(address|thread)?$ ]] || usage "test: --sanitize is address or thread, not '$sanitize'"
  [[ $compiler =~ ^(gcc|clang)?$ ]] || usage "test: --compiler is gcc or clang, not '$compiler'"
  [[ -z $only || " ${suites[*]} " == *" $only "* ]] || usage "test: --only is one of ${suites[*]}, not '$only'"
  [[ -z $matrix || -z $sanitize$compiler ]] || usage "test: --matrix already has every compiler and sanitizer"
  [[ -z $soak || -z $only ]] || usage "test: --soak is a suite of its own, --only is another"

  local -a presets select=(--label-exclude '^soak$')
  case ${matrix:-no}:$compiler:$sanitize in
    yes:*) presets=(release gcc-asan gcc-tsan clang clang-asan clang-tsan) ;;
    no:gcc:thread) presets=(gcc-tsan) ;;
    no:*:thread) presets=(clang-tsan) ;;
    no:clang:address) presets=(clang-asan) ;;
    no:*:address) presets=(gcc-asan) ;;
    no:clang:) presets=(clang) ;;
    *) presets=(release) ;;
  esac
  [[ -z $only ]] || select+=(--label-regex "^$only\$")
  if [[ -n $soak ]]; then
    export TENON_SOAK_MINUTES=$soak
    select=(--label-regex '^soak$' --timeout $((soak * 120 + 600)))
  fi
  ensure_packages build servers clang

  local -A passed_of=() failed_of=()
  local preset passed=0 failed=0
  for preset in "${presets[@]}"; do
    # A preset that fails must not keep the others from running; die in configure ends only the subshell of build.
    test_preset "$preset" "$jobs" "${select[@]}" || true
    passed=$((passed + passed_of[$preset])) failed=$((failed + failed_of[$preset]))
  done
  if [[ ${#presets[@]} -gt 1 ]]; then
    printf '\n%-12s %8s %8s\n' preset passed failed
    for preset in "${presets[@]}"; do printf '%-12s %8d %8d\n' "$preset" "${passed_of[$preset]}" "${failed_of[$preset]}"; done
  fi
  closing_line "$passed" "$failed"
  [[ $failed -eq 0 ]]
}
