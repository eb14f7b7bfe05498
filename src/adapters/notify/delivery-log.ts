import type { Logger } from 'pino'
import type { Clock } from '../../app/clock.ts'
import { MINUTE } from '../../domain/time/instant.ts'
import type { DeliveryReport } from './delivery.ts'

/**
 * Logs when deliveries to a target start to fail, when they work again and, at most once a minute, how many were lost.
 */
export const createDeliveryLog = (log: Logger, clock: Clock) => {
  /** Losses since the last line, by target. */
  const pending = new Map<string, { count: number; code: string }>()
  const stop = new AbortController()

  const logLoss = (target: string, count: number, code: string) =>
    log.error(
      { event: 'notification-lost', target, count, code },
      `${count} notification(s) to "${target}" were lost: ${code}. Check the receiver and its entry in "notify"; the audit trail has the events`,
    )

  const addLoss = (target: string, count: number, code: string): void => {
    const waiting = pending.get(target)
    if (waiting !== undefined) {
      waiting.count += count
      waiting.code = code
      return
    }
    logLoss(target, count, code)
    if (stop.signal.aborted) return
    pending.set(target, { count: 0, code })
    void clock.sleep(MINUTE, stop.signal).then(() => {
      const more = pending.get(target)
      pending.delete(target)
      if (more !== undefined && more.count > 0) addLoss(target, more.count, more.code)
    })
  }

  return {
    tell(target: string, report: DeliveryReport): void {
      if (report.outcome === 'lost') return addLoss(target, report.count, report.code)
      const { outcome, failures } = report
      if (outcome === 'retried' && failures === 1) {
        const { code } = report
        log.warn(
          { event: 'notification-delayed', target, code },
          `notifications to "${target}" are delayed: ${code}. Curfew tries again`,
        )
      }
      if (outcome === 'delivered' && failures > 0) {
        log.info(
          { event: 'notification-resumed', target, failures },
          `notifications to "${target}" are delivered again after ${failures} failure(s)`,
        )
      }
    },

    /** Logs the losses that no line has reported yet. */
    close(): void {
      stop.abort()
      for (const [target, { count, code }] of pending) if (count > 0) logLoss(target, count, code)
      pending.clear()
    },
  }
}
