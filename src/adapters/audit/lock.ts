import { randomUUID } from 'node:crypto'
import { type FileHandle, link, open, rename, stat, unlink } from 'node:fs/promises'
import { AuditError } from '../../app/audit.ts'
import type { Clock } from '../../app/clock.ts'
import { SECOND } from '../../domain/time/instant.ts'
import { codeOf, orMissing } from '../files/disk-fault.ts'
import { type Holder, readHolder, thisProcess, vitality } from './holder.ts'

/** How often the holder touches the lock file as a sign of life. */
const BEAT_MS = 5 * SECOND
/**
 * A holder on another machine or in another container counts as dead after six missed beats. This process measures the
 * time with its own timer: the clocks of the two machines may differ.
 */
const STALE_AFTER_MS = 30 * SECOND

export interface Lock {
  /** False once another process has taken the lock over. That can happen to a process that was suspended for long. */
  held(): Promise<boolean>
  /** Aborted when the lock was found to be lost. The holder looks with each sign of life, and with each `held`. */
  readonly lost: AbortSignal
  release(): Promise<void>
}

interface LockOptions {
  readonly clock: Pick<Clock, 'sleep'>
  /** Called before a wait for a sign of life of a holder on another machine or in another container. */
  readonly onWait: (message: string) => void
  /** Ends the wait. */
  readonly stop: AbortSignal
}

/**
 * Acquires the lock at `path`, or fails with an `AuditError` that names the holder. The lock of a dead process is taken
 * over at once. The lock of another machine or container is taken over after 30 s without a sign of life.
 */
export const acquireLock = async (path: string, options: LockOptions): Promise<Lock> => {
  const handle = await take(path, await thisProcess(), options)
  const [stop, lost] = [new AbortController(), new AbortController()]
  const { ino } = await handle.stat({ bigint: true })
  const held = async () => {
    // The open handle keeps the file system from reusing the inode number.
    const isHeld = (await orMissing(stat(path, { bigint: true })))?.ino === ino
    if (!isHeld && !stop.signal.aborted) lost.abort()
    return isHeld
  }
  const beating = beat(handle, held, options.clock, stop.signal)
  return {
    held,
    lost: lost.signal,
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

const beat = async (
  handle: FileHandle,
  held: () => Promise<boolean>,
  clock: Pick<Clock, 'sleep'>,
  stop: AbortSignal,
): Promise<void> => {
  for (;;) {
    await clock.sleep(BEAT_MS, stop)
    if (stop.aborted) return
    const now = new Date()
    // A failing disk is reported by the next write of the trail.
    await handle.utimes(now, now).catch(() => {})
    // The next beat does not wait for the disk.
    void held().catch(() => {})
  }
}

/**
 * Writes the lock under a draft name and links it into place, so that no reader sees half a lock file. A process that
 * replaces a dead lock must first hold a second lock, the takeover lock. Otherwise a third process could replace the
 * dead lock between the check and the rename, and its valid lock would be overwritten.
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
      const checked = await checkHolder(path, seen, options)
      if (checked === 'gone') continue
      if (checked !== 'dead') throw inUse(path, checked.holder)
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
  const takeover = `${path}.takeover`
  const handle = await take(takeover, { ...me, id: randomUUID() }, options)
  try {
    if ((await look(path))?.mark !== dead.mark) return false
    await rename(draft, path)
    return true
  } finally {
    await handle.close()
    await orMissing(unlink(takeover))
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
  /** Changes with each sign of life and with each holder. */
  readonly mark: string
}

const look = async (path: string): Promise<Seen | undefined> => {
  // Opened each time: network file systems ask the server for the current state only at an open.
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

/** A process that holds a lock, as far as can be told without waiting for a sign of life. */
export interface Held {
  /** The process, as the lock names it. */
  readonly by: string
  readonly life: 'alive' | 'dead' | 'unknown'
}

/** Looks who holds the lock at `path`, and changes nothing. Undefined: nobody. */
export const heldBy = async (path: string): Promise<Held | undefined> => {
  const seen = await look(path)
  if (seen === undefined) return undefined
  return { by: nameOf(seen.holder), life: seen.holder === undefined ? 'unknown' : await vitality(seen.holder) }
}

/** The lock as last seen if its holder is alive; `dead` if the holder is dead, `gone` if the lock is released. */
const checkHolder = async (
  path: string,
  seen: Seen,
  { clock, onWait, stop }: LockOptions,
): Promise<Seen | 'dead' | 'gone'> => {
  const known = seen.holder === undefined ? 'unknown' : await vitality(seen.holder)
  if (known !== 'unknown') return known === 'dead' ? 'dead' : seen
  onWait(
    `waiting up to ${STALE_AFTER_MS / SECOND} s for a sign of life from ${nameOf(seen.holder)}, which holds ${path}`,
  )
  for (let waitedMs = 0; waitedMs < STALE_AFTER_MS; waitedMs += SECOND) {
    await clock.sleep(SECOND, stop)
    if (stop.aborted) throw new AuditError('stopped', `stopped while waiting for ${path}`)
    const now = await look(path)
    if (now === undefined) return 'gone'
    if (now.mark !== seen.mark) return now
  }
  return 'dead'
}

const nameOf = (holder: Holder | undefined) =>
  holder === undefined
    ? 'an unknown process'
    : `process ${holder.pid} on host ${holder.host}, started ${holder.startedAt}`

const inUse = (path: string, holder: Holder | undefined) =>
  new AuditError(
    'locked',
    `${nameOf(holder)}, holds ${path}: only one process may write the file; stop that process, or give this one another file`,
  )
