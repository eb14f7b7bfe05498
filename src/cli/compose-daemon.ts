import type { Logger } from 'pino'
import { cronSchedule } from '../adapters/cron/cron-schedule.ts'
import { createHistoryFile } from '../adapters/history/history-file.ts'
import { hostClock } from '../adapters/host/clock.ts'
import { CredentialsError } from '../adapters/http/credentials.ts'
import { startHttpServer } from '../adapters/http/server.ts'
import { statusPage } from '../adapters/http/status-page.ts'
import { createEventLog } from '../adapters/log/event-log.ts'
import { LogOutput } from '../adapters/log/log-output.ts'
import { createLogger, LOG_FORMATS } from '../adapters/log/logger.ts'
import { createNamesInLog, type NamesInLog } from '../adapters/log/names-in-log.ts'
import { createRecentEvents } from '../adapters/log/recent-events.ts'
import { createMetrics } from '../adapters/prometheus/metrics.ts'
import { createConnectionHistory } from '../app/connection-history.ts'
import type { Emit, RefusedReload } from '../app/events.ts'
import { faultText } from '../app/fault.ts'
import { createPolicyFacts } from '../app/policy-facts.ts'
import { createReadBudgets } from '../app/read-budget.ts'
import { isEditToAudit } from '../app/settings.ts'
import { giveWay } from '../app/slices.ts'
import { within } from '../app/within.ts'
import { type Configuration, KEYS_OF_THE_START } from '../config/configuration.ts'
import { formatProblems } from '../config/yaml/problem.ts'
import type { Mode } from '../domain/policies/policy.ts'
import { SECOND, toIso } from '../domain/time/instant.ts'
import { VERSION } from '../version.ts'
import { assignmentOf, readPolicySet } from './assignment.ts'
import { complain, OperatorError } from './command.ts'
import { connectVpn } from './compose-aws.ts'
import { composeOnEngine } from './compose-engine.ts'
import { createExposureWarnings } from './compose-exposure.ts'
import { readConfiguration } from './compose-files.ts'
import { composeLinks, extendUrlOf } from './compose-links.ts'
import { composeNotifier, readTargets } from './compose-notify.ts'
import { composeOutgoing } from './compose-outgoing.ts'
import { readPseudonymKey } from './compose-pseudonyms.ts'

export { fingerprint, watchFiles } from '../adapters/files/watch-files.ts'

/** How long a stop waits for the last lines of the history. */
const HISTORY_WITHIN_MS = 1.5 * SECOND

/** The log on standard output. `LOG_FORMAT` is `json` for programs, `pretty` for a terminal. */
export const createLog = (level: string, format = process.env.LOG_FORMAT ?? 'json') => {
  const known = LOG_FORMATS.find((one) => one === format)
  if (known === undefined) throw new OperatorError(`LOG_FORMAT is "${format}", expected ${LOG_FORMATS.join(' or ')}`)
  const output = new LogOutput()
  const names = createNamesInLog()
  const log = createLogger({ level, format: known, names, destination: output })
  output.on('failed', (code) => {
    const cause = code === 'EAGAIN' ? 'nobody reads standard output' : `standard output cannot be written (${code})`
    complain(`curfew: the log is incomplete, because ${cause}: policies are enforced without it`)
  })
  output.on('resumed', (lines) =>
    log.warn(
      { event: 'log-lines-dropped', lines },
      `${lines} line(s) of the log were dropped, because they could not be written: check the reader of the log, or its disk`,
    ),
  )
  return { log, output, names }
}

/** Constructs the daemon and its adapters. */
export const composeDaemon = async (options: {
  readonly configuration: Configuration
  readonly log: Logger
  /** Ends the wait for the audit file. */
  readonly stop?: AbortSignal | undefined
  /** Where the log goes, to count the lines that are dropped. */
  readonly output: LogOutput
  readonly names: NamesInLog
  readonly listeners?: readonly Emit[]
}) => {
  const { log, names } = options
  let configuration = options.configuration
  const notify = readTargets(configuration.notify)
  if ('problems' in notify) throw new OperatorError(notify.problems.join('\n'))
  const outgoing = composeOutgoing()
  const factsOf = createPolicyFacts(() => configuration)
  const pseudonyms = readPseudonymKey(configuration.log)
  if ('problem' in pseudonyms) throw new OperatorError(pseudonyms.problem)
  names.take(pseudonyms.key)
  const links = composeLinks(configuration.server)
  const exposure = createExposureWarnings(log)
  await exposure.check(configuration)
  const metrics = createMetrics({
    version: VERSION,
    engine: configuration.engine.kind,
    policies: () => configuration.policies,
    targets: () => configuration.notify.map(({ name }) => name),
    changedAt: (policy) => service.changedAt(policy),
  })
  options.output.on('dropped', metrics.observeDroppedLine)
  const createListeners = (clock: typeof hostClock) => {
    const notifier = composeNotifier({
      ...notify,
      clock,
      log,
      names,
      outgoing,
      count: metrics.observeNotification,
      emit: (event) => service.emit(event),
      factsOf,
      extendUrlOf: (warning) => links && extendUrlOf(links, warning),
      people: () => configuration.people,
    })
    const closeAtStop: Emit = ({ event }) => {
      // Waiting notifications get two seconds, in parallel with the calls in flight. They must not delay the stop
      // further.
      if (event === 'stopping') void notifier.close()
    }
    const logEvent = createEventLog(log, factsOf)
    const logged: Emit = (event) => logEvent(names.event(event))
    const recent = createRecentEvents({ names: showNames, clock, factsOf })
    const kept =
      configuration.history &&
      createConnectionHistory({
        file: createHistoryFile(configuration.history),
        clock,
        emit: (event) => service.emit(event),
      })
    const all = [logged, metrics.observe, notifier.observe, recent.observe, closeAtStop]
    return { notifier, recent, history: kept, all: kept === undefined ? all : [...all, kept.observe] }
  }
  // A reload does not change the server.
  const { showNames } = configuration.server
  let notifier: ReturnType<typeof composeNotifier> | undefined
  let recent: ReturnType<typeof createRecentEvents> | undefined
  let history: ReturnType<typeof createConnectionHistory> | undefined
  let budgets: ReturnType<typeof createReadBudgets> | undefined

  const { service, lockLost } = await composeOnEngine({
    configuration,
    assignment: assignmentOf(configuration),
    log,
    stop: options.stop ?? new AbortController().signal,
    ports: {
      host: hostClock,
      random: Math.random,
      connect: (site, account, { clock, hear, holds }) => {
        budgets ??= createReadBudgets(clock)
        const poll = () => configuration.poll
        return connectVpn({
          site,
          account,
          poll,
          budgets,
          clock,
          hear,
          outgoing,
          holds,
          observe: metrics.observeRequest,
        })
      },
      scheduleOf: cronSchedule,
      readPolicySet,
      listeners: (clock) => {
        const listeners = createListeners(clock)
        notifier = listeners.notifier
        recent = listeners.recent
        history = listeners.history
        return [...listeners.all, ...(options.listeners ?? [])]
      },
      countRecords: metrics.observeAudit,
      observeSkew: metrics.observeSkew,
    },
  }).catch(async (error: unknown) => {
    await notifier?.close()
    throw error
  })

  /** Refuses a configuration. A `mode: audit` in it is obeyed all the same: nobody who writes it waits for the rest. */
  const refuse = (reload: RefusedReload, writtenMode: Mode | undefined) => {
    service.emit({ event: 'reload-refused', ...reload })
    if (writtenMode !== 'audit' || configuration.mode === 'audit') return
    configuration = { ...configuration, mode: 'audit' }
    service.obeyAudit()
  }

  return {
    run: service.run,

    /** One cycle. Undefined where replicas share the work. */
    once: 'once' in service ? service.once : undefined,

    startServer: async () => {
      const shown = {
        registry: metrics.registry,
        healthy: service.isHealthy,
        ready: service.isReady,
        countFailedLogin: metrics.observeFailedLogin,
        extensions: links && {
          links,
          ...service.extensions,
          timeZoneOf: (policy: string) => factsOf(policy).timeZone,
          now: service.clock.now,
          countWrongLink: metrics.observeWrongLink,
        },
        status: () => ({ version: VERSION, now: toIso(service.clock.now()), ...service.status(showNames) }),
        page: async () =>
          statusPage({
            version: VERSION,
            names: showNames,
            events: recent?.all() ?? [],
            ...(await service.overview(showNames)),
          }),
      }
      try {
        return await startHttpServer(configuration.server, shown, { log, names, clock: hostClock })
      } catch (error) {
        if (error instanceof CredentialsError) throw new OperatorError(error.message)
        throw error
      }
    },

    /**
     * Reads the configuration again. A configuration with an error is refused as a whole, except for its `mode: audit`,
     * and the last valid one stays in force. Returns the files that were read.
     */
    async reload(path: string): Promise<readonly string[]> {
      const { problems, configuration: next, writtenMode, sources } = readConfiguration(path)
      if (next === undefined) {
        const errors = problems.filter(({ severity }) => severity === 'error')
        refuse({ source: 'files', problems: formatProblems(errors) }, writtenMode)
        return sources
      }
      const nextNotify = readTargets(next.notify)
      if ('problems' in nextNotify) {
        refuse({ source: 'secrets', problems: nextNotify.problems }, writtenMode)
        return sources
      }
      const nextPseudonyms = readPseudonymKey(next.log)
      if ('problem' in nextPseudonyms) {
        refuse({ source: 'secrets', problems: [nextPseudonyms.problem] }, writtenMode)
        return sources
      }
      const before = configuration
      const { server, audit, state, history, engine } = before
      const ofTheStart: Pick<Configuration, (typeof KEYS_OF_THE_START)[number]> = {
        server,
        audit,
        state,
        history,
        engine,
      }
      const accepted = { ...next, ...ofTheStart }
      try {
        // With a very long list, reading is a long turn, and the assignment another one.
        const pauses = !isEditToAudit(before.mode, next.mode)
        if (pauses) await giveWay(hostClock)
        const assignment = assignmentOf(accepted)
        if (pauses) await giveWay(hostClock)
        await service.reload(assignment, () => {
          configuration = accepted
          log.level = next.log.level
          names.take(nextPseudonyms.key)
          notifier?.take(nextNotify.targets)
        })
      } catch (error) {
        refuse({ source: 'fault', problems: [faultText(error)] }, writtenMode)
        return sources
      }
      for (const key of [...KEYS_OF_THE_START, 'poll'] as const) {
        if (JSON.stringify(next[key]) === JSON.stringify(before[key])) continue
        if (key === 'poll') service.reconnect()
        else
          log.warn(
            { event: 'restart-needed', key },
            `the change of "${key}" takes effect when the daemon is next started`,
          )
      }
      // A file on a disk that does not answer must not delay the next reload.
      void exposure.check(next)
      return sources
    },

    async close(): Promise<void> {
      const written = history && within(hostClock, HISTORY_WITHIN_MS, history.close())
      await notifier?.close()
      await service.close()
      await written
      await notifier?.closeHeads()
    },

    /** Aborted when another process holds the audit trail. */
    lockLost,
  }
}
