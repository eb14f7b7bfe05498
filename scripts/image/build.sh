#!/usr/bin/env bash
# Builds the image on stand-ins for its bases, as CI does:
# scripts/image/build.sh NAME [CONTEXT] [OPTION OF PODMAN BUILD…]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
name=${1:-}
case $name in
  localhost/?*) ;;
  *)
    echo "no image: \"$name\" is not a name for tests: expected localhost/NAME. This script builds on stand-ins for the bases," \
      'and nobody should push the result. docs/container.md shows how to build on the published bases' >&2
    exit 64
    ;;
esac
context=${2:-$here/../..}
shift "$(($# < 2 ? $# : 2))"

bases=$("$here/bases.sh")
{ read -r builder; read -r base; } <<<"$bases"

# npm in the build needs the registry and the certificate authorities of npm on this machine. They are mounted, so that
# no layer of the final image contains them.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "registry=$(npm config get registry)" >"$work/npmrc"
mounts=(--volume "$work/npmrc:/usr/local/etc/npmrc:ro")
authorities=${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}
if [ -e "$authorities" ]; then
  echo "cafile=/run/authorities.crt" >>"$work/npmrc"
  mounts+=(--volume "$authorities:/run/authorities.crt:ro")
fi

# Docker's format, because the OCI format has no HEALTHCHECK. Without cached layers, because the builder's need half a
# gigabyte and are never used again.
"$here/podman.sh" build --quiet --layers=false --pull=never --isolation chroot --format docker --timestamp 0 \
  "${mounts[@]}" --build-arg "BUILDER=$builder" --build-arg "BASE=$base" --tag "$name" "$@" "$context"
