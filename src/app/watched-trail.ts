import { formatDuration } from '../domain/time/duration.ts'
import { SECOND } from '../domain/time/instant.ts'
import { AuditError, type AuditTrail } from './audit.ts'
import type { Clock } from './clock.ts'
import type { Emit } from './events.ts'
import { within } from './within.ts'

/** A disk that has not answered by then is reported. The write waits on, so that no record is written twice. */
const WRITTEN_WITHIN_MS = 30 * SECOND

/** A trail that counts its records, and reports when they cannot be written and when they can be again. */
export const watchTrail = (
  trail: AuditTrail,
  clock: Pick<Clock, 'sleep'>,
  emit: Emit,
  count: (outcome: 'written' | 'failed', records: number) => void,
): AuditTrail => {
  let isUnwritable = false
  /** The writes that wait for the disk although they are late. */
  let late = 0
  const report = (message: string) => {
    if (!isUnwritable) emit({ event: 'unwritable', what: 'audit', message })
    isUnwritable = true
  }

  return {
    ...trail,
    async write(records) {
      try {
        const written = trail.write(records)
        if ((await within(clock, WRITTEN_WITHIN_MS, written)) === 'late') {
          late++
          report(`the audit trail is late: a record has waited ${formatDuration(WRITTEN_WITHIN_MS)} for its disk`)
          await written.finally(() => late--)
        }
        count('written', records.length)
        // A disk that is only slow completes some writes while others are late.
        if (isUnwritable && late === 0) {
          emit({ event: 'writable', what: 'audit' })
          isUnwritable = false
        }
      } catch (error) {
        count('failed', records.length)
        if (error instanceof AuditError) report(error.message)
        isUnwritable = true
        throw error
      }
    },
  }
}
