import type { Logger } from 'pino'
import type { Clock } from '../../app/clock.ts'
import { MINUTE } from '../../domain/time/instant.ts'
import type { NamesInLog } from '../log/names-in-log.ts'
import type { DeliveryReport } from './delivery.ts'

/** Notifications that did not reach anybody. */
interface Loss {
  readonly count: number
  readonly code: string
  readonly advice?: string
  /** Logs what has come together. */
  readonly tell?: (loss: Loss) => void
}

/**
 * Logs when deliveries to a target start to fail, when they work again and, at most once a minute, how many were lost.
 */
export const createDeliveryLog = (log: Logger, names: Pick<NamesInLog, 'name'>, clock: Clock) => {
  /** Losses since the last line, by target. */
  const pending = new Map<string, Loss>()
  const stop = new AbortController()

  const logLoss = (target: string, { count, code, advice = 'Check the receiver and its entry in "notify"' }: Loss) =>
    log.error(
      { event: 'notification-lost', target, count, code },
      `${count} notification(s) to "${target}" were lost: ${code}. ${advice}; the log has the events, and the audit trail has each lost warning`,
    )

  const logNoAddress = (target: string, { count, code: username }: Loss) =>
    log.warn(
      { event: 'notification-no-address', target, count, username },
      `${count} notification(s) to "${target}" have no address, such as that of "${username}": add a line to the file of "people"`,
    )

  /** Logs the first loss at once, and later ones once a minute. */
  const add = (key: string, loss: Loss, tell: (loss: Loss) => void): void => {
    const waiting = pending.get(key)
    if (waiting !== undefined) {
      pending.set(key, { ...loss, tell, count: waiting.count + loss.count })
      return
    }
    tell(loss)
    if (stop.signal.aborted) return
    pending.set(key, { ...loss, tell, count: 0 })
    void clock.sleep(MINUTE, stop.signal).then(() => {
      const more = pending.get(key)
      pending.delete(key)
      if (more !== undefined && more.count > 0) add(key, more, tell)
    })
  }

  return {
    tell(target: string, report: DeliveryReport): void {
      if (report.outcome === 'lost') return add(`lost ${target}`, report, (loss) => logLoss(target, loss))
      if (report.outcome === 'no-address') {
        const { count, name } = report
        return add(`no-address ${target}`, { count, code: names.name(name) }, (loss) => logNoAddress(target, loss))
      }
      const { outcome, failures } = report
      if (outcome === 'retried' && failures === 1) {
        const { code, advice } = report
        log.warn(
          { event: 'notification-delayed', target, code },
          `notifications to "${target}" are delayed: ${code}. ${advice === undefined ? '' : `${advice}. `}Curfew tries again`,
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
      for (const { tell, ...loss } of pending.values()) if (loss.count > 0) tell?.(loss)
      pending.clear()
    },
  }
}
