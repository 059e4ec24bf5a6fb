# shellcheck shell=bash disable=SC2154 # dev sets root, common.sh the colours
# ./dev lint: every check runs, even when one before it has failed. Sourced by dev.

# The files of the tree, relative to root: tracked ones, and new ones that are not ignored.
tree_files() {
  # The owner of the tree may be another user than who lints it.
  git -C "$root" -c safe.directory="$root" ls-files --cached --others --exclude-standard | sort -u |
    while IFS= read -r file; do [[ -f $root/$file ]] && printf '%s\n' "$file"; done || true
}

lint_shell() {
  local file
  local -a scripts=()
  for file in "$@"; do
    if [[ $file == *.sh ]] || head -c 64 -- "$file" | grep -qaE '^#!.*\b(ba)?sh\b'; then scripts+=("$file"); fi
  done
  shellcheck -- "${scripts[@]}"
}

lint_python() {
  (cd -- tools/checks && python3 -B -m unittest -q tree_rules_test)
}

verb_lint() {
  local jobs deep=''
  jobs=$(default_jobs)
  while [[ $# -gt 0 ]]; do
    case $1 in
      --deep) deep='clang-analyzer-*,-clang-analyzer-optin.*' ;;
      -j) need_value "$@" && check_number "$@" && jobs=$2 && shift ;;
      *) usage "lint: unknown option '$1'" ;;
    esac
    shift
  done
  ensure_packages build servers clang lint bench # so that the benchmarks are in the build that clang-tidy reads
  cd -- "$root" || die 1 "cannot enter $root"
  local -a files sources units failures=()
  mapfile -t files < <(tree_files)
  [[ ${#files[@]} -gt 0 ]] || die 1 "lint: no files found; this is no git checkout"
  mapfile -t sources < <(printf '%s\n' "${files[@]}" | grep -E '\.(cpp|hpp|c|h)$')
  mapfile -t units < <(printf '%s\n' "${files[@]}" | grep -E '\.(cpp|c)$')

  lint_step() { # name, command...
    local name=$1 start=$SECONDS
    shift
    say "lint: $name"
    if "$@"; then
      printf 'lint: %s: ok (%d s)\n' "$name" "$((SECONDS - start))"
    else
      printf 'lint: %s: FAILED\n' "$name"
      failures+=("$name")
    fi
  }
  lint_step "the checks themselves" lint_python
  lint_step "rules of the tree" python3 -B tools/checks/tree_rules.py "$root" "${files[@]}"
  lint_step "shellcheck" lint_shell "${files[@]}"
  lint_step "clang-format" clang-format --dry-run -Werror "${sources[@]}"
  configure clang # clang-tidy needs the commands of a compiler whose options it knows
  lint_step "clang-tidy" python3 -B tools/checks/clang_tidy.py --build "$root/build/clang" --jobs "$jobs" \
    --checks="$deep" "${units[@]}"
  [[ ${#failures[@]} -eq 0 ]] || die 1 "lint: failed: $(printf '%s, ' "${failures[@]}" | sed 's/, $//')"
}
