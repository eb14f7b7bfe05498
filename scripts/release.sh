#!/usr/bin/env bash
# Makes a release of the commit that is checked out: checks, nightly tests, changelog, build, artefacts, bill of materials,
# provenance, signed checksums, commit and signed tag. Nothing leaves this machine: you push the tag. docs/releasing.md
# explains each step.
#
#   scripts/release.sh VERSION                 runs every step
#   scripts/release.sh VERSION --dry-run       prints each step and changes nothing
#   scripts/release.sh VERSION --accept NAME   releases although the gate NAME was not passed, and records that in the
#                                              provenance: audit-unasked, placeholder-maintainer, placeholder-repository,
#                                              unsigned, untested
#
# DEBFULLNAME and DEBEMAIL name the maintainer of the Debian package.
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C

if [[ ${1:-} =~ ^(-h|--help)$ ]]; then
  sed -n '2,/^set /{s/^# \{0,1\}//p}' scripts/release.sh
  exit
fi

usage='expected --dry-run, or --accept with audit-unasked, placeholder-maintainer, placeholder-repository, unsigned or untested'
version=${1:-}
shift "$(($# < 1 ? $# : 1))"
dry=no
accepted=()
while [ $# -gt 0 ]; do
  case "$1 ${2:-}" in
    '--dry-run '*) dry=yes ;;
    '--accept audit-unasked' | '--accept placeholder-maintainer' | '--accept placeholder-repository' | \
      '--accept unsigned' | '--accept untested')
      accepted+=("$2")
      shift
      ;;
    *)
      echo "unknown option $*: $usage" >&2
      exit 64
      ;;
  esac
  shift
done

refuse() {
  echo "no release: $*" >&2
  exit 1
}

accepts() {
  [[ " ${accepted[*]-} " == *" $1 "* ]]
}

step() {
  echo "== $*"
  [ "$dry" = yes ] || "$@"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

committer() {
  git var GIT_COMMITTER_IDENT | sed 's/>.*/>/'
}

# Writes FILE.sig by the key and the program with which git signs tags.
sign() {
  local key
  key=$(git config --type=path user.signingkey || true)
  case $(git config gpg.format || echo openpgp) in
    ssh)
      # git takes a public key in place of a file, if an agent has the private one.
      case $key in
        key::* | ssh-* | ecdsa-* | sk-*)
          echo "${key#key::}" >"$work/key.pub"
          key=$work/key.pub
          ;;
      esac
      "$(git config gpg.ssh.program || echo ssh-keygen)" -q -Y sign -n curfew-release -f "$key" "$1"
      ;;
    openpgp)
      "$(git config gpg.program || echo gpg)" --quiet --yes --local-user "${key:-$(committer)}" \
        --output "$1.sig" --detach-sign "$1"
      ;;
    *)
      echo 'gpg.format: expected ssh or openpgp' >&2
      return 1
      ;;
  esac
}

[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || refuse "\"$version\" is not a version: expected three numbers, such as 1.2.3"
[ "$(git branch --show-current)" = main ] || refuse "the branch is not main: switch to it"
[ -z "$(git status --porcelain)" ] || refuse "some changes are not committed: commit or discard them"
git rev-parse -q --verify "refs/tags/v$version" >/dev/null && refuse "the tag v$version exists already: choose another version"
notes=$(awk '/^## \[Unreleased\]/ { on = 1; next } /^## / { on = 0 } on' CHANGELOG.md)
[[ $notes == *'- '* ]] || refuse "CHANGELOG.md has no entry under Unreleased: add one"
if ! accepts placeholder-repository && grep -q '"url": ".*\.invalid/' package.json; then
  refuse "\`repository\` in package.json is a placeholder, and the provenance names it: write your repository there" \
    'and into SECURITY-INSIGHTS.yml, or pass --accept placeholder-repository'
fi
if ! accepts placeholder-maintainer && [ -z "${DEBFULLNAME:+${DEBEMAIL:-}}" ]; then
  refuse 'the Debian package has no maintainer: set DEBFULLNAME to your name and DEBEMAIL to your address, or' \
    'pass --accept placeholder-maintainer'
fi
command -v dh >/dev/null || refuse "debhelper is missing, which makes the Debian package: apt-get install debhelper"
# The key is tried now, because the tests below take hours.
if ! accepts unsigned && ! { echo try >"$work/try" && sign "$work/try"; } >"$work/answer" 2>&1; then
  refuse "nothing can be signed: $(tail -n 1 "$work/answer"). Set user.signingkey in git, and gpg.format to ssh for a key of" \
    'SSH, or pass --accept unsigned'
fi

out=release/$version
before=$(git rev-parse HEAD)
started=$(date +%s)
[ "$dry" = yes ] || trap '
  status=$?
  rm -rf "$work"
  [ "$status" -eq 0 ] || echo "no release: the last step above failed. Back to the state before: git reset --hard $before" >&2
' EXIT

commit() {
  local old
  old=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)
  npm version --no-git-tag-version --allow-same-version "$version" >/dev/null
  sed -i "s/^export const VERSION = .*/export const VERSION = '$version'/" src/version.ts
  sed -i "s/^## \[Unreleased\]$/## [Unreleased]\n\n## [$version] - $(date -u +%F)/" CHANGELOG.md
  sed -i -E "s/^(version|appVersion): .*/\1: $version/" deploy/helm/curfew/Chart.yaml
  git grep -lE "image: curfew(-[a-z]+)?:$old$" -- deploy | xargs -r sed -i -E "s/(image: curfew(-[a-z]+)?:)$old$/\1$version/"
  git add package.json package-lock.json src/version.ts CHANGELOG.md deploy
  git commit -q -m "Release $version"
  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
  export SOURCE_DATE_EPOCH
}

# The list of the artefacts: whatever this writes is described, summed and signed. Names differ from each other wherever they
# are put.
artefacts() {
  rm -rf "$out"
  mkdir -p "$out"
  bash scripts/helm-package.sh "$out"
  bash scripts/deb/build.sh "$out"
  node --import tsx scripts/npm-package.ts "$out"
  bash scripts/archive.sh "$out"
}

describe() {
  node --import tsx scripts/describe-release.ts --into "$out" --metafile "$work/metafile.json" --started "$started" \
    "${accepted[@]/#/--accepted=}"
}

checksums() {
  local sums
  sums=$(cd "$out" && sha256sum -- *)
  echo "$sums" >"$out/SHA256SUMS"
  accepts unsigned || sign "$out/SHA256SUMS"
}

tag() {
  if accepts unsigned; then
    git tag -a "v$version" -m "Curfew $version"
  else
    git tag -s "v$version" -m "Curfew $version"
  fi
}

for name in "${accepted[@]}"; do echo "ACCEPTED: $name"; done
if accepts audit-unasked; then
  step bash scripts/npm-audit.sh
else
  step bash scripts/npm-audit.sh --required
fi
if ! accepts untested; then
  step npm ci
  step npm run check
  step npm run test:nightly
fi
step commit
step npm run build -- --metafile "$work/metafile.json"
step artefacts
step describe
step checksums
step tag

image() {
  sed -n "s/^ARG $1=//p" Dockerfile
}
echo "== now push it: git push origin main v$version"
echo "== and publish the package for npm, in a CI job that npm can identify (docs/installing.md):" \
  "npm publish $out/curfew-$version.tgz --access public --provenance"
echo "== and build the image, with the digests of its bases (docs/container.md): docker build --tag curfew:$version" \
  "--build-arg BUILDER=$(image BUILDER)@sha256:… --build-arg BASE=$(image BASE)@sha256:…" \
  "--build-arg VERSION=$version --build-arg REVISION=\"\$(git rev-parse v$version^{commit})\" ."
