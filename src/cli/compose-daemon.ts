import { type Logger, pino } from 'pino'
import { openAuditTrail } from '../adapters/audit/audit-trail.ts'
import { openIntents } from '../adapters/audit/open-intents.ts'
import { cronCalendar } from '../adapters/cron/cron-calendar.ts'
import { createStateFile, loadState } from '../adapters/files/state-file.ts'
import { hostClock } from '../adapters/host/clock.ts'
import { startHttpServer } from '../adapters/http/server.ts'
import { createEventLog } from '../adapters/log/event-log.ts'
import { createMetrics } from '../adapters/prometheus/metrics.ts'
import { AuditError, type AuditTrail } from '../app/audit.ts'
import { createAuditEvents } from '../app/audit-events.ts'
import { type Assignment, createDaemon } from '../app/daemon.ts'
import type { CurfewEvent, Emit } from '../app/events.ts'
import { createSkewClock } from '../app/skew-clock.ts'
import type { Configuration } from '../config/configuration.ts'
import { formatProblems } from '../config/problem.ts'
import { HOUR, toIso } from '../domain/instant.ts'
import { VERSION } from '../version.ts'
import { OperatorError } from './command.ts'
import { connectVpn, policySetOf, siteOf } from './compose-aws.ts'
import { readConfiguration } from './compose-files.ts'

export { fingerprint, watchFiles } from '../adapters/files/watch-files.ts'

const assignmentOf = (configuration: Configuration): Assignment => {
  const { mode, poll, termination, guard, watch, policySetHash } = configuration
  return {
    policies: policySetOf(configuration),
    schedule: poll.schedule,
    terminationRate: termination.rate,
    settings: {
      mode,
      staleAfterMs: poll.staleAfterMs,
      minGapMs: poll.minGapMs,
      termination,
      guard,
      policySetHash,
    },
    watch: watch.map((entry) => ({ site: siteOf(entry), endpoints: entry.endpoints, discover: entry.discover })),
  }
}

export const createLog = (level: string): Logger =>
  pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  })

/** Told when the trail fails and when it works again; counts what is written. */
const watchTrail = (
  trail: AuditTrail,
  emit: Emit,
  count: (outcome: 'written' | 'failed', records: number) => void,
): AuditTrail => {
  let fails = false
  return {
    ...trail,
    async write(records) {
      try {
        await trail.write(records)
        count('written', records.length)
        if (fails) emit({ event: 'writable-again', what: 'audit' })
        fails = false
      } catch (error) {
        count('failed', records.length)
        if (!fails && error instanceof AuditError) emit({ event: 'unwritable', what: 'audit', message: error.message })
        fails = true
        throw error
      }
    },
  }
}

const openTrail = async (file: string, log: Logger) => {
  try {
    const trail = await openAuditTrail({ file, onWait: (message) => log.warn({ file }, message) })
    const { repaired } = trail
    if (repaired !== undefined)
      log.warn({ file, ...repaired }, 'the audit trail had a torn end: it was cut off and kept beside it')
    return trail
  } catch (error) {
    if (error instanceof AuditError) throw new OperatorError(error.message)
    throw error
  }
}

/** The daemon and all that hears of what it does. */
export const composeDaemon = async (options: {
  readonly configuration: Configuration
  readonly log: Logger
  readonly listeners?: readonly Emit[]
}) => {
  const { log } = options
  let configuration = options.configuration
  const listeners: Emit[] = [createEventLog(log)]
  const emit = (event: CurfewEvent) => {
    for (const listen of listeners) listen(event)
  }
  const metrics = createMetrics({
    version: VERSION,
    policies: () => configuration.policies,
    changedAt: (policy) => daemon.changedAt(policy),
  })
  let said = { warned: false, apart: false }
  const skewClock = createSkewClock(hostClock, ({ skewMs, warned, apart }) => {
    metrics.observeSkew(skewMs)
    if (warned !== said.warned || apart !== said.apart) emit({ event: 'clock-skew', skewMs, apart, warned })
    said = { warned, apart }
  })
  const opened = await openTrail(configuration.audit.file, log)
  const audit = watchTrail(opened, emit, metrics.observeAudit)
  const { state, setAside } = await loadState(configuration.state.file)
  if (setAside !== undefined) {
    log.warn(
      setAside,
      'the state file was set aside: grace, cooldown and idle marks begin anew, and the guard takes every policy for new',
    )
  }
  listeners.push(
    metrics.observe,
    createAuditEvents(audit, () => configuration.policySetHash),
    ...(options.listeners ?? []),
  )
  const daemon = createDaemon({
    assignment: assignmentOf(configuration),
    connect: (site) => connectVpn(site, () => configuration.poll, skewClock, metrics.observeRequest, skewClock.hear),
    calendar: cronCalendar,
    clock: skewClock,
    random: Math.random,
    emit,
    audit,
    state,
    openIntents: await openIntents(configuration.audit.file, hostClock.now() - HOUR),
    store: createStateFile(configuration.state.file),
  })

  const status = () => ({
    version: VERSION,
    now: toIso(hostClock.now()),
    mode: configuration.mode,
    policySetHash: configuration.policySetHash,
    policies: configuration.policies.map(({ name, kind, mode }) => ({ name, kind: kind.kind, mode })),
    audit: audit.head(),
    endpoints: daemon.status().map(({ endpoint, snapshotAt, error, decisions, plan, openTerminations }) => ({
      endpointId: endpoint.id,
      name: endpoint.name,
      account: endpoint.account ?? null,
      region: endpoint.region,
      blind: decisions === undefined,
      snapshotAt: snapshotAt === undefined ? null : toIso(snapshotAt),
      error: error ?? null,
      active: decisions?.active ?? null,
      terminate: plan?.terminate.length ?? null,
      held: plan?.held.length ?? null,
      audit: plan?.audit.length ?? null,
      openTerminations,
      nextAt: decisions === undefined ? null : toIso(decisions.wakeAt),
    })),
  })

  return {
    daemon,

    startServer: () =>
      startHttpServer(
        configuration.server,
        {
          registry: metrics.registry,
          healthy: () => skewClock.now() - daemon.turnedAt() < STUCK_AFTER_MS,
          ready: () =>
            daemon.status().every(({ snapshotAt, error }) => snapshotAt !== undefined || error !== undefined),
          status,
        },
        log,
      ),

    /** Takes a new configuration, or keeps the last good one and says why. Returns what was read. */
    async reload(path: string): Promise<readonly string[]> {
      const loaded = readConfiguration(path)
      if (loaded.configuration === undefined) {
        emit({ event: 'reload-refused', problems: formatProblems(loaded.problems) })
        return loaded.sources
      }
      const next = loaded.configuration
      for (const key of ['server', 'audit', 'state', 'poll'] as const) {
        if (JSON.stringify(next[key]) === JSON.stringify(configuration[key])) continue
        if (key === 'poll') daemon.reconnect()
        else log.warn({ [key]: next[key] }, `a new "${key}" takes effect at the next start`)
      }
      const before = configuration
      const { server, audit: auditFile, state: stateFile } = before
      configuration = { ...next, server, audit: auditFile, state: stateFile }
      log.level = next.log.level
      await daemon.reload(assignmentOf(configuration))
      for (const change of usersFileChanges(before.usersFiles, next.usersFiles)) emit(change)
      return loaded.sources
    },

    /** The head of the trail, which an outside copy can prove the file with; then lets go of it. */
    async close(): Promise<void> {
      // What was written last counts as well.
      await audit.close()
      const { seq, hash } = audit.head()
      log.info({ event: 'audit-head', file: configuration.audit.file, seq, hash }, 'the audit trail ends here')
    },

    tellHead(): void {
      const { seq, hash } = audit.head()
      log.info({ event: 'audit-head', file: configuration.audit.file, seq, hash }, 'the audit trail so far')
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
