import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { openAuditTrail } from '../src/adapters/audit/audit-trail.ts'
import type { AuditRecord } from '../src/app/audit.ts'
import { SECOND } from '../src/domain/time/instant.ts'
import { createFolder } from './support/folder.ts'
import { childrenCpuSeconds } from './support/process-cpu.ts'
import { median, type Options, ratio, rounded, type Table } from './support/table.ts'

const BUNDLE = 'dist/cli/main.js'

/** Terminations. */
const WRITTEN_AT_ONCE = 300
const PEOPLE = 5_000

const READ =
  'for (const file of process.argv.slice(1)) require("fs").createReadStream(file, { highWaterMark: 2 ** 20 }).resume()'

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

/** How long the audit commands take on a long trail, beside a program that only reads it, and beside grep and jq. */
export const trail = async ({ quick, rounds }: Options): Promise<readonly Table[]> => {
  if (!existsSync(BUNDLE)) throw new Error(`${BUNDLE} does not exist: run npm run build first`)
  const lines = quick ? 3_000 : 1_000_000
  using folder = createFolder()
  const written = await openAuditTrail({ file: join(folder.path, 'audit.jsonl') })
  for (let index = 0; index * 3 < lines; index += WRITTEN_AT_ONCE) {
    await written.write(Array.from({ length: WRITTEN_AT_ONCE }, (_, at) => termination(index + at)).flat())
  }
  const { seq } = written.head()
  await written.close()

  const files = readdirSync(folder.path)
    .filter((name) => !name.endsWith('.lock'))
    .map((name) => join(folder.path, name))
  const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0)
  const person = 'person-42@corp.example'
  const curfew = (...args: readonly string[]) => [process.execPath, BUNDLE, 'audit', ...args, ...files]

  const contenders: Readonly<Record<string, readonly string[]>> = {
    'floor: Node reads the files': [process.execPath, '-e', READ, ...files],
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

  const used = new Map<string, Array<{ readonly s: number; readonly cpu: number }>>()
  for (let round = 0; round < rounds; round++) {
    for (const [name, [program = '', ...args]] of Object.entries(contenders)) {
      const [began, before] = [performance.now(), childrenCpuSeconds()]
      const { status, error, stderr } = spawnSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
      // Such as jq, which is not installed everywhere.
      if (error !== undefined) continue
      if (status !== 0) throw new Error(`${name} ended with exit code ${status}: ${stderr.toString()}`)
      const took = { s: (performance.now() - began) / SECOND, cpu: childrenCpuSeconds() - before }
      used.set(name, [...(used.get(name) ?? []), took])
    }
  }
  const cpuOf = (all: ReadonlyArray<{ readonly cpu: number }>) => median(all.map(({ cpu }) => cpu))
  const [floor = []] = used.values()
  return [
    {
      title: `trail: ${seq} lines, ${Math.round(bytes / 1e6)} MB in ${files.length} files`,
      rows: [...used].map(([command, all]) => ({
        command,
        s: rounded(median(all.map(({ s }) => s))),
        'CPU s': rounded(cpuOf(all)),
        'CPU to the floor': ratio(cpuOf(all), cpuOf(floor)),
      })),
    },
  ]
}
