import { msBetween } from '../domain/time/elapsed.ts'
import { HOUR, type Instant } from '../domain/time/instant.ts'
import type { AuditTrail } from './audit.ts'
import type { Clock } from './clock.ts'
import type { CurfewEvent, Emit } from './events.ts'

type HeadEvent = Extract<CurfewEvent, { event: 'audit-head' }>

/**
 * The head of the trail as an event. A head that is kept elsewhere proves later that no line up to it was changed. The
 * head of a start is that of the last stop, unless the last process was killed.
 */
export const auditHead = (occasion: HeadEvent['occasion'], audit: Pick<AuditTrail, 'head'>, at: Instant): HeadEvent => {
  const { seq, hash } = audit.head()
  return { event: 'audit-head', occasion, seq, hash, at }
}

/** Tells the head each hour. */
export const createHourlyHeads = (
  audit: Pick<AuditTrail, 'head'>,
  clock: Pick<Clock, 'now' | 'elapsed'>,
  emit: Emit,
) => {
  let toldAt = clock.elapsed()
  return {
    isDue: (): boolean => msBetween(toldAt, clock.elapsed()) >= HOUR,
    tell(): void {
      toldAt = clock.elapsed()
      emit(auditHead('hour', audit, clock.now()))
    },
  }
}
