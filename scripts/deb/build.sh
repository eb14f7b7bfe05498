#!/usr/bin/env bash
# Makes the Debian package of what "npm run build" has written: scripts/deb/build.sh [FOLDER]
# The package is written into the folder (default: release). Its times are those of SOURCE_DATE_EPOCH (default: the last
# commit), so that the same sources give the same bytes. DEBFULLNAME and DEBEMAIL name the maintainer.
set -euo pipefail
shopt -s inherit_errexit
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
out=$(realpath -m "${1:-$root/release}")
cd "$root"
# The times of files are relative to no zone, and their order to no language.
export LC_ALL=C.UTF-8 TZ=UTC
umask 022

main=dist/cli/main.js
if [ ! -f "$main" ]; then
  echo "$main is not there: run \"npm run build\" first" >&2
  exit 1
fi
# debhelper brings dpkg-deb and make.
if ! command -v dh >/dev/null; then
  echo "dh is missing, which makes the package. On Debian and Ubuntu: sudo apt-get install debhelper" >&2
  exit 1
fi

: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct)}"
export SOURCE_DATE_EPOCH
export CURFEW_CONFIG=/etc/curfew/curfew.yaml
version=$(node "$main" --version)
maintainer="${DEBFULLNAME:-Curfew contributors} <${DEBEMAIL:-maintainer@not-yet-set.invalid}>"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/curfew-$version
mkdir -p "$tree"/{debian/source,etc/curfew,usr/bin,usr/lib,usr/share/curfew}

# The command, with the place of its configuration.
cp -R dist "$tree/usr/lib/curfew"
mv "$tree/usr/lib/curfew/THIRD-PARTY-LICENSES.txt" "$tree"
echo '{ "type": "module" }' >"$tree/usr/lib/curfew/package.json"
install -m 755 deploy/debian/curfew "$tree/usr/bin/curfew"
bash scripts/command-files.sh "$tree"
completion() {
  install -D -m 644 "$tree/completions/$1" "$tree/usr/share/$2"
}
completion curfew.bash bash-completion/completions/curfew
completion _curfew zsh/vendor-completions/_curfew
completion curfew.fish fish/vendor_completions.d/curfew.fish

# The first configuration is that of "curfew init", with the folders of a service.
node "$main" init "$tree/etc/curfew" >/dev/null
rm "$tree/etc/curfew/README.md"
mv "$tree/etc/curfew/schema" "$tree/usr/share/curfew/schema"
sed -i -E 's|(\$schema=)[./]*/schema/|\1/usr/share/curfew/schema/|' "$tree"/etc/curfew/{curfew.yaml,policies/*.yaml}
cat >>"$tree/etc/curfew/curfew.yaml" <<'YAML'
audit: { file: /var/lib/curfew/audit.jsonl }
state: { file: /var/lib/curfew/state.json }
YAML

mkdir "$tree/pages"
cp -R README.md docs "$tree/pages"
rm -r "$tree/pages/docs/adr"
node --import tsx scripts/deb/pages.ts "$tree/pages"
cp CHANGELOG.md "$tree"
cp deploy/debian/{rules,install,docs,manpages,copyright,lintian-overrides,README.Debian,postinst,postrm} "$tree/debian"
cp deploy/systemd/curfew.{service,sysusers,default} "$tree/debian"
echo '3.0 (quilt)' >"$tree/debian/source/format"
control=$(<deploy/debian/control)
# In quotes the name is taken as it stands.
echo "${control/@MAINTAINER@/"$maintainer"}" >"$tree/debian/control"
cat >"$tree/debian/changelog" <<CHANGELOG
curfew ($version-1) stable; urgency=medium

  * changelog.gz tells what is new.

 -- $maintainer  $(date -R -d "@$SOURCE_DATE_EPOCH")
CHANGELOG

if ! (cd "$tree" && DEB_RULES_REQUIRES_ROOT=no debian/rules binary) >"$work/log" 2>&1; then
  cat "$work/log" >&2
  exit 1
fi
mkdir -p "$out"
install -m 644 "$work/curfew_$version-1_all.deb" "$out"
echo "$out/curfew_$version-1_all.deb"
