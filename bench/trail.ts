import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openAuditTrail } from '../src/adapters/audit/audit-trail.ts'
import type { AuditRecord } from '../src/app/audit.ts'
import { SECOND } from '../src/domain/time/instant.ts'
import { median, ratio, rounded } from './support/table.ts'

// npm run bench:trail: how long the audit commands take on a trail of a million lines, beside a floor and a peer in the
// same rounds. Needs `npm run build`. LINES and ROUNDS change the run.
const lines = Number(process.env.LINES ?? 1_000_000)
const rounds = Number(process.env.ROUNDS ?? 3)
/** Terminations. */
const WRITTEN_AT_ONCE = 300
const PEOPLE = 5_000

const policySetHash = createHash('sha256').update('bench').digest('hex')

/** The intent and the two outcomes of one termination. */
const termination = (index: number): readonly AuditRecord[] => {
  const time = Date.UTC(2026, 0, 1) + index * 60 * SECOND
  const person = `person-${index % PEOPLE}@corp.example`
  const violation = {
    endpointId: 'cvpn-endpoint-0123456789abcdef0',
    account: '111122223333',
    region: 'eu-central-1',
    connectionId: `cvpn-connection-${index.toString(16).padStart(17, '0')}`,
    username: person,
    commonName: person,
    policy: index % 2 === 0 ? 'daily' : 'leavers',
    reason: 'session-age',
    because: 'connected since 2026-01-01T00:00:00Z, for 8h: at most 8h is allowed',
    alsoBy: [],
    since: time,
    deadline: time,
    policySetHash,
    call: { id: `call-${index}`, selector: 'connection-id' as const },
  }
  const requestId = `00000000-0000-0000-0000-${String(index).padStart(12, '0')}`
  return [
    { ...violation, event: 'intent', time },
    { ...violation, event: 'outcome', time: time + SECOND, requestId, outcome: 'accepted' },
    { ...violation, event: 'outcome', time: time + 20 * SECOND, requestId, outcome: 'confirmed' },
  ]
}

const folder = mkdtempSync(join(tmpdir(), 'curfew-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true }))
const trail = await openAuditTrail({ file: join(folder, 'audit.jsonl') })
for (let index = 0; index * 3 < lines; index += WRITTEN_AT_ONCE) {
  await trail.write(Array.from({ length: WRITTEN_AT_ONCE }, (_, at) => termination(index + at)).flat())
}
const { seq } = trail.head()
await trail.close()

const files = readdirSync(folder)
  .filter((name) => !name.endsWith('.lock'))
  .map((name) => join(folder, name))
const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0)
const person = 'person-42@corp.example'
const curfew = (...args: readonly string[]) => [process.execPath, 'dist/cli/main.js', 'audit', ...args, ...files]

const contenders: Readonly<Record<string, readonly string[]>> = {
  'floor: Node reads the files': [
    process.execPath,
    '-e',
    'for (const file of process.argv.slice(1)) require("fs").createReadStream(file, { highWaterMark: 2 ** 20 }).resume()',
    ...files,
  ],
  // grep ends at the first match if its output is /dev/null.
  'peer: grep for the name': ['sh', '-c', 'grep -c -F "$0" "$@" | cat', person, ...files],
  'peer: jq for the name': ['jq', '-c', `select(.username == "${person}")`, ...files],
  'audit show --user': curfew('show', '--user', person),
  'audit show --policy': curfew('show', '--policy', 'daily'),
  'audit show': curfew('show'),
  'audit show --output json': curfew('show', '--output', 'json'),
  'audit show --output csv': curfew('show', '--output', 'csv'),
  'audit verify': curfew('verify'),
}

const seconds = new Map<string, number[]>(Object.keys(contenders).map((name) => [name, []]))
for (let round = 0; round < rounds; round++) {
  for (const [name, [program = '', ...args]] of Object.entries(contenders)) {
    const began = performance.now()
    const { status, error, stderr } = spawnSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    if (error !== undefined) continue
    if (status !== 0) throw new Error(`${name} ended with exit code ${status}: ${stderr.toString()}`)
    seconds.get(name)?.push((performance.now() - began) / SECOND)
  }
}

const [floor = Number.NaN] = [...seconds.values()].map(median)
console.log(`${seq} lines, ${Math.round(bytes / 1e6)} MB in ${files.length} files, medians of ${rounds} rounds`)
console.table(
  [...seconds].map(([command, taken]) =>
    taken.length === 0
      ? { command, s: 'not installed' }
      : { command, s: rounded(median(taken)), 'to the floor': ratio(median(taken), floor) },
  ),
)
