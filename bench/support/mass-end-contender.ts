import { mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openAuditTrail } from '../../src/adapters/audit/audit-trail.ts'
import { hostClock } from '../../src/adapters/host/clock.ts'
import { createEventLog } from '../../src/adapters/log/event-log.ts'
import { LogOutput } from '../../src/adapters/log/log-output.ts'
import { createLogger } from '../../src/adapters/log/logger.ts'
import { createNamesInLog } from '../../src/adapters/log/names-in-log.ts'
import { createMetrics } from '../../src/adapters/prometheus/metrics.ts'
import { createService } from '../../src/app/service.ts'
import { EMPTY_STATE } from '../../src/app/state.ts'
import { HOUR, SECOND } from '../../src/domain/time/instant.ts'
import { datedVpn } from '../../test/app/dated-vpn.ts'
import { createStandInVpn } from '../../test/app/stand-in-vpn.ts'
import { assignment } from '../../test/app/world.ts'
import { connection, policy } from '../../test/domain/build.ts'
import { createHandLoop } from './hand-loop.ts'
import { createJsonRules } from './json-rules.ts'
import { residentMbOf } from './process-cpu.ts'
import { rulesOf } from './world.ts'

// Usage: node mass-end-contender.mjs NAME CONNECTIONS SECONDS. All connections of one endpoint are due at once. Sends the
// longest turn of the event loop, the CPU time and the resident memory.
const [, , name = '', count = '0', seconds = '60'] = process.argv

const establishedAt = hostClock.now() - 11 * HOUR
const connections = Array.from({ length: Number(count) }, (_, index) =>
  connection({ username: `person-${index}@corp.example`, commonName: `person-${index}`, establishedAt }),
)

interface Figures {
  readonly longestMs: number
  readonly cpuSeconds: number
  readonly residentMb: number
  /** The connections that are found due. */
  readonly due: number
}

const cpuSeconds = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** One decision, without anything that follows from it. */
const once = async (
  decide: (all: typeof connections, now: number) => readonly string[] | Promise<readonly string[]>,
) => {
  const [startedAt, before] = [performance.now(), cpuSeconds()]
  const { length: due } = await decide(connections, hostClock.now())
  const longestMs = performance.now() - startedAt
  return { longestMs, cpuSeconds: cpuSeconds() - before, residentMb: residentMbOf(process.pid), due }
}

const rules = rulesOf(1)

/** The daemon, which tells the log, the metrics and the trail of each connection, and begins to end them. */
const curfew = async (): Promise<Figures> => {
  const folder = mkdtempSync(join(tmpdir(), 'curfew-bench-'))
  const before = cpuSeconds()
  const policies = [policy('max-session-age', { maxAge: '10h' }, { guard: 'off' })]
  const log = createLogger({
    level: 'info',
    format: 'json',
    names: createNamesInLog(),
    destination: new LogOutput(openSync('/dev/null', 'w')),
  })
  const metrics = createMetrics({ version: 'bench', policies: () => policies, targets: () => [], changedAt: () => 0 })
  const { vpn } = createStandInVpn(hostClock, connections)
  let due = 0
  const service = await createService(assignment(policies, 'enforce'), {
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
        if (event === 'violation') due++
      },
    ],
  })

  let [longestMs, residentMb] = [0, 0]
  let turnedAt = performance.now()
  const turns = setInterval(() => {
    longestMs = Math.max(longestMs, performance.now() - turnedAt)
    residentMb = Math.max(residentMb, residentMbOf(process.pid))
    turnedAt = performance.now()
  }, 5)
  const stop = new AbortController()
  setTimeout(() => stop.abort(), Number(seconds) * SECOND)
  await service.run(stop.signal)
  clearInterval(turns)
  await service.close()
  rmSync(folder, { recursive: true })
  return { longestMs, cpuSeconds: cpuSeconds() - before, residentMb, due }
}

const CONTENDERS: Readonly<Record<string, () => Promise<Figures>>> = {
  curfew,
  hand: () => once(createHandLoop(rules)),
  'json-rules-engine': () => once(createJsonRules(rules)),
}

process.send?.(await CONTENDERS[name]?.(), () => process.exit(0))
