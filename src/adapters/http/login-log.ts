import type { Logger } from 'pino'
import type { Clock } from '../../app/clock.ts'
import { MINUTE } from '../../domain/time/instant.ts'
import type { NamesInLog } from '../log/names-in-log.ts'

/**
 * Logs failed logins: the first at once, further ones once a minute with their number. The name that was tried is not
 * logged, because people type passwords into the wrong field.
 */
export const createLoginLog = (options: {
  readonly log: Logger
  readonly names: Pick<NamesInLog, 'name'>
  readonly clock: Pick<Clock, 'sleep'>
  readonly signal: AbortSignal
}) => {
  const { log, names, clock, signal } = options
  let last: string | undefined
  let count = 0
  let isPaused = false

  const write = () => {
    log.warn(
      { event: 'login-failed', count, address: last },
      `${count} login(s) failed at the HTTP server, the last from ${last}: correct the password or the token there, or find out who it is`,
    )
    count = 0
    isPaused = true
    void clock.sleep(MINUTE, signal).then(() => {
      isPaused = false
      if (count > 0) write()
    })
  }

  return (address: string | undefined): void => {
    last = address === undefined ? 'an unknown address' : names.name(address)
    count++
    if (!isPaused) write()
  }
}
