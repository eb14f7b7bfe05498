#!/usr/bin/env bash
# Makes the smallest Debian that Curfew's package can be installed on, with Node and systemd from its own archive, and prints
# its folder. It is made once, in curfew-debian in the temporary folder, and never written to: see boot.sh.
set -euo pipefail

if [ "$(id -u)" -ne 0 ]; then
  echo 'A Debian to install the package on can be made only as root, as in CI.' >&2
  exit 1
fi

umask 022
cache=${TMPDIR:-/tmp}/curfew-debian
mkdir -p "$cache"
if [ ! -O "$cache" ]; then
  echo "The folder $cache belongs to another user: set TMPDIR to another folder" >&2
  exit 1
fi
# A changed recipe makes another folder.
root=$cache/trixie-$(sha256sum "${BASH_SOURCE[0]}" | cut -c1-12)

make_root() {
  local lists=(apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Label: Debian') mirror
  mirror=$("${lists[@]}" | head -n 1)
  if [ -z "$mirror" ]; then
    apt-get -q update >&2
    mirror=$("${lists[@]}" | head -n 1)
  fi
  rm -rf "$cache"/trixie-*
  mmdebstrap --quiet --variant=essential --include=ca-certificates,nodejs,systemd \
    --dpkgopt='path-exclude=/usr/share/locale/*' trixie "$root.new" "$mirror" >&2
  # What mmdebstrap took from this machine, and what no service of the test needs.
  rm -f "$root.new"/etc/{hostname,resolv.conf} "$root.new"/etc/systemd/system/*.wants/*
  cat >"$root.new/etc/systemd/system/test.target" <<'UNIT'
[Unit]
Requires=systemd-journald.service ready.service
After=systemd-journald.service
UNIT
  cat >"$root.new/etc/systemd/system/ready.service" <<'UNIT'
[Unit]
After=systemd-journald.service
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo ready >/run/shared/ready'
UNIT
  mv "$root.new" "$root"
}

# Of two processes that run at the same time, only one makes it.
exec 9<"${BASH_SOURCE[0]}"
flock 9
[ -d "$root" ] || make_root
echo "$root"
