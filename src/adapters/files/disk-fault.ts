import { permissionDenied } from './permission-denied.ts'

const REASONS: Readonly<Record<string, string>> = {
  get EACCES() {
    return permissionDenied()
  },
  EDQUOT: 'the quota is used up',
  EFBIG: 'the file has reached the size limit of the process or the file system',
  EIO: 'the disk reports an I/O error',
  EISDIR: 'it is a folder',
  ENOENT: 'it does not exist',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of its path is not a folder',
  ENOTFILE: 'it is not a regular file',
  EPERM: 'the operation is not permitted',
  EROFS: 'the disk is read-only',
}

export const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | undefined)?.code

/** Why the disk refused, for an operator. */
export const diskReasonOf = (error: unknown): string => {
  const code = codeOf(error)
  return (code === undefined ? undefined : REASONS[code]) ?? (error instanceof Error ? error.message : 'unknown')
}

/** Waits for a file system call. Undefined if the file does not exist. */
export const orMissing = async <Value>(call: Promise<Value>): Promise<Value | undefined> => {
  try {
    return await call
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
