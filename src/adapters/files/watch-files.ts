import { readdir, realpath, stat } from 'node:fs/promises'
import type { Clock } from '../../app/clock.ts'
import { SECOND } from '../../domain/instant.ts'

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
  readonly onChange: () => Promise<void> | void
}): Promise<void> => {
  const { sources, clock, signal, onChange } = options
  let taken = await fingerprint(sources())
  let seen = taken
  while (!signal.aborted) {
    await clock.sleep(SECOND, signal)
    if (signal.aborted) return
    const now = await fingerprint(sources())
    const settled = now === seen
    seen = now
    if (!settled || now === taken) continue
    await onChange()
    taken = await fingerprint(sources())
    seen = taken
  }
}

const fingerprint = async (paths: readonly string[]): Promise<string> =>
  (await Promise.all([...paths].sort().map(describe))).join('\n')

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
