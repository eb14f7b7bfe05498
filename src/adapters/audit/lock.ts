import { randomUUID } from 'node:crypto'
import { type FileHandle, link, open, rename, stat, unlink } from 'node:fs/promises'
import { AuditError } from '../../app/audit.ts'
import type { Clock } from '../../app/clock.ts'
import { SECOND } from '../../domain/time/instant.ts'
import { codeOf, orMissing } from './failure.ts'
import { type Holder, readHolder, thisProcess, vitality } from './holder.ts'

/** How often a holder shows that it lives. */
const BEAT_MS = 5 * SECOND
/** Six beats missed: a holder of which nothing else can be known is taken for dead. Counted while we look, so that clocks may differ. */
const STALE_AFTER_MS = 30 * SECOND

export interface Lock {
  /** False once somebody else took it, as may happen to a process that stood still for long. */
  held(): Promise<boolean>
  release(): Promise<void>
}

interface LockOptions {
  readonly clock: Pick<Clock, 'sleep'>
  /** Told before waiting to see whether a holder elsewhere still lives. */
  readonly onWait: (message: string) => void
}

/**
 * Takes the lock at `path`, or fails with an `AuditError` that names the holder. The lock of a process that is gone is
 * taken over; one of another machine or container only after half a minute without a sign of life.
 */
export const acquireLock = async (path: string, options: LockOptions): Promise<Lock> => {
  const handle = await take(path, await thisProcess(), options)
  const stop = new AbortController()
  const beating = beat(handle, options.clock, stop.signal)
  const { ino } = await handle.stat({ bigint: true })
  // The open handle keeps the number of the file from being used again.
  const held = async () => (await orMissing(stat(path, { bigint: true })))?.ino === ino
  return {
    held,
    async release() {
      stop.abort()
      await beating
      try {
        if (await held()) await unlink(path)
      } finally {
        await handle.close()
      }
    },
  }
}

const beat = async (handle: FileHandle, clock: Pick<Clock, 'sleep'>, stop: AbortSignal): Promise<void> => {
  for (;;) {
    await clock.sleep(BEAT_MS, stop)
    if (stop.aborted) return
    const now = new Date()
    // A disk that takes no writes now is the trail's to report.
    await handle.utimes(now, now).catch(() => {})
  }
}

/**
 * The file is linked into place whole, so nobody sees half a holder. A dead one is replaced in one step, and only by who
 * holds a second lock for that: a lock that was read as dead cannot have become somebody else's by the time it goes.
 */
const take = async (path: string, me: Holder, options: LockOptions): Promise<FileHandle> => {
  const draft = `${path}.${me.id}`
  const handle = await open(draft, 'wx', 0o600)
  try {
    await handle.writeFile(`${JSON.stringify(me)}\n`)
    for (;;) {
      if (await linked(draft, path)) return handle
      const seen = await look(path)
      if (seen === undefined) continue
      const after = await unlessDead(path, seen, options)
      if (after === 'gone') continue
      if (after !== 'dead') throw inUse(path, after.holder)
      if (await replaced(path, seen, draft, me, options)) return handle
    }
  } catch (error) {
    await handle.close()
    throw error
  } finally {
    await orMissing(unlink(draft))
  }
}

const replaced = async (path: string, dead: Seen, draft: string, me: Holder, options: LockOptions) => {
  const right = `${path}.takeover`
  const handle = await take(right, { ...me, id: randomUUID() }, options)
  try {
    if ((await look(path))?.mark !== dead.mark) return false
    await rename(draft, path)
    return true
  } finally {
    await handle.close()
    await orMissing(unlink(right))
  }
}

const linked = async (draft: string, path: string): Promise<boolean> => {
  try {
    await link(draft, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

interface Seen {
  readonly holder: Holder | undefined
  /** Another one after each sign of life and for each holder. */
  readonly mark: string
}

const look = async (path: string): Promise<Seen | undefined> => {
  // Opened each time: network file systems ask the server anew only then.
  const handle = await orMissing(open(path, 'r'))
  if (handle === undefined) return undefined
  try {
    const { ino, mtimeNs } = await handle.stat({ bigint: true })
    const text = await handle.readFile('utf8')
    return { holder: readHolder(text), mark: `${ino} ${mtimeNs} ${text}` }
  } finally {
    await handle.close()
  }
}

/** The living holder, or what became of it. */
const unlessDead = async (
  path: string,
  seen: Seen,
  { clock, onWait }: LockOptions,
): Promise<Seen | 'dead' | 'gone'> => {
  const known = seen.holder === undefined ? 'unknown' : await vitality(seen.holder)
  if (known !== 'unknown') return known === 'dead' ? 'dead' : seen
  onWait(
    `waiting up to ${STALE_AFTER_MS / SECOND} s for a sign of life from ${nameOf(seen.holder)}, which holds ${path}`,
  )
  const { signal } = new AbortController()
  for (let waitedMs = 0; waitedMs < STALE_AFTER_MS; waitedMs += SECOND) {
    await clock.sleep(SECOND, signal)
    const now = await look(path)
    if (now === undefined) return 'gone'
    if (now.mark !== seen.mark) return now
  }
  return 'dead'
}

const nameOf = (holder: Holder | undefined) =>
  holder === undefined
    ? 'somebody unnamed'
    : `process ${holder.pid} on host ${holder.host}, started ${holder.startedAt}`

const inUse = (path: string, holder: Holder | undefined) =>
  new AuditError(
    'locked',
    `${nameOf(holder)}, holds ${path}: only one process may write an audit file; stop that one, or give this one another file`,
  )
