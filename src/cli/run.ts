import { parseDuration } from '../domain/time/duration.ts'
import { HOUR } from '../domain/time/instant.ts'
import { CONFIG_OPTION, type Command, EXIT, OperatorError, stringOf, UsageError } from './command.ts'
import { clock } from './compose-aws.ts'
import { composeDaemon, createLog, fingerprint, watchFiles } from './compose-daemon.ts'
import { readConfiguration } from './compose-files.ts'
import { configurationOrComplain } from './problems.ts'

const help = `Usage: curfew run [--config FILE] [--once [--timeout 10m]]

Watches the endpoints of the configuration and ends what the policies condemn. With "mode: audit" it only says what it
would end. SIGHUP, and any change of the files, loads them anew; SIGTERM or SIGINT stops it in order.

Options:
  -c, --config FILE  the daemon's file (default config/curfew.yaml)
      --once         one complete cycle over all endpoints, its terminations proven, then stop
      --timeout D    with --once: give up after so long (default 10m)

Environment: LOG_FORMAT=pretty for a log that people read; the AWS SDK's own variables.

Exit code: 0; 1 if the configuration has problems, or, with --once, if an endpoint could not be read, a termination
failed or time ran out.`

const timeoutOf = (text: string | undefined, once: boolean): number => {
  if (text !== undefined && !once) throw new UsageError('--timeout goes with --once')
  const parsed = parseDuration(text ?? '10m')
  if ('problem' in parsed) throw new UsageError(`--timeout: ${parsed.problem}`)
  return parsed.ms
}

export const run: Command = {
  help,
  options: { ...CONFIG_OPTION, once: { type: 'boolean' }, timeout: { type: 'string' } },
  async run({ values, positionals }) {
    if (positionals.length > 0) throw new UsageError(`run takes no "${positionals[0]}"`)
    const once = values.once === true
    const timeoutMs = timeoutOf(stringOf(values.timeout), once)
    const path = String(values.config)
    // Read twice: an edit between the second reading and the first look of the watcher is then seen.
    const taken = await fingerprint(readConfiguration(path).sources)
    const { configuration, sources } = configurationOrComplain(readConfiguration(path))
    if (configuration === undefined) return EXIT.failed

    let failed = false
    const log = await createLog(configuration.log.level)
    const composed = await composeDaemon({
      configuration,
      log,
      listeners: [
        (event) => {
          if (event.event === 'poll-failed' || event.event === 'blind' || event.event === 'discovery-failed')
            failed = true
          if (event.event === 'termination' && (event.outcome === 'failed' || event.outcome === 'gave-up'))
            failed = true
        },
      ],
    })
    const stop = new AbortController()
    const onSignal = () => {
      // A second signal means: now.
      if (stop.signal.aborted) process.exit(EXIT.failed)
      stop.abort()
    }
    process.on('SIGTERM', onSignal)
    process.on('SIGINT', onSignal)

    if (once) {
      const ended = await composed.daemon.once(timeoutMs, stop.signal)
      await composed.close()
      return ended === 'done' && !failed ? EXIT.ok : EXIT.failed
    }

    const server = await composed.startServer().catch((error: NodeJS.ErrnoException) => {
      const { host, port } = configuration.server
      void composed.close()
      if (error instanceof OperatorError) throw error
      throw new OperatorError(`cannot listen on ${host}:${port} (${error.code}): choose another "server" in ${path}`)
    })
    log.info({ event: 'listening', url: server.url }, `metrics at ${server.url}/metrics`)
    let watched = sources
    let reloading = Promise.resolve()
    // One after the other: the last one wins.
    const reload = () => {
      reloading = reloading.then(async () => {
        watched = await composed.reload(path)
      })
      return reloading
    }
    process.on('SIGHUP', () => void reload())
    const watching = watchFiles({ sources: () => watched, clock, signal: stop.signal, taken, onChange: reload })
    const headEvery = setInterval(composed.tellHead, HOUR)
    await composed.daemon.run(stop.signal)
    clearInterval(headEvery)
    await Promise.all([watching, server.close()])
    await composed.close()
    return EXIT.ok
  },
}
