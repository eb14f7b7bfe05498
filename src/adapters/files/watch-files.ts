import { readdir, realpath, stat } from 'node:fs/promises'
import type { Clock } from '../../app/clock.ts'
import { SECOND } from '../../domain/time/instant.ts'

/**
 * Calls `onChange` when a file or folder has changed and then stayed the same for one second. Polls the disk each
 * second. Unlike file system events, polling sees editors that replace files, ConfigMap links that are swapped, and
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
    const now = await fingerprint(sources())
    const settled = same(now, seen)
    seen = now
    if (!settled || same(now, handled)) continue
    await onChange()
    // Files keep their fingerprint from before the reload, so that an edit during the reload is seen. Files that the
    // reload read for the first time have none: they get the current one.
    handled = new Map([...(await fingerprint(sources()))].map(([path, found]) => [path, now.get(path) ?? found]))
    seen = handled
  }
}

/** The inode, size, modification time and entries of each path, by path. */
type Fingerprint = ReadonlyMap<string, string>

export const fingerprint = async (paths: readonly string[]): Promise<Fingerprint> =>
  new Map(await Promise.all(paths.map(async (path) => [path, await describe(path)] as const)))

const same = (a: Fingerprint, b: Fingerprint) =>
  a.size === b.size && [...a].every(([path, found]) => b.get(path) === found)

const describe = async (path: string): Promise<string> => {
  try {
    const real = await realpath(path)
    const { ino, size, mtimeMs } = await stat(real)
    const names = await readdir(real).catch((): string[] => [])
    return JSON.stringify([real, ino, size, mtimeMs, ...names.sort()])
  } catch {
    return 'missing'
  }
}
