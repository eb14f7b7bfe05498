import { type Logger, pino } from 'pino'
import { createVpn } from '../adapters/aws/vpn.ts'
import { cronCalendar } from '../adapters/cron/cron-calendar.ts'
import { hostClock } from '../adapters/host/clock.ts'
import { startHttpServer } from '../adapters/http/server.ts'
import { createEventLog } from '../adapters/log/event-log.ts'
import { createMetrics } from '../adapters/prometheus/metrics.ts'
import { type Assignment, createDaemon, type Site } from '../app/daemon.ts'
import type { CurfewEvent, Emit } from '../app/events.ts'
import { createReadBudget } from '../app/read-budget.ts'
import { type Snapshot, type Vpn, VpnError } from '../app/vpn.ts'
import type { Configuration } from '../config/configuration.ts'
import { formatProblems } from '../config/problem.ts'
import { toIso } from '../domain/instant.ts'
import { planOf } from '../domain/plan.ts'
import { createPolicySet } from '../domain/policy-set.ts'
import { VERSION } from '../version.ts'
import { readConfiguration } from './compose-files.ts'

export { watchFiles } from '../adapters/files/watch-files.ts'

/** The one place that puts the parts together. */

export const clock = hostClock

const connectVpn = (site: Site, { requestTimeoutMs, rate }: Configuration['poll']): Vpn =>
  createVpn({ ...site, requestTimeoutMs, clock: hostClock, beforePage: createReadBudget(rate, hostClock).turn })

export const policySetOf = ({ policies, protect }: Configuration) => createPolicySet(policies, protect)

export const assignmentOf = (configuration: Configuration): Assignment => {
  const { mode, poll, termination, watch, policySetHash } = configuration
  return {
    policies: policySetOf(configuration),
    policySetHash,
    schedule: poll.schedule,
    terminationRate: termination.rate,
    settings: { mode, staleAfterMs: poll.staleAfterMs, minGapMs: poll.minGapMs, termination },
    watch: watch.map(({ region, endpointUrl, endpoints }) => ({
      region,
      endpointUrl,
      endpoints: endpoints.map(({ id, name }) => ({ id, name: name ?? id, region })),
    })),
  }
}

/** Every watched endpoint read once, or why it could not be. */
export const readEndpoints = async (configuration: Configuration) => {
  const read = async (vpn: Vpn, endpointId: string): Promise<Snapshot | VpnError> => {
    try {
      return await vpn.snapshot(endpointId, new AbortController().signal)
    } catch (error) {
      if (error instanceof VpnError) return error
      throw error
    }
  }
  return Promise.all(
    assignmentOf(configuration).watch.flatMap((site) => {
      const vpn = connectVpn(site, configuration.poll)
      return site.endpoints.map(async (endpoint) => ({ endpoint, snapshot: await read(vpn, endpoint.id) }))
    }),
  )
}

export const createLog = (level: string): Logger =>
  pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  })

/** The daemon and all that hears of what it does. */
export const composeDaemon = (options: {
  readonly configuration: Configuration
  readonly log: Logger
  readonly listeners?: readonly Emit[]
}) => {
  const { log } = options
  let configuration = options.configuration
  const metrics = createMetrics({ version: VERSION, policies: () => configuration.policies })
  const listeners = [createEventLog(log), metrics.observe, ...(options.listeners ?? [])]
  const emit = (event: CurfewEvent) => {
    for (const listen of listeners) listen(event)
  }
  const daemon = createDaemon({
    assignment: assignmentOf(configuration),
    connect: (site) => connectVpn(site, configuration.poll),
    calendar: cronCalendar,
    clock: hostClock,
    random: Math.random,
    emit,
  })

  const status = () => {
    const now = hostClock.now()
    return {
      version: VERSION,
      mode: configuration.mode,
      policySetHash: configuration.policySetHash,
      policies: configuration.policies.map(({ name, kind, mode }) => ({ name, kind: kind.kind, mode })),
      endpoints: daemon.status().map(({ endpoint, snapshotAt, error, decisions, openTerminations }) => {
        const plan = decisions === undefined ? undefined : planOf(decisions)
        return {
          endpointId: endpoint.id,
          name: endpoint.name,
          region: endpoint.region,
          blind: decisions === undefined,
          snapshotAt: snapshotAt === undefined ? null : toIso(snapshotAt),
          error: error ?? null,
          active: decisions?.active ?? null,
          terminate: plan?.terminate.length ?? null,
          audit: plan?.audit.length ?? null,
          openTerminations,
          nextAt: decisions === undefined ? null : toIso(decisions.wakeAt),
        }
      }),
      now: toIso(now),
    }
  }

  return {
    daemon,
    emit,
    metrics,

    startServer: () =>
      startHttpServer(
        configuration.server,
        {
          registry: metrics.registry,
          healthy: () => hostClock.now() - daemon.turnedAt() < STUCK_AFTER_MS,
          ready: () =>
            daemon.status().every(({ snapshotAt, error }) => snapshotAt !== undefined || error !== undefined),
          status,
        },
        log,
      ),

    /** Takes a new configuration, or keeps the last good one and says why. */
    reload(path: string): readonly string[] {
      const loaded = readConfiguration(path)
      if (loaded.configuration === undefined) {
        emit({ event: 'reload-refused', problems: formatProblems(loaded.problems) })
        return loaded.sources
      }
      const { server } = configuration
      const next = loaded.configuration
      if (next.server.host !== server.host || next.server.port !== server.port)
        log.warn({ server: next.server }, 'a new address for the server takes effect at the next start')
      for (const change of usersFileChanges(configuration.usersFiles, next.usersFiles)) emit(change)
      configuration = { ...next, server }
      log.level = next.log.level
      daemon.reload(assignmentOf(configuration))
      return loaded.sources
    },
  }
}

/** The loop turns once a second; an event loop that was held up for so long is not well. */
const STUCK_AFTER_MS = 30_000

const usersFileChanges = (
  before: Configuration['usersFiles'],
  after: Configuration['usersFiles'],
): readonly Extract<CurfewEvent, { event: 'users-file-changed' }>[] =>
  [...after].flatMap(([file, entries]) => {
    const [old, now] = [new Set(before.get(file)), new Set(entries)]
    const came = [...now].filter((entry) => !old.has(entry)).length
    const went = [...old].filter((entry) => !now.has(entry)).length
    return came + went === 0 ? [] : [{ event: 'users-file-changed' as const, file, entries: now.size, came, went }]
  })
