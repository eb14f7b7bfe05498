#!/usr/bin/env bash
# podman with a store and settings of its own, so that neither those of the machine nor its images matter:
# scripts/image/podman.sh ARGUMENT…
# IMAGE_FOLDER is where it keeps them, a folder for the owner alone (default: curfew-image in the temporary folder).
set -euo pipefail

folder=${IMAGE_FOLDER:-${TMPDIR:-/tmp}/curfew-image}

if [ "$(id -u)" -ne 0 ] || [ "$(uname -sm)" != 'Linux x86_64' ]; then
  echo 'The image is built and run in CI as root on Linux x86_64: the stand-ins of its bases are made there.' >&2
  exit 1
fi
for program in podman runc mmdebstrap apt-get npm; do
  command -v "$program" >/dev/null || missing+=("$program")
done
if [ -n "${missing-}" ]; then
  echo "Missing: ${missing[*]}. On Debian, scripts/install-test-servers.sh installs what CI needs." >&2
  exit 1
fi

umask 077
mkdir -p "$folder"
# The default lies where anybody may write.
if [ ! -O "$folder" ]; then
  echo "$folder belongs to somebody else: set IMAGE_FOLDER" >&2
  exit 1
fi

export CONTAINERS_CONF=$folder/containers.conf CONTAINERS_STORAGE_CONF=$folder/storage.conf

if [ ! -e "$CONTAINERS_STORAGE_CONF" ]; then
  # podman's own limits need CAP_SYS_RESOURCE, and its default runtime, crun, fails where cgroups are of both versions.
  cat >"$CONTAINERS_CONF" <<EOF
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
EOF
  # overlay cannot lie upon overlay, as in a CI job that is a container itself.
  driver=overlay
  [ "$(stat -f -c %T "$folder")" != overlayfs ] || driver=vfs
  cat >"$CONTAINERS_STORAGE_CONF.new" <<EOF
[storage]
driver = "$driver"
graphroot = "$folder/store"
runroot = "$folder/run"
EOF
  mv "$CONTAINERS_STORAGE_CONF.new" "$CONTAINERS_STORAGE_CONF"
fi

exec podman "$@"
