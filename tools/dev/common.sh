# shellcheck shell=bash
# What every verb of ./dev uses: messages, exit codes, options, the suites. Sourced by dev, which sets root.

# The folders of tests/CMakeLists.txt, which are labels of ctest.
# shellcheck disable=SC2034 # the verbs use it
readonly suites=(unit contract properties faults architecture docs tool examples consumer)

if [[ -t 2 && -z ${NO_COLOR-} ]]; then
  readonly bold=$'\e[1m' red=$'\e[31m' plain=$'\e[0m'
else
  readonly bold='' red='' plain=''
fi

say() { printf '%s==> %s%s\n' "$bold" "$*" "$plain" >&2; }
warn() { printf '%swarning:%s %s\n' "$red" "$plain" "$*" >&2; }

die() { # exit code, message
  local code=$1
  shift
  printf '%serror:%s %s\n' "$red" "$plain" "$*" >&2
  exit "$code"
}

usage() { die 64 "$* (./dev help)"; }

need_value() { # option [value...]
  [[ $# -ge 2 ]] || usage "$1 needs a value"
}

check_number() { # option, value
  [[ $2 =~ ^[1-9][0-9]{0,5}$ ]] || usage "$1 needs a number, not '$2'"
}

# As many as there are cores, but no more than memory bears: a translation unit takes up to 1.5 GB.
default_jobs() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/^MemAvailable:/ { print int($2 / 1572864) }' /proc/meminfo)
  if ((memory >= 1 && memory < cores)); then echo "$memory"; elif ((memory < 1)); then echo 1; else echo "$cores"; fi
}
