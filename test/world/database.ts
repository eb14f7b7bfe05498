import { BEFORE_ALL, hashOf, readLink } from '../../src/adapters/audit/audit-line.ts'
import type { AuditHead } from '../../src/app/audit.ts'
import { type Instant, NEVER } from '../../src/domain/time/instant.ts'
import type { Random } from '../../src/simulator/random.ts'
import { mayReplaceState } from './engine-rules.ts'
import type { Timeline } from './timeline.ts'

/** A session that the database has ended, or that cannot be reached: what was asked over it may be done or not. */
export class SessionGone extends Error {}

/** The database refuses a record or a state, because another tenure has the unit. */
export class OldTenure extends Error {}

/** A session of a replica, as the server sees it. Its locks live and die with it. */
export interface ServerSession {
  readonly replica: string
  generation: number
  readonly since: Instant
  lastAt: Instant
  over: boolean
  /** Tells the client that the connection is closed. */
  readonly onEnd: () => void
}

export interface Unit {
  readonly key: string
  epoch: number
  holder: string | undefined
  lockedBy: ServerSession | undefined
  /** Since when nobody has had the lock. */
  freeSince: Instant
  lines: Buffer[]
  head: AuditHead
  state: string | undefined
}

/** Hears of what the database does, to check it. */
export interface DatabaseWatcher {
  granted(unit: Unit, session: ServerSession): void
  recorded(unit: Unit, epoch: number, line: string): void
  saved(unit: Unit, epoch: number): void
}

/** Whether lines continue the chain of the unit: their tenure is the newest one, and the first line names the last one. */
const continuesChain = (epoch: number, lines: readonly Buffer[], unit: Unit): boolean => {
  let { seq, hash } = unit.head
  for (const line of lines) {
    const link = readLink(line)
    if (link?.seq !== seq + 1 || link.prev !== hash) return false
    ;[seq, hash] = [link.seq, hashOf(line)]
  }
  return epoch === unit.epoch
}

/**
 * A database that replicas share, with session locks: it ends a session that has been silent for the lease, and frees
 * its locks. What it has answered is never lost. It can be down, paused and slow, and a replica can be cut off from it.
 */
export const createDatabase = (options: {
  readonly timeline: Timeline
  readonly random: Random
  readonly leaseMs: number
  readonly latencyMs: { readonly from: number; readonly to: number }
  readonly watcher: DatabaseWatcher
}) => {
  const { timeline, random, leaseMs, latencyMs, watcher } = options
  const units = new Map<string, Unit>()
  const sessions = new Set<ServerSession>()
  /** The hashes of all generations, the newest last. */
  const generations: string[] = []
  const cutUntil = new Map<string, Instant>()
  let downUntil: Instant = -NEVER
  let pausedUntil: Instant = -NEVER
  let slowUntil: Instant = -NEVER
  /** Until when something may have delayed or ended sessions. */
  let disturbedUntil: Instant = -NEVER

  /** When what leaves now arrives. A connection that is cut delivers it once it works again. */
  const arrivesAt = (replica: string): Instant => {
    const now = timeline.now()
    const ms = random.within(latencyMs) * (now < slowUntil ? 10 : 1)
    return Math.max(now, cutUntil.get(replica) ?? now) + ms
  }

  const end = (session: ServerSession) => {
    if (session.over) return
    session.over = true
    sessions.delete(session)
    for (const unit of units.values()) {
      if (unit.lockedBy !== session) continue
      unit.lockedBy = undefined
      unit.freeSince = timeline.now()
    }
    timeline.at(arrivesAt(session.replica), session.onEnd)
  }

  const endIfSilent = (session: ServerSession) => {
    const now = timeline.now()
    if (session.over || now < session.lastAt + leaseMs) return
    // After a pause either the alarm or the waiting statement comes first.
    if (now < pausedUntil) timeline.at(pausedUntil + random.within({ from: 0, to: 1 }), () => endIfSilent(session))
    else end(session)
  }

  const heard = (session: ServerSession) => {
    session.lastAt = timeline.now()
    timeline.at(timeline.now() + leaseMs, () => endIfSilent(session))
  }

  /** Sends a statement. Its work is done as a whole or not at all. Over a session, or over a connection of its own. */
  const execute = <Value>(replica: string, session: ServerSession | undefined, work: () => Value): Promise<Value> =>
    new Promise((resolve, reject) => {
      const fail = (why: string) => timeline.at(arrivesAt(replica), () => reject(new SessionGone(why)))
      const arrive = (): void => {
        if (timeline.now() < pausedUntil) {
          timeline.at(pausedUntil, arrive)
          return
        }
        if (timeline.now() < downUntil) {
          fail('the server is down')
          return
        }
        if (session?.over === true) {
          fail('the server has ended the session')
          return
        }
        if (session !== undefined) heard(session)
        try {
          const value = work()
          // The answer is lost if the server falls before it has arrived. The work is done.
          timeline.at(arrivesAt(replica), () =>
            timeline.now() < downUntil || session?.over === true
              ? reject(new SessionGone('the answer was lost'))
              : resolve(value),
          )
        } catch (error) {
          timeline.at(arrivesAt(replica), () => reject(error))
        }
      }
      timeline.at(arrivesAt(replica), arrive)
    })

  const unitOf = (key: string): Unit => {
    const known = units.get(key)
    if (known !== undefined) return known
    const unit: Unit = {
      key,
      epoch: 0,
      holder: undefined,
      lockedBy: undefined,
      freeSince: timeline.now(),
      lines: [],
      head: BEFORE_ALL,
      state: undefined,
    }
    units.set(key, unit)
    return unit
  }

  const disturb = (until: Instant) => {
    disturbedUntil = Math.max(disturbedUntil, until)
  }

  return {
    execute,
    units: (): readonly Unit[] => [...units.values()],
    unitOf,
    sessions: (): readonly ServerSession[] => [...sessions],
    disturbedUntil: () => disturbedUntil,

    open: (replica: string, onEnd: () => void): Promise<ServerSession> =>
      execute(replica, undefined, () => {
        const now = timeline.now()
        const session: ServerSession = { replica, generation: 0, since: now, lastAt: now, over: false, onEnd }
        sessions.add(session)
        heard(session)
        return session
      }),

    /** The client has left, or its machine has closed the connection for it. */
    close(session: ServerSession): void {
      timeline.at(arrivesAt(session.replica), () => end(session))
    },

    /** The newest generation has the hash from now on: a new one, unless it has it already. Returns its number. */
    declare(session: ServerSession, hash: string): number {
      if (generations.at(-1) !== hash) generations.push(hash)
      session.generation = generations.length
      return session.generation
    },

    /** What a replica asks in each beat. */
    look(session: ServerSession, keys: readonly string[], hash: string) {
      if (generations.at(-1) === hash) session.generation = generations.length
      const newest = Math.max(...[...sessions].map(({ generation }) => generation))
      return {
        members: [...sessions].filter(({ generation }) => generation === newest).length,
        newest,
        generation: session.generation,
        units: keys.map(unitOf).map(({ key, epoch, holder, lockedBy }) => ({
          key,
          epoch,
          holder,
          locked:
            lockedBy === undefined ? ('no' as const) : lockedBy === session ? ('mine' as const) : ('other' as const),
        })),
      }
    },

    /** Locks units that nobody has, and begins a tenure of each. */
    take: (session: ServerSession, keys: readonly string[]) =>
      keys.map(unitOf).flatMap((unit) => {
        if (unit.lockedBy !== undefined) return []
        unit.lockedBy = session
        unit.holder = session.replica
        unit.epoch++
        watcher.granted(unit, session)
        return [{ key: unit.key, epoch: unit.epoch, head: unit.head }]
      }),

    giveBack(session: ServerSession, key: string): void {
      const unit = unitOf(key)
      if (unit.lockedBy !== session) return
      unit.lockedBy = undefined
      unit.freeSince = timeline.now()
    },

    /** Appends lines of several tenures, and returns whether those of each were taken. */
    append: (
      batch: ReadonlyArray<{ readonly key: string; readonly epoch: number; readonly lines: readonly Buffer[] }>,
    ) =>
      batch.map(({ key, epoch, lines }) => {
        const unit = unitOf(key)
        if (!continuesChain(epoch, lines, unit)) return false
        for (const line of lines) {
          unit.lines.push(line)
          unit.head = { seq: unit.head.seq + 1, hash: hashOf(line) }
          watcher.recorded(unit, epoch, line.toString())
        }
        return true
      }),

    save(key: string, epoch: number, state: string): void {
      const unit = unitOf(key)
      if (!mayReplaceState(epoch, unit)) throw new OldTenure(`the tenure ${epoch} of ${key} is over`)
      unit.state = state
      watcher.saved(unit, epoch)
    },

    /** The server falls, and all sessions end. */
    fall(forMs: number): void {
      downUntil = timeline.now() + forMs
      disturb(downUntil)
      for (const session of sessions) end(session)
    },
    pause(forMs: number): void {
      pausedUntil = timeline.now() + forMs
      disturb(pausedUntil)
    },
    slow(forMs: number): void {
      slowUntil = timeline.now() + forMs
      disturb(slowUntil)
    },
    /** Cuts a replica off from the database alone. */
    cut(replica: string, forMs: number): void {
      cutUntil.set(replica, timeline.now() + forMs)
      disturb(timeline.now() + forMs)
    },
    heal(): void {
      ;[downUntil, pausedUntil, slowUntil] = [-NEVER, -NEVER, -NEVER]
      cutUntil.clear()
    },
  }
}

export type Database = ReturnType<typeof createDatabase>
