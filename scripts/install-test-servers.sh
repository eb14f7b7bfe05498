#!/usr/bin/env bash
# Installs what the integration tests talk to and nobody here wrote. Only what is missing, only on Debian and its
# kin; elsewhere it says what to install by hand.
set -euo pipefail

# package                command                            what to look for on other systems
required='
openssl                  /usr/bin/openssl                   OpenSSL 3
awscli                   /usr/bin/aws                       AWS CLI 2
prometheus               /usr/bin/prometheus                Prometheus 2.42
prometheus               /usr/bin/promtool                  Prometheus 2.42
prometheus-alertmanager  /usr/bin/prometheus-alertmanager   Alertmanager 0.25
prometheus-alertmanager  /usr/bin/amtool                    Alertmanager 0.25
podman                   /usr/bin/podman                    Podman 4
runc                     /usr/sbin/runc                     runc 1
mmdebstrap               /usr/bin/mmdebstrap                mmdebstrap, which needs Debian or a kin of it
'

missing_packages=()
missing_commands=()
while read -r package command elsewhere; do
  [ -n "$package" ] || continue
  [ -x "$command" ] && continue
  [[ " ${missing_packages[*]-} " == *" $package "* ]] || missing_packages+=("$package")
  missing_commands+=("$command ($elsewhere)")
done <<<"$required"

[ "${#missing_packages[@]}" -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
  echo "The integration tests need programs that are not on this machine:" >&2
  printf '  %s\n' "${missing_commands[@]}" >&2
  echo "Install them so that they answer at these paths, or run the unit tests alone: npm run test:unit" >&2
  exit 1
fi

as_root=(env)
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "The integration tests need: ${missing_packages[*]}" >&2
    echo "Neither root nor sudo here. As root, run: apt-get install ${missing_packages[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
  [ -t 0 ] || as_root=(sudo -n)
fi

apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -y -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 "$@" </dev/null >&2
}

# A package's service must not start by itself: the tests start their own, on their own ports.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap '"${as_root[@]}" rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
fi

echo "Installing for the integration tests: ${missing_packages[*]}" >&2
apt update || echo "The package lists could not be renewed; trying with those at hand." >&2
apt install --no-install-recommends "${missing_packages[@]}"
