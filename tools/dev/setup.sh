# shellcheck shell=bash disable=SC2154 # dev sets root, common.sh the colours
# Installs packages of tools/packages.txt. Sourced by dev after common.sh.

packages_of() { # group...
  awk -v wanted=" $* " '
    { sub(/#.*/, "") }
    /^\[/ { gsub(/[][ ]/, ""); group = $0; next }
    NF && index(wanted, " " group " ") { print $1 }' "$root/tools/packages.txt"
}

missing_of() { # package...
  local installed package
  # dpkg-query fails when it does not know one of them, which is the usual case here.
  # shellcheck disable=SC2016 # dpkg-query's own variables
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' -- "$@" 2>/dev/null | sed -n 's/^installed //p' || true)
  for package in "$@"; do
    grep -qxF -- "$package" <<<"$installed" || printf '%s\n' "$package"
  done
}

can_install() { command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; }

# Where there is no apt, somebody else has installed the packages, or nobody has.
require_tools() { # package...
  local tool
  local -a absent=()
  for tool in cmake ninja g++; do
    command -v "$tool" >/dev/null || absent+=("$tool")
  done
  [[ ${#absent[@]} -eq 0 ]] ||
    die 69 "this is no Debian, so nothing can be installed here, and ${absent[*]} not found; needed are (Debian's names): $*"
  warn "this is no Debian, so nothing was looked for or installed; needed are (Debian's names): $*"
}

# Exit: 69 when something is missing and cannot be installed.
ensure_packages() { # group...
  local -a wanted missing
  mapfile -t wanted < <(packages_of "$@")
  [[ ${#wanted[@]} -gt 0 ]] || die 69 "no packages listed for $* in tools/packages.txt"
  if ! can_install; then
    require_tools "${wanted[@]}"
    return
  fi
  mapfile -t missing < <(missing_of "${wanted[@]}")
  [[ ${#missing[@]} -gt 0 ]] || return 0

  local -a as_root=()
  if [[ $EUID -ne 0 ]]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
      as_root=(sudo -n)
    else
      printf '%serror:%s %d packages are missing and this user cannot install them; as root, run\n' \
        "$red" "$plain" "${#missing[@]}" >&2
      printf '    apt-get update && apt-get install -y --no-install-recommends %s\n' "${missing[*]}" >&2
      exit 69
    fi
  fi
  say "installing ${#missing[@]} packages: ${missing[*]}"
  local -a apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get
    -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
  # A broken third-party source fails the update, while Debian's own lists may well be there.
  "${apt[@]}" update </dev/null >&2 || warn "apt-get update failed; trying with the package lists that are there"
  "${apt[@]}" install -y --no-install-recommends -- "${missing[@]}" </dev/null >&2 ||
    die 69 "apt-get could not install: ${missing[*]}"
  mapfile -t missing < <(missing_of "${wanted[@]}")
  [[ ${#missing[@]} -eq 0 ]] || die 69 "still missing after installation: ${missing[*]}"
}
