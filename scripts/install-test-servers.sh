#!/usr/bin/env bash
# Installs the programs that the integration tests talk to: only those that are missing, and only on Debian and its
# derivatives. On other systems it lists what to install by hand. It upgrades no package, unless a package that it
# installs requires a newer version of one.
set -euo pipefail

# package                command                            what to look for on other systems
required='
openssl                  /usr/bin/openssl                   OpenSSL 3
chromium                 /usr/bin/chromium                  Chromium
awscli                   /usr/bin/aws                       AWS CLI 2
prometheus               /usr/bin/prometheus                Prometheus 2.42
prometheus               /usr/bin/promtool                  Prometheus 2.42
prometheus-alertmanager  /usr/bin/prometheus-alertmanager   Alertmanager 0.25
prometheus-alertmanager  /usr/bin/amtool                    Alertmanager 0.25
podman                   /usr/bin/podman                    Podman 4
runc                     /usr/sbin/runc                     runc 1
tinyproxy-bin            /usr/bin/tinyproxy                 tinyproxy 1.11
zsh                      /usr/bin/zsh                       zsh 5
fish                     /usr/bin/fish                      fish 3
mmdebstrap               /usr/bin/mmdebstrap                mmdebstrap, which needs Debian or a derivative of it
jq                       /usr/bin/jq                        jq 1.6
python3-aiosmtpd         /usr/bin/aiosmtpd                  aiosmtpd 1.4 for /usr/bin/python3
postgresql               /usr/lib/postgresql/*/bin/initdb   PostgreSQL 14
pgbouncer                /usr/sbin/pgbouncer                pgbouncer 1
gnupg                    /usr/bin/gpg                       GnuPG 2
openssh-client           /usr/bin/ssh-keygen                OpenSSH 8.9
systemd                  /usr/bin/systemd-analyze           systemd 252
debhelper                /usr/bin/dh                        debhelper 13
lintian                  /usr/bin/lintian                   lintian 2
mandoc                   /usr/bin/mandoc                    mandoc 1.14
'

missing_packages=()
missing_commands=()
while read -r package command elsewhere; do
  [ -n "$package" ] || continue
  # Debian keeps each version of PostgreSQL in a folder of its own: the pattern stands for any of them.
  found=($command)
  [ -x "${found[0]}" ] && continue
  [[ " ${missing_packages[*]-} " == *" $package "* ]] || missing_packages+=("$package")
  missing_commands+=("$command ($elsewhere)")
done <<<"$required"

[ "${#missing_packages[@]}" -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
  echo "The integration tests need programs that this machine does not have:" >&2
  printf '  %s\n' "${missing_commands[@]}" >&2
  echo "Install them at these paths, or run only the unit tests: npm run test:unit" >&2
  exit 1
fi

as_root=(env)
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "The integration tests need these packages: ${missing_packages[*]}" >&2
    echo "You are not root, and sudo is missing. As root, run: apt-get install --no-upgrade ${missing_packages[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
  [ -t 0 ] || as_root=(sudo -n)
fi

# Everything that apt prints goes to standard output: standard error holds the line about the packages.
apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -y -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 "$@" </dev/null 2>&1
}

# Prints each upgrade that an installation of these packages includes, as PACKAGE=INSTALLED_VERSION.
upgrades() {
  apt-get -s -q -y install --no-upgrade --no-install-recommends "$@" 2>/dev/null </dev/null |
    sed -n 's/^Inst \([^ ]*\) \[\([^]]*\)\].*/\1=\2/p'
}

# Without this file, Debian starts the services of new packages. The tests start their own, on their own ports.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap '"${as_root[@]}" rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
fi

apt update || echo "apt-get update failed; the package lists on this machine are used."

# `--no-upgrade` protects only the packages in the command line. A dependency keeps its version if the command line names
# that version, and if apt finds a solution with it.
wanted=("${missing_packages[@]}")
for package in $(upgrades "${wanted[@]}"); do
  if upgrades "${wanted[@]}" "$package" >/dev/null; then wanted+=("$package"); fi
done
unavoidable=$(upgrades "${wanted[@]}") || unavoidable=

echo "Installing for the integration tests: ${missing_packages[*]}${unavoidable:+; they require upgrades of: ${unavoidable//$'\n'/ }}" >&2
apt install --no-upgrade --no-install-recommends "${wanted[@]}"
