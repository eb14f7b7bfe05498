import { onAborted } from '../app/on-aborted.ts'
import { within } from '../app/within.ts'
import { parseDuration } from '../domain/time/duration.ts'
import { DAY, SECOND } from '../domain/time/instant.ts'
import { CONFIG_OPTION, type Command, complain, EXIT, OperatorError, stringOf, UsageError } from './command.ts'
import { clock } from './compose-aws.ts'
import { composeDaemon, createLog, fingerprint, watchFiles } from './compose-daemon.ts'
import { readConfiguration } from './compose-files.ts'
import { listenFault } from './doctor/server.ts'
import { exit } from './exit.ts'
import { keepHeapLean } from './lean-heap.ts'
import { asLogged, configurationOrComplain } from './problems.ts'

/** How long the stop waits for a slow reader of the log. */
const LAST_LINES_MS = SECOND

/** A replica for a moment would make the others hand units over, and take them back. */
const NO_ONCE =
  '--once does not work with "engine: postgres", whose replicas run all the time and share the units: start "curfew run" without --once, or see with "curfew plan" what would end'

const NO_ENGINE =
  '--replica is for one of several processes, and this configuration has no "engine: { kind: postgres }": each of them would end sessions on its own, with a trail, a guard and rates of its own. Add "engine" (docs/replicas.md), or start a single process without --replica'

const LEFT_UP =
  'connections that must end were given up and may still be up: "curfew connections" shows which, and when each is tried again'

const timeoutOf = (text: string | undefined, once: boolean): number => {
  if (text !== undefined && !once) throw new UsageError('--timeout is valid only with --once')
  const parsed = parseDuration(text ?? '10m')
  if ('problem' in parsed) throw new UsageError(`--timeout: ${parsed.problem}`)
  if (parsed.ms > DAY) throw new UsageError('--timeout: expected at most 1d')
  return parsed.ms
}

/**
 * The value of a part of the start, or `stopped` soon after the signal. The part may be waiting for a disk that does not
 * answer; otherwise it has this long to put things in order.
 */
const unlessStopped = async <Value>(part: Promise<Value>, signal: AbortSignal): Promise<Value | 'stopped'> => {
  const stopped = new Promise<'stopped'>((resolve) => {
    onAborted(signal, () => setTimeout(() => resolve('stopped'), LAST_LINES_MS).unref())
  })
  try {
    return await Promise.race([part, stopped])
  } catch (error) {
    if (signal.aborted) return 'stopped'
    throw error
  }
}

export const run: Command = {
  about: `Watches the endpoints of the configuration and ends connections that violate a policy. With "mode: audit"
it only reports which connections it would end. It loads the files again when one of them changes, and on SIGHUP.
SIGTERM or SIGINT stops it, after the calls in flight have ended.`,
  options: {
    ...CONFIG_OPTION,
    once: { summary: 'read every endpoint once, end what is due, confirm it, then stop; not with replicas' },
    replica: { summary: 'refuse to start without "engine: postgres", as one of several processes' },
    timeout: { value: 'D', summary: 'stop after this time in any case, with --once (default 10m)' },
  },
  notes: `Environment: LOG_FORMAT is json (the default) or pretty, which is easier to read. The AWS SDK reads its own
variables.`,
  exitCodes:
    '0; 1 if the configuration has errors, or if another process took over the audit trail because this one seemed dead. With --once also 1 if an endpoint could not be read, a termination failed, a connection is up that was given up, or the time ran out.',
  async run({ values }) {
    keepHeapLean()
    const once = values.once === true
    const timeoutMs = timeoutOf(stringOf(values.timeout), once)
    const path = String(values.config)
    const stop = new AbortController()
    const onSignal = () => {
      // A second signal does not wait for the calls in flight.
      if (stop.signal.aborted) exit(EXIT.failed)
      stop.abort()
    }
    process.on('SIGTERM', onSignal)
    process.on('SIGINT', onSignal)
    // The files are read twice. Thus the watcher notices an edit made between the second read and its own first look.
    const firstFingerprint = await unlessStopped(fingerprint(readConfiguration(path).sources), stop.signal)
    if (firstFingerprint === 'stopped') return EXIT.ok
    const { configuration, sources } = configurationOrComplain(asLogged(readConfiguration(path)))
    if (configuration === undefined) return EXIT.failed

    if (once && configuration.engine.kind === 'postgres') throw new OperatorError(NO_ONCE)
    if (values.replica === true && configuration.engine.kind !== 'postgres')
      throw new OperatorError(`${path}: ${NO_ENGINE}`)

    let failed = false
    const { log, output, names } = createLog(configuration.log.level)
    const leave = async (code: number) => {
      const lines = await output.close(LAST_LINES_MS)
      if (lines > 0) complain(`curfew: ${lines} line(s) of the log could not be written`)
      // Messages that nobody reads on standard error must not keep the process. The timer itself does not keep it.
      setTimeout(() => exit(code), LAST_LINES_MS).unref()
      return code
    }
    const composing = composeDaemon({
      configuration,
      stop: stop.signal,
      log,
      output,
      names,
      listeners: [
        (event) => {
          if (event.event === 'poll-failed' || event.event === 'blind' || event.event === 'discovery-failed')
            failed = true
          if (event.event === 'termination' && (event.outcome === 'failed' || event.outcome === 'gave-up'))
            failed = true
        },
      ],
    })
    const composed = await unlessStopped(composing, stop.signal)
    if (composed === 'stopped') {
      log.info({ event: 'stopped' }, 'stopped before the daemon had its files')
      return leave(EXIT.ok)
    }
    const finish = async (code: number) => {
      await composed.close()
      return leave(code)
    }
    onAborted(composed.lockLost, () => stop.abort())
    const exitCode = (ok: boolean) => (ok && !composed.lockLost.aborted ? EXIT.ok : EXIT.failed)

    if (composed.once !== undefined && once) {
      const ended = await composed.once(timeoutMs, stop.signal)
      if (ended === 'left-up') log.error({ event: 'left-up' }, LEFT_UP)
      return finish(exitCode(ended === 'done' && !failed))
    }

    const starting = composed.startServer().catch((error: NodeJS.ErrnoException) => {
      const { host, port } = configuration.server
      void composed.close()
      if (error instanceof OperatorError) throw error
      const { found, advice } = listenFault(error.code ?? 'unknown', host, port)
      throw new OperatorError(`${path}: ${found}: ${advice}`)
    })
    const server = await unlessStopped(starting, stop.signal)
    if (server === 'stopped') return finish(exitCode(true))
    log.info({ event: 'listening', url: server.url }, `metrics at ${server.url}/metrics`)
    let watched = sources
    let reloading = Promise.resolve()
    // Reloads run one after the other, so that the files of the last edit are in force at the end.
    const reload = () => {
      reloading = reloading.then(async () => {
        watched = await composed.reload(path)
      })
      return reloading
    }
    process.on('SIGHUP', () => void reload())
    const watching = watchFiles({
      sources: () => watched,
      clock,
      signal: stop.signal,
      taken: firstFingerprint,
      onChange: reload,
    })
    await composed.run(stop.signal)
    await within(clock, LAST_LINES_MS, Promise.all([watching, server.close()]))
    return finish(exitCode(true))
  },
}
