import { AuditError } from '../../app/audit.ts'

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EDQUOT: 'the quota is used up',
  EFBIG: 'the file may not grow further',
  EIO: 'the disk reports a fault',
  EISDIR: 'it is a folder',
  ENOENT: 'it does not exist',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of its path is not a folder',
  EPERM: 'the operation is not permitted',
  EROFS: 'the disk is read-only',
}

export const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | undefined)?.code

/** Any failure of the disk as an `AuditError`. */
export const unwritable = (file: string, error: unknown): AuditError => {
  if (error instanceof AuditError) return error
  const code = codeOf(error)
  const why = (code === undefined ? undefined : REASONS[code]) ?? (error instanceof Error ? error.message : 'unknown')
  return new AuditError('unwritable', `cannot write the audit file ${file}: ${why}`, error)
}

/** Undefined in place of a file that does not exist. */
export const orMissing = async <Value>(asked: Promise<Value>): Promise<Value | undefined> => {
  try {
    return await asked
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
