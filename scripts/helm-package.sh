#!/usr/bin/env bash
# Writes the chart as an archive that Helm installs: scripts/helm-package.sh FOLDER. The same files give the same bytes;
# `helm package` would write the times of the files into it.
set -euo pipefail
cd "$(dirname "$0")/.."

into=${1:?give the folder for the archive}
version=$(sed -n 's/^version: //p' deploy/helm/curfew/Chart.yaml)
tar --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --mtime=@0 -C deploy/helm -c curfew |
  gzip -n -9 >"$into/curfew-chart-$version.tgz"
