#!/usr/bin/env bash
# shellcheck disable=SC2317 # functions that are called by name
# Tries the two commands as a stranger would: in a bare Debian 12 (debootstrap into a folder, chroot), as root, as an
# ordinary user without sudo and as one with it. Shows that tools/packages.txt is complete. Takes an hour; not in CI.
# usage: bare_debian.sh [--only PART] [--ccache CACHE] [REPOSITORY [FOLDER]]
#   REPOSITORY, FOLDER   this tree; a new folder in /var/tmp, removed afterwards
#   --only PART   root: the refusal without packages, then the commands as root; user: those of root and then of a user
#                 without sudo; sudo: those of a user with sudo. Everything without it.
#   --ccache CACHE  each account starts with a copy of this compiler cache, which spares most of the time: every header
#                 that a file includes is still looked for.
# Requires root and debootstrap; uses this machine's apt mirror and proxy. Exit codes: 0 ok, 1 failed, 64 usage.
set -euo pipefail

only=${TENON_BARE_DEBIAN_ONLY-all} cache=${TENON_BARE_DEBIAN_CACHE-}
while [[ ${1-} == --* ]]; do
  case $1 in
    --only) only=${2-} ;;
    --ccache) cache=$(realpath -- "${2-.}") ;;
    *) only=unknown ;;
  esac
  shift $(($# > 1 ? 2 : 1))
done
if [[ $EUID -ne 0 ]] || ! command -v debootstrap >/dev/null || [[ $# -gt 2 || ! $only =~ ^(all|root|user|sudo)$ ]]; then
  echo "usage, as root and with debootstrap installed: $0 [--only root|user|sudo] [--ccache CACHE] [REPOSITORY [FOLDER]]" >&2
  exit 64
fi
# Mounts and processes of the chroot end with this script, however it ends: both live in namespaces of its own. So no
# clean-up can ever reach through a forgotten mount into the machine's own /dev.
if [[ -z ${TENON_BARE_DEBIAN-} ]]; then
  TENON_BARE_DEBIAN=inside TENON_BARE_DEBIAN_ONLY=$only TENON_BARE_DEBIAN_CACHE=$cache exec \
    unshare --mount --propagation private --pid --fork --kill-child -- bash "$0" "$@"
fi

here=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "$0")")" && pwd -P)
repository=$(realpath -- "${1:-$here/../..}")
work=$(realpath -- "${2:-$(mktemp -d /var/tmp/bare-debian-XXXXXX)}")
readonly here repository work cache limit=2700 # seconds for one command
results=()
failed=0

clean_up() {
  local name
  for name in root sudo; do
    mountpoint -q "$work/$name/dev/shm" && umount "$work/$name/dev/shm"
    mountpoint -q "$work/$name/dev/pts" && umount "$work/$name/dev/pts"
    mountpoint -q "$work/$name/dev" && umount "$work/$name/dev"
    mountpoint -q "$work/$name/proc" && umount "$work/$name/proc"
  done
  rm -rf --one-file-system -- "$work"
}
trap 'clean_up || true' EXIT
trap 'exit 130' INT TERM HUP

# The machine's mirror: what apt itself would use for bookworm.
# shellcheck disable=SC2016 # apt's own variables
mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' | awk '$2 == "bookworm" { print $1; exit }')
mirror=${mirror:-http://deb.debian.org/debian/}
proxy=$(apt-config shell proxy Acquire::http::Proxy | sed -n "s/^proxy='\(.*\)'$/\1/p")
[[ -z $proxy ]] || export http_proxy=$proxy

make_bare() { # folder
  local target=$1 file
  debootstrap --variant=minbase bookworm "$target" "$mirror"
  # Sources of the same mirror only: others need keys and packages that a bare system does not have.
  rm -f -- "$target"/etc/apt/sources.list
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
    [[ -f $file ]] && grep -qF -- "${mirror%/}" "$file" && cp -- "$file" "$target/etc/apt/${file#/etc/apt/}"
  done
  cp -r -- /etc/apt/apt.conf.d/. "$target/etc/apt/apt.conf.d/"
  cp -L -- /etc/resolv.conf /etc/hosts "$target/etc/"
  # No service starts in a chroot.
  printf '#!/bin/sh\nexit 101\n' >"$target/usr/sbin/policy-rc.d"
  chmod 755 "$target/usr/sbin/policy-rc.d"
  chroot "$target" useradd --create-home --shell /bin/bash developer
}

mount_into() { # folder
  mount -t proc proc "$1/proc"
  mount --bind /dev "$1/dev"
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$1/dev/pts"
  mount -t tmpfs -o mode=1777 tmpfs "$1/dev/shm"
}

clone_into() { # folder, path in it
  git -c safe.directory='*' clone -q --no-local -- "$repository" "$1$2"
}

inside() { # folder, user, directory, command...
  local target=$1 user=$2 directory=$3 language=''
  shift 3
  # A clean environment, as after a login; the proxy goes through apt's configuration, which was copied. To the compiler
  # cache another language is another compilation.
  [[ -z $cache ]] || language="export LANG=$(printf %q "${LANG-}") && "
  timeout --kill-after=60 "$limit" chroot "$target" su - "$user" \
    -c "${language}cd $(printf %q "$directory") && $(printf '%q ' "$@")" \
    </dev/null
}

expect() { # exit code, label, command...
  local wanted=$1 label=$2 start=$SECONDS status=0
  shift 2
  printf '\n######## %s\n' "$label"
  "$@" 2>&1 | tee -- "$work/last.log" || status=${PIPESTATUS[0]}
  if [[ $status -eq $wanted ]]; then
    results+=("$(printf 'ok      %5d s  %s' $((SECONDS - start)) "$label")")
  else
    results+=("$(printf 'FAILED  %5d s  %s: exit code %d, not %d' $((SECONDS - start)) "$label" "$status" "$wanted")")
    failed=1
  fi
}

both_commands() { # folder, user, directory, label
  expect 0 "$4: ./dev run" inside "$1" "$2" "$3" ./dev run
  expect 0 "$4: ./dev run --profile pg" inside "$1" "$2" "$3" ./dev run --profile pg
  # Of the packages of now: the second command may have installed some.
  expect 0 "$4: ./dev run, again" inside "$1" "$2" "$3" ./dev run
  expect 0 "$4: the two reports are the same" cmp -- "$1$3/build/report-sqlite.txt" "$1$3/build/report-pg.txt"
  expect 0 "$4: ./dev test" inside "$1" "$2" "$3" ./dev test
}

echo "bare Debian 12 from $mirror in $work"
# A path with a space, because somebody has one.
readonly tree='/opt/a tree/tenon' user_tree='/home/developer/a tree/tenon'
mkdir -p -- "$work"
make_bare "$work/bare"

prepare() { # name
  cp -a -- "$work/bare" "$work/$1"
  mount_into "$work/$1"
  mkdir -p -- "$work/$1/opt/a tree" "$work/$1/home/developer/a tree"
  clone_into "$work/$1" "$user_tree"
  if [[ -n $cache ]]; then
    local account
    for account in root home/developer; do
      mkdir -p -- "$work/$1/$account/.cache"
      cp -a -- "$cache" "$work/$1/$account/.cache/ccache"
    done
  fi
  chroot "$work/$1" chown -R developer: /home/developer
}

if [[ $only != sudo ]]; then
  prepare root
  clone_into "$work/root" "$tree"
  expect 69 "user, nothing installed, no sudo: ./dev run" inside "$work/root" developer "$user_tree" ./dev run
  mv -- "$work/last.log" "$work/refusal.log" # the next step writes its own
  expect 0 "  it names the command to type" grep 'apt-get install -y --no-install-recommends .*cmake' "$work/refusal.log"
  both_commands "$work/root" root "$tree" "root"
  if [[ $only != root ]]; then
    both_commands "$work/root" developer "$user_tree" "user, installed by root, no sudo"
  fi
fi
if [[ $only == all || $only == sudo ]]; then
  prepare sudo
  chroot "$work/sudo" sh -c 'apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends sudo'
  echo 'developer ALL=(ALL) NOPASSWD: ALL' >"$work/sudo/etc/sudoers.d/developer"
  both_commands "$work/sudo" developer "$user_tree" "user with sudo"
fi

printf '\n'
printf '%s\n' "${results[@]}"
exit "$failed"
