#!/usr/bin/env bash
# Makes a release of the commit that is checked out: checks, nightly tests, changelog, build, bill of materials,
# checksums, commit and tag. Nothing leaves this machine: you push the tag.
#
#   scripts/release.sh VERSION             runs every step
#   scripts/release.sh VERSION --dry-run   prints each step and changes nothing
#   scripts/release.sh VERSION --untested  skips the checks and the tests, and reports that: for a commit that CI has
#                                          just tested
set -euo pipefail
cd "$(dirname "$0")/.."

version=${1:-}
dry=no
tested=yes
for option in "${@:2}"; do
  case $option in
    --dry-run) dry=yes ;;
    --untested) tested=no ;;
    *)
      echo "unknown option $option: expected --dry-run or --untested" >&2
      exit 64
      ;;
  esac
done

refuse() {
  echo "no release: $*" >&2
  exit 1
}

step() {
  echo "== $*"
  [ "$dry" = yes ] || "$@"
}

[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || refuse "\"$version\" is not a version: expected three numbers, such as 1.2.3"
[ "$(git branch --show-current)" = main ] || refuse "the branch is not main: switch to it"
[ -z "$(git status --porcelain)" ] || refuse "some changes are not committed: commit or discard them"
git rev-parse -q --verify "refs/tags/v$version" >/dev/null && refuse "the tag v$version exists already: choose another version"
notes=$(awk '/^## \[Unreleased\]/ { on = 1; next } /^## / { on = 0 } on' CHANGELOG.md)
[[ $notes == *'- '* ]] || refuse "CHANGELOG.md has no entry under Unreleased: add one"

set_version() {
  npm version --no-git-tag-version --allow-same-version "$version" >/dev/null
  sed -i "s/^export const VERSION = .*/export const VERSION = '$version'/" src/version.ts
  sed -i "s/^## \[Unreleased\]$/## [Unreleased]\n\n## [$version] - $(date -u +%F)/" CHANGELOG.md
}

bill_of_materials() {
  node --import tsx scripts/bill-of-materials.ts >"release/curfew-$version.cdx.json"
}

archive() {
  tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -czf "release/curfew-$version.tar.gz" dist LICENSE CHANGELOG.md
  (cd release && sha256sum "curfew-$version."* >SHA256SUMS)
}

tag() {
  git add package.json package-lock.json src/version.ts CHANGELOG.md
  git commit -q -m "Release $version"
  git tag -a "v$version" -m "Curfew $version"
}

if [ "$tested" = yes ]; then
  step npm ci
  step npm run check
  step npm run test:nightly
else
  echo 'UNTESTED: the checks and the tests are skipped'
fi
step bash scripts/npm-audit.sh
step set_version
step npm run build
step mkdir -p release
step bill_of_materials
step archive
step tag
echo "== now push it: git push origin main v$version"
echo "== and build the image: bash scripts/image/build.sh curfew:$version (docs/container.md explains how to pin its bases)"
