#!/usr/bin/env bash
# Writes what belongs to the built command besides itself: scripts/command-files.sh FOLDER. The manual page is curfew.1 there,
# and the completions of the shells are in completions/.
set -euo pipefail
into=$(realpath "${1:?give the folder for the files}")
cd "$(dirname "${BASH_SOURCE[0]}")/.."

node --import tsx scripts/man-page.ts >"$into/curfew.1"
mkdir "$into/completions"
node dist/cli/main.js completion bash >"$into/completions/curfew.bash"
node dist/cli/main.js completion zsh >"$into/completions/_curfew"
node dist/cli/main.js completion fish >"$into/completions/curfew.fish"
