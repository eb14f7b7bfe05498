import { mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openAuditTrail } from '../src/adapters/audit/audit-trail.ts'
import { hostClock } from '../src/adapters/host/clock.ts'
import { createEventLog } from '../src/adapters/log/event-log.ts'
import { LogOutput } from '../src/adapters/log/log-output.ts'
import { createLogger } from '../src/adapters/log/logger.ts'
import { createNamesInLog } from '../src/adapters/log/names-in-log.ts'
import { createMetrics } from '../src/adapters/prometheus/metrics.ts'
import { createService } from '../src/app/service.ts'
import { EMPTY_STATE } from '../src/app/state.ts'
import { MODES } from '../src/domain/policies/policy.ts'
import { HOUR, SECOND } from '../src/domain/time/instant.ts'
import { datedVpn } from '../test/app/dated-vpn.ts'
import { createStandInVpn } from '../test/app/stand-in-vpn.ts'
import { assignment } from '../test/app/world.ts'
import { connection, policy } from '../test/domain/build.ts'

// npm run bench:mass-end: the longest turn of the event loop and the memory while all connections of one endpoint are
// due at once. CONNECTIONS, MODE and SECONDS change the run.
const count = Number(process.env.CONNECTIONS ?? 126_000)
const mode = MODES.find((one) => one === process.env.MODE) ?? 'enforce'
const forMs = Number(process.env.SECONDS ?? 60) * SECOND

const folder = mkdtempSync(join(tmpdir(), 'curfew-bench-'))
const establishedAt = hostClock.now() - 9 * HOUR
const connections = Array.from({ length: count }, (_, index) =>
  connection({ username: `person-${index}@corp.example`, commonName: `person-${index}`, establishedAt }),
)
const policies = [policy('max-session-age', { maxAge: '8h' }, { guard: 'off' })]
const log = createLogger({
  level: 'info',
  format: 'json',
  names: createNamesInLog(),
  destination: new LogOutput(openSync('/dev/null', 'w')),
})
const metrics = createMetrics({ version: 'bench', policies: () => policies, targets: () => [], changedAt: () => 0 })
const { vpn } = createStandInVpn(hostClock, connections)
let violations = 0
const service = await createService(assignment(policies, mode), {
  host: hostClock,
  readPolicySet: () => undefined,
  random: Math.random,
  connect: (_site, _account, { clock, hear }) => datedVpn(vpn, hostClock, { ...clock, hear }),
  scheduleOf: () => ({ next: (at) => (Math.floor(at / (15 * SECOND)) + 1) * 15 * SECOND }),
  trail: await openAuditTrail({ file: join(folder, 'audit.jsonl') }),
  replay: async () => {},
  store: {
    peek: async () => EMPTY_STATE,
    load: async () => ({ state: EMPTY_STATE, setAside: undefined }),
    save: async () => {},
  },
  listeners: () => [
    createEventLog(log),
    metrics.observe,
    ({ event }) => {
      if (event === 'violation') violations++
    },
  ],
})

let [longestMs, residentBytes] = [0, 0]
let turnedAt = performance.now()
const turns = setInterval(() => {
  longestMs = Math.max(longestMs, performance.now() - turnedAt)
  residentBytes = Math.max(residentBytes, process.memoryUsage().rss)
  turnedAt = performance.now()
}, 5)
const stop = new AbortController()
setTimeout(() => stop.abort(), forMs)
await service.run(stop.signal)
clearInterval(turns)
await service.close()
rmSync(folder, { recursive: true })
console.table([
  {
    connections: count,
    mode,
    violations,
    'longest turn, ms': Math.round(longestMs),
    'resident, MiB': Math.round(residentBytes / 1024 ** 2),
  },
])
process.exit(0)
