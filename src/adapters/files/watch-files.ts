import { createHash } from 'node:crypto'
import { readdir, realpath, stat } from 'node:fs/promises'
import type { Clock } from '../../app/clock.ts'
import { SECOND } from '../../domain/time/instant.ts'
import { readRegularFile } from './regular-file.ts'

/**
 * Calls `onChange` when a file or folder has other content and has then stayed the same for one second. Polls the disk
 * each second. Unlike file system events, polling sees editors that replace files, ConfigMap links that are swapped, and
 * mounts that send no events. Runs until the signal is aborted.
 */
export const watchFiles = async (options: {
  /** Called at each poll: a reload may read other files. */
  readonly sources: () => readonly string[]
  readonly clock: Clock
  readonly signal: AbortSignal
  /** The fingerprint before the files were read. An edit between that and the first poll is then seen. */
  readonly taken: Fingerprint
  readonly onChange: () => Promise<void> | void
}): Promise<void> => {
  const { sources, clock, signal, onChange } = options
  let handled = options.taken
  let seen = handled
  while (!signal.aborted) {
    await clock.sleep(SECOND, signal)
    if (signal.aborted) return
    const now = await fingerprint(sources(), seen)
    const settled = same(now, seen, 'look')
    seen = now
    // The same bytes written again need no reload.
    if (!settled || same(now, handled, 'content')) continue
    await onChange()
    // Files keep their fingerprint from before the reload, so that an edit during the reload is seen. Files that the
    // reload read for the first time have none: they get the current one.
    const after = await fingerprint(sources(), now)
    handled = new Map([...after].map(([path, found]) => [path, now.get(path) ?? found]))
    seen = handled
  }
}

/** By path. */
type Fingerprint = ReadonlyMap<string, Found>

interface Found {
  /** The real path, inode, size, modification time and entries. It costs little, and changes with each write. */
  readonly look: string
  /** A hash of the bytes of a file; the names in a folder. */
  readonly content: string
}

/** The content of a path that looks as `before` is not read again. */
export const fingerprint = async (paths: readonly string[], before: Fingerprint = new Map()): Promise<Fingerprint> =>
  new Map(await Promise.all(paths.map(async (path) => [path, await find(path, before.get(path))] as const)))

const same = (a: Fingerprint, b: Fingerprint, part: keyof Found) =>
  a.size === b.size && [...a].every(([path, found]) => b.get(path)?.[part] === found[part])

const MISSING: Found = { look: 'missing', content: 'missing' }

const find = async (path: string, before: Found | undefined): Promise<Found> => {
  try {
    const real = await realpath(path)
    const { ino, size, mtimeMs } = await stat(real)
    const names = (await readdir(real).catch((): string[] => [])).sort()
    const look = JSON.stringify([real, ino, size, mtimeMs, ...names])
    if (before?.look === look) return before
    return { look, content: (await hashOf(real, size)) ?? JSON.stringify(names) }
  } catch {
    return MISSING
  }
}

/** No file of a configuration is larger. */
const LARGEST_BYTES = 8_000_000

/** Undefined for a folder. For a file that cannot be read: the reason, and the size. */
const hashOf = async (path: string, size: number): Promise<string | undefined> => {
  try {
    return createHash('sha256')
      .update(await readRegularFile(path, LARGEST_BYTES))
      .digest('hex')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'EISDIR' ? undefined : `${code} ${size}`
  }
}
