#!/usr/bin/env bash
# Builds the image on stand-ins of its bases, as CI does: scripts/image/build.sh NAME [CONTEXT] [OPTION OF PODMAN BUILD…]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
name=$1
context=${2:-$here/../..}
shift "$(($# < 2 ? $# : 2))"

bases=$("$here/bases.sh")
{ read -r builder; read -r base; } <<<"$bases"

# npm in the build must find what npm on this machine finds: its registry, and the authorities that it trusts. Mounted,
# these stay out of every layer but those of the stage that is thrown away.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "registry=$(npm config get registry)" >"$work/npmrc"
mounts=(--volume "$work/npmrc:/usr/local/etc/npmrc:ro")
authorities=${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}
if [ -e "$authorities" ]; then
  echo "cafile=/run/authorities.crt" >>"$work/npmrc"
  mounts+=(--volume "$authorities:/run/authorities.crt:ro")
fi

# The format of Docker, as that of OCI knows no HEALTHCHECK. Without layers, as the builder's are half a gigabyte that
# nobody asks for again.
"$here/podman.sh" build --quiet --layers=false --pull=never --isolation chroot --format docker --timestamp 0 \
  "${mounts[@]}" --build-arg "BUILDER=$builder" --build-arg "BASE=$base" --tag "$name" "$@" "$context"
