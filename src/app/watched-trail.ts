import { AuditError, type AuditTrail } from './audit.ts'
import type { Emit } from './events.ts'

/** A trail that counts its records, and reports when they cannot be written and when they can be again. */
export const watchTrail = (
  trail: AuditTrail,
  emit: Emit,
  count: (outcome: 'written' | 'failed', records: number) => void,
): AuditTrail => {
  let isUnwritable = false
  return {
    ...trail,
    async write(records) {
      try {
        await trail.write(records)
        count('written', records.length)
        if (isUnwritable) emit({ event: 'writable', what: 'audit' })
        isUnwritable = false
      } catch (error) {
        count('failed', records.length)
        if (!isUnwritable && error instanceof AuditError) {
          emit({ event: 'unwritable', what: 'audit', message: error.message })
        }
        isUnwritable = true
        throw error
      }
    },
  }
}
