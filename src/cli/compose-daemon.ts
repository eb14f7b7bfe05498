import type { Logger } from 'pino'
import { openAuditTrail } from '../adapters/audit/audit-trail.ts'
import { openIntents } from '../adapters/audit/open-intents.ts'
import { cronSchedule } from '../adapters/cron/cron-schedule.ts'
import { createStateFile, loadState } from '../adapters/files/state-file.ts'
import { hostClock } from '../adapters/host/clock.ts'
import { CredentialsError } from '../adapters/http/credentials.ts'
import { startHttpServer } from '../adapters/http/server.ts'
import { createEventLog } from '../adapters/log/event-log.ts'
import { createLogger, LOG_FORMATS } from '../adapters/log/logger.ts'
import { createMetrics } from '../adapters/prometheus/metrics.ts'
import { AuditError, type AuditTrail } from '../app/audit.ts'
import { createAuditEvents } from '../app/audit-events.ts'
import { type Assignment, createDaemon } from '../app/daemon.ts'
import type { CurfewEvent, Emit } from '../app/events.ts'
import { createReadBudgets } from '../app/read-budget.ts'
import { createSkewClock } from '../app/skew-clock.ts'
import type { Configuration } from '../config/configuration.ts'
import { formatProblems } from '../config/yaml/problem.ts'
import { HOUR, toIso } from '../domain/time/instant.ts'
import { VERSION } from '../version.ts'
import { OperatorError } from './command.ts'
import { connectVpn, policySetOf, siteOf } from './compose-aws.ts'
import { readConfiguration } from './compose-files.ts'
import { composeNotifier, readTargets } from './compose-notify.ts'

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

/** `LOG_FORMAT` says for whom: `json`, or `pretty` for a terminal. */
export const createLog = (level: string, format = process.env.LOG_FORMAT ?? 'json'): Promise<Logger> => {
  const known = LOG_FORMATS.find((one) => one === format)
  if (known === undefined) throw new OperatorError(`LOG_FORMAT is "${format}", expected ${LOG_FORMATS.join(' or ')}`)
  return createLogger(level, known)
}

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
        if (fails) emit({ event: 'writable', what: 'audit' })
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
    const trail = await openAuditTrail({
      file,
      onWait: (message) => log.warn({ event: 'audit-waiting', file }, message),
    })
    const { repaired } = trail
    if (repaired !== undefined)
      log.warn(
        { event: 'audit-repaired', file, ...repaired },
        'the audit trail had a torn end: it was cut off and kept beside it',
      )
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
  const told = readTargets(configuration.notify)
  if ('problems' in told) throw new OperatorError(told.problems.join('\n'))
  const listeners: Emit[] = [createEventLog(log)]
  const emit = (event: CurfewEvent) => {
    for (const listen of listeners) listen(event)
  }
  const metrics = createMetrics({
    version: VERSION,
    policies: () => configuration.policies,
    targets: () => configuration.notify.map(({ name }) => name),
    changedAt: (policy) => daemon.changedAt(policy),
  })
  let said = { warned: false, apart: false }
  const skewClock = createSkewClock(hostClock, ({ skewMs, warned, apart }) => {
    metrics.observeSkew(skewMs)
    if (warned !== said.warned || apart !== said.apart) emit({ event: 'clock-skew', skewMs, apart, warned })
    said = { warned, apart }
  })
  const notifier = composeNotifier({ ...told, clock: skewClock, log, count: metrics.observeNotification })
  const opened = await openTrail(configuration.audit.file, log)
  const audit = watchTrail(opened, emit, metrics.observeAudit)
  const { state, setAside } = await loadState(configuration.state.file)
  if (setAside !== undefined) {
    log.warn(
      { event: 'state-set-aside', ...setAside },
      'the state file was set aside: grace, cooldown and idle marks begin anew, and the guard takes every policy for new',
    )
  }
  listeners.push(
    metrics.observe,
    createAuditEvents(audit, () => configuration.policySetHash),
    notifier.observe,
    (event) => {
      // What waits has two seconds, beside the calls that are still out: together they must not hold up the stop.
      if (event.event === 'stopping') void notifier.close()
    },
    ...(options.listeners ?? []),
  )
  const budgets = createReadBudgets(skewClock)
  const daemon = createDaemon({
    assignment: assignmentOf(configuration),
    connect: (site) =>
      connectVpn(site, () => configuration.poll, budgets, skewClock, metrics.observeRequest, skewClock.hear),
    scheduleOf: cronSchedule,
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

    startServer: async () => {
      // Until then there is no endpoint to speak of, and no loop that could turn.
      let started = false
      listeners.push(({ event }) => {
        started ||= event === 'started'
      })
      const shown = {
        registry: metrics.registry,
        healthy: () => !started || skewClock.now() - daemon.turnedAt() < STUCK_AFTER_MS,
        ready: () =>
          started && daemon.status().every(({ snapshotAt, error }) => snapshotAt !== undefined || error !== undefined),
        status,
      }
      try {
        return await startHttpServer(configuration.server, shown, { log, clock: hostClock })
      } catch (error) {
        if (error instanceof CredentialsError) throw new OperatorError(error.message)
        throw error
      }
    },

    /** Takes a new configuration, or keeps the last good one and says why. Returns what was read. */
    async reload(path: string): Promise<readonly string[]> {
      const loaded = readConfiguration(path)
      if (loaded.configuration === undefined) {
        emit({
          event: 'reload-refused',
          problems: formatProblems(loaded.problems.filter(({ severity }) => severity === 'error')),
        })
        return loaded.sources
      }
      const next = loaded.configuration
      const nextTold = readTargets(next.notify)
      if ('problems' in nextTold) {
        emit({ event: 'reload-refused', problems: nextTold.problems })
        return loaded.sources
      }
      for (const key of ['server', 'audit', 'state', 'poll'] as const) {
        if (JSON.stringify(next[key]) === JSON.stringify(configuration[key])) continue
        if (key === 'poll') daemon.reconnect()
        else log.warn({ event: 'restart-needed', key }, `a new "${key}" takes effect at the next start`)
      }
      const before = configuration
      const { server, audit: auditFile, state: stateFile } = before
      configuration = { ...next, server, audit: auditFile, state: stateFile }
      log.level = next.log.level
      notifier.take(nextTold.targets)
      await daemon.reload(assignmentOf(configuration))
      for (const change of usersFileChanges(before.usersFiles, next.usersFiles)) emit(change)
      return loaded.sources
    },

    /** The head of the trail, which an outside copy can prove the file with; then lets go of it. */
    async close(): Promise<void> {
      await notifier.close()
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
    const added = [...now].filter((entry) => !old.has(entry)).length
    const removed = [...old].filter((entry) => !now.has(entry)).length
    return added + removed === 0
      ? []
      : [{ event: 'users-file-changed' as const, file, entries: now.size, added, removed }]
  })
