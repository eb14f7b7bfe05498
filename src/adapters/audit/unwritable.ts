import { AuditError } from '../../app/audit.ts'
import { diskReasonOf } from '../files/disk-fault.ts'

/** Wraps a failure of the disk in an `AuditError`. */
export const unwritable = (file: string, error: unknown): AuditError =>
  error instanceof AuditError
    ? error
    : new AuditError('unwritable', `cannot write the audit file ${file}: ${diskReasonOf(error)}`, error)
