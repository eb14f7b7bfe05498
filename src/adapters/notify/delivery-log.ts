import type { Logger } from 'pino'
import type { Clock } from '../../app/clock.ts'
import { MINUTE } from '../../domain/time/instant.ts'
import type { DeliveryReport } from './delivery.ts'

/** What an operator should know of deliveries: when they begin to fail, when they work again, and, once a minute, what was lost. */
export const createDeliveryLog = (log: Logger, clock: Clock) => {
  /** Lost since the last line, by target. */
  const untold = new Map<string, { count: number; code: string }>()
  const stop = new AbortController()

  const tellLost = (target: string, count: number, code: string) =>
    log.error(
      { event: 'notification-lost', target, count, code },
      `${count} notification(s) were not delivered: ${code}`,
    )

  const lost = (target: string, count: number, code: string): void => {
    const since = untold.get(target)
    if (since !== undefined) {
      since.count += count
      since.code = code
      return
    }
    tellLost(target, count, code)
    if (stop.signal.aborted) return
    untold.set(target, { count: 0, code })
    void clock.sleep(MINUTE, stop.signal).then(() => {
      const more = untold.get(target)
      untold.delete(target)
      if (more !== undefined && more.count > 0) lost(target, more.count, more.code)
    })
  }

  return {
    tell(target: string, report: DeliveryReport): void {
      if (report.outcome === 'lost') return lost(target, report.count, report.code)
      const { outcome, failures } = report
      if (outcome === 'retried' && failures === 1) {
        const { code } = report
        log.warn({ event: 'notification-delayed', target, code }, `a notification is tried again: ${code}`)
      }
      if (outcome === 'delivered' && failures > 0) {
        log.info({ event: 'notification-resumed', target, failures }, 'notifications are delivered again')
      }
    },

    /** Tells what is untold. */
    close(): void {
      stop.abort()
      for (const [target, { count, code }] of untold) if (count > 0) tellLost(target, count, code)
      untold.clear()
    },
  }
}
