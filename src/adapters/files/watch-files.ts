import { readdir, realpath, stat } from 'node:fs/promises'
import type { Clock } from '../../app/clock.ts'
import { SECOND } from '../../domain/time/instant.ts'

/**
 * Tells when any of the files and folders has changed and then stood still for a second. Asks the disk each second
 * instead of listening to it: that sees editors that replace files, ConfigMap links that are swapped, and mounts that
 * send no notice. Runs until the signal is aborted.
 */
export const watchFiles = async (options: {
  /** Asked each time: a reload may read other files. */
  readonly sources: () => readonly string[]
  readonly clock: Clock
  readonly signal: AbortSignal
  /** What the files were before they were read: an edit in between is then seen. */
  readonly taken: Fingerprint
  readonly onChange: () => Promise<void> | void
}): Promise<void> => {
  const { sources, clock, signal, onChange } = options
  let { taken } = options
  let seen = taken
  while (!signal.aborted) {
    await clock.sleep(SECOND, signal)
    if (signal.aborted) return
    const now = await fingerprint(sources())
    const settled = same(now, seen)
    seen = now
    if (!settled || same(now, taken)) continue
    await onChange()
    // A file that the reload was the first to read is as it is now; all others as they were before it.
    taken = new Map([...(await fingerprint(sources()))].map(([path, found]) => [path, now.get(path) ?? found]))
    seen = taken
  }
}

/** What each path was like. */
export type Fingerprint = ReadonlyMap<string, string>

export const fingerprint = async (paths: readonly string[]): Promise<Fingerprint> =>
  new Map(await Promise.all(paths.map(async (path) => [path, await describe(path)] as const)))

const same = (a: Fingerprint, b: Fingerprint) =>
  a.size === b.size && [...a].every(([path, found]) => b.get(path) === found)

const describe = async (path: string): Promise<string> => {
  try {
    const real = await realpath(path)
    const { ino, size, mtimeMs } = await stat(real)
    const names = await readdir(real).catch((): string[] => [])
    return [path, real, ino, size, mtimeMs, ...names.sort()].join(' ')
  } catch {
    return `${path} missing`
  }
}
