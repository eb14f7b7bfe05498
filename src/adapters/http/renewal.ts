import { isDeepStrictEqual } from 'node:util'
import type { Logger } from 'pino'
import type { Clock } from '../../app/clock.ts'
import type { ServerSettings } from '../../config/configuration.ts'
import { MINUTE } from '../../domain/time/instant.ts'
import { type Credentials, CredentialsError, readCredentials } from './credentials.ts'

/**
 * Reads the files of `server` anew each minute, for others renew them, and hands on what has changed. What cannot serve
 * is told once and left alone. Runs until the signal is aborted.
 */
export const watchCredentials = async (options: {
  readonly settings: ServerSettings
  readonly taken: Credentials
  readonly onChange: (next: Credentials) => void
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly log: Logger
}): Promise<void> => {
  const { settings, onChange, clock, signal, log } = options
  if (settings.tls === undefined && settings.bearerTokenFile === undefined) return
  let { taken } = options
  let said: string | undefined
  while (!signal.aborted) {
    await clock.sleep(MINUTE, signal)
    if (signal.aborted) return
    try {
      const next = await readCredentials(settings)
      said = undefined
      if (isDeepStrictEqual(next, taken)) continue
      taken = next
      onChange(next)
      log.info({ event: 'credentials-renewed' }, 'the server took renewed certificates or a renewed token')
    } catch (error) {
      if (!(error instanceof CredentialsError)) throw error
      const { code, message } = error
      if (message !== said) log.error({ event: 'credentials-refused', code }, `${message}; the old ones stay in use`)
      said = message
    }
  }
}
