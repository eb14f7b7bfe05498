#!/usr/bin/env bash
# Known holes in what ships: high and critical ones fail. Not every registry answers this question; one that does not is
# said so, and is no reason to stop. Whatever else keeps npm from an answer, a broken lock file say, is one.
set -uo pipefail
cd "$(dirname "$0")/.."

# A script of npm's hands down `audit=false`, which .npmrc says for installing.
answer=$(npm_config_audit=true npm audit --omit=dev --json 2>/dev/null </dev/null)
node - "$answer" <<'NODE'
const [text = ''] = process.argv.slice(2)
const read = () => {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}
const { metadata, vulnerabilities = {}, message, error } = read()
if (metadata?.vulnerabilities === undefined) {
  // npm names the question in the message where it is the registry that did not answer it.
  if (message?.includes('/security/advisories/bulk')) {
    console.error(`NOT CHECKED: the registry does not say what is known of our dependencies (${message})`)
    process.exit(0)
  }
  console.error(`npm audit failed: ${message || error?.summary || 'no answer; run npm audit --omit=dev to see why'}`)
  process.exit(1)
}
const grave = Object.values(vulnerabilities).filter(({ severity }) => severity === 'high' || severity === 'critical')
for (const { name, severity, range } of grave) console.error(`${severity}: ${name} ${range}`)
console.error(`npm audit: ${grave.length} high or critical of ${metadata.vulnerabilities.total} known in what ships`)
process.exit(grave.length > 0 ? 1 : 0)
NODE
