#!/usr/bin/env bash
# Runs podman with its own store and settings, independent of those of the machine: scripts/image/podman.sh ARGUMENT…
# IMAGE_FOLDER is the folder for both, with access only for its owner (default: curfew-image in the temporary folder).
set -euo pipefail

folder=${IMAGE_FOLDER:-${TMPDIR:-/tmp}/curfew-image}

if [ "$(id -u)" -ne 0 ] || [ "$(uname -sm)" != 'Linux x86_64' ]; then
  echo 'The stand-ins for the bases of the image can be made only as root on Linux x86_64, as in CI.' >&2
  exit 1
fi
for program in podman runc mmdebstrap apt-get npm; do
  command -v "$program" >/dev/null || missing+=("$program")
done
if [ -n "${missing-}" ]; then
  echo "These programs are missing: ${missing[*]}. On Debian, scripts/install-test-servers.sh installs them." >&2
  exit 1
fi

umask 077
mkdir -p "$folder"
# The default is in a folder where every user may write.
if [ ! -O "$folder" ]; then
  echo "The folder $folder belongs to another user: set IMAGE_FOLDER to another folder" >&2
  exit 1
fi

export CONTAINERS_CONF=$folder/containers.conf CONTAINERS_STORAGE_CONF=$folder/storage.conf

if [ ! -e "$CONTAINERS_STORAGE_CONF" ]; then
  # podman's default limits need CAP_SYS_RESOURCE. Its default runtime, crun, fails with both versions of cgroups.
  cat >"$CONTAINERS_CONF" <<EOF
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
EOF
  # The driver overlay does not work on an overlay file system, as in a CI job that runs in a container.
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
