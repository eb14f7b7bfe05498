#!/usr/bin/env bash
# Runs all tests, or those that the arguments select: vitest gets the arguments. The last line is `N passed, N failed`.
set -uo pipefail
cd "$(dirname "$0")/.."

report=$(mktemp)
trap 'rm -f "$report"' EXIT

if ! bash scripts/install-test-servers.sh; then
  echo '0 passed, 1 failed'
  exit 1
fi

node_modules/.bin/vitest run --reporter=default --reporter=json --outputFile.json="$report" "$@"
node --import tsx scripts/count-tests.ts "$report" "$?"
