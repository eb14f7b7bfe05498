import { access, constants, stat, statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { permissionDenied } from './permission-denied.ts'

/** Why a file cannot be written. `path` is the file, or the folder above it that prevents it. */
export interface NotWritable {
  readonly path: string
  readonly why: string
  /** What to do about it. */
  readonly advice: string
}

type Obstacle = Omit<NotWritable, 'path'>

const ALLOW = "let Curfew's user write there"
const MOVE = 'move it away'

const OBSTACLES: Readonly<Record<string, Obstacle>> = {
  get EACCES() {
    return { why: permissionDenied(), advice: ALLOW }
  },
  ENOTDIR: { why: 'a part of its path is not a folder', advice: MOVE },
  EPERM: { why: 'the operation is not permitted', advice: ALLOW },
  EROFS: { why: 'the disk is read-only', advice: 'mount it writable' },
}

/** Of a disk with less space than this, the audit trail soon finds none. */
const LEAST_FREE_BYTES = 16 * 1024 * 1024

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? 'unknown'

/** The file if it exists, else the nearest folder above it that does. A device or a pipe is neither. */
const nearest = async (
  path: string,
): Promise<{ readonly path: string; readonly isFolder: boolean; readonly isFile: boolean }> => {
  try {
    const found = await stat(path)
    return { path, isFolder: found.isDirectory(), isFile: found.isFile() }
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw Object.assign(error as Error, { path })
    return nearest(dirname(path))
  }
}

/**
 * Why this process could not write or replace the file, or create it and the folders above it; undefined if it could, as
 * far as can be told without a write.
 */
export const whyNotWritable = async (file: string): Promise<NotWritable | undefined> => {
  const whole = resolve(file)
  let path = whole
  try {
    const found = await nearest(whole)
    path = found.path
    if (path === whole && found.isFolder) return { path, why: 'it is a folder', advice: MOVE }
    if (path === whole && !found.isFile) return { path, why: 'it is not a regular file', advice: MOVE }
    if (path !== whole && !found.isFolder) return { path, why: 'it is not a folder', advice: MOVE }
    await access(path, found.isFolder ? constants.W_OK | constants.X_OK : constants.W_OK)
    // A lock, a new state or a rotated part is written beside the file.
    if (!found.isFolder) {
      path = dirname(whole)
      await access(path, constants.W_OK | constants.X_OK)
    }
    const { bavail, bsize } = await statfs(path)
    const freeBytes = bavail * bsize
    if (freeBytes < LEAST_FREE_BYTES) return { path, why: `its disk has ${freeBytes} bytes left`, advice: 'make room' }
    return undefined
  } catch (error) {
    const code = codeOf(error)
    return { path, ...(OBSTACLES[code] ?? { why: code, advice: 'make it writable' }) }
  }
}
