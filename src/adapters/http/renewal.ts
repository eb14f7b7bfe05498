import { isDeepStrictEqual } from 'node:util'
import type { Logger } from 'pino'
import type { Clock } from '../../app/clock.ts'
import type { ServerSettings } from '../../config/configuration.ts'
import { MINUTE } from '../../domain/time/instant.ts'
import { agingCertificate } from './certificate-life.ts'
import { type Credentials, CredentialsError, readCredentials } from './credentials.ts'

/** Logs once that a certificate has expired or soon will. Clients refuse it, and nothing else would say so. */
const createAgeLog = (clock: Pick<Clock, 'now'>, log: Logger) => {
  let last: string | undefined
  return ({ lives }: Pick<Credentials, 'lives'>) => {
    const aging = agingCertificate(lives, clock.now())
    if (aging !== undefined && aging.found !== last) {
      log.warn({ event: 'certificate-aging', state: aging.state }, `${aging.found}: renew it`)
    }
    last = aging?.found
  }
}

/**
 * Reads the files of `server` again each minute, because other programs renew them, and calls `onChange` if their
 * content has changed. Files that cannot be used are logged once, and the current credentials stay in use. Runs until
 * the signal is aborted.
 */
export const watchCredentials = async (options: {
  readonly settings: ServerSettings
  readonly current: Credentials
  readonly onChange: (next: Credentials) => void
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly log: Logger
}): Promise<void> => {
  const { settings, onChange, clock, signal, log } = options
  if (settings.tls === undefined && settings.bearerTokenFile === undefined) return
  let { current } = options
  let lastProblem: string | undefined
  const logAge = createAgeLog(clock, log)
  logAge(current)
  while (!signal.aborted) {
    await clock.sleep(MINUTE, signal)
    if (signal.aborted) return
    try {
      const next = await readCredentials(settings)
      lastProblem = undefined
      logAge(next)
      if (isDeepStrictEqual(next, current)) continue
      current = next
      onChange(next)
      log.info(
        { event: 'credentials-renewed' },
        'the HTTP server uses the renewed certificates or the renewed token from now on',
      )
    } catch (error) {
      if (!(error instanceof CredentialsError)) throw error
      const { code, message } = error
      if (message !== lastProblem) {
        log.error({ event: 'credentials-refused', code }, `${message}. The previous certificates and token stay in use`)
      }
      lastProblem = message
    }
  }
}
