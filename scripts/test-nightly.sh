#!/usr/bin/env bash
# The tests of a night: all tests with their long sets (they read CURFEW_NIGHTLY), then a million cycles of simulated
# worlds, and a tenth of that of worlds with replicas, each of which counts as one test. A release runs them. The last line is `N passed, N failed`.
set -uo pipefail
cd "$(dirname "$0")/.."
export CURFEW_NIGHTLY=1

log=$(mktemp)
trap 'rm -f "$log"' EXIT

npm test 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
count=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1)
read -r passed _ failed _ <<<"${count:-0 passed, 0 failed}"
# A failure that is not in the count, such as a crash before the first test.
if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi

if npm run test:world -- --cycles 1000000 --seed 1; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
if npm run test:world -- --replicas --cycles 100000 --seed 1; then passed=$((passed + 1)); else failed=$((failed + 1)); fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
