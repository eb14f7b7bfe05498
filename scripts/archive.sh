#!/usr/bin/env bash
# Makes the archive of a release from its npm package: scripts/archive.sh FOLDER, which has the package and gets the archive. It
# contains the same files, and besides them the command for `PATH`, its manual page and completions, and the changelog. The same files give the same bytes.
set -euo pipefail
into=$(realpath "${1:?give the folder of the npm package}")
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=$(node --print 'require("./package.json").version')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/curfew-$version
tar -xzf "$into/curfew-$version.tgz" -C "$work"
mv "$work/package" "$tree"
mkdir "$tree/bin"
cp bin/curfew "$tree/bin"
cp CHANGELOG.md "$tree"
bash scripts/command-files.sh "$tree"
tar --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --mtime=@0 -C "$work" -c "curfew-$version" |
  gzip -n -9 >"$into/curfew-$version.tar.gz"
echo "$into/curfew-$version.tar.gz"
