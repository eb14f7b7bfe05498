import { hashOf, lineOf } from '../../src/adapters/audit/audit-line.ts'
import { readAction } from '../../src/adapters/audit/replay.ts'
import { AuditError, type AuditHead, type AuditTrail } from '../../src/app/audit.ts'
import type { Emit } from '../../src/app/events.ts'
import { onAborted } from '../../src/app/on-aborted.ts'
import { EMPTY_STATE, type State, type StateStore } from '../../src/app/state.ts'
import type { Engine, EngineStatus, Tenure, Wants } from '../../src/app/tenure.ts'
import { within } from '../../src/app/within.ts'
import { type Elapsed, isBefore, LONG_AGO, msBetween } from '../../src/domain/time/elapsed.ts'
import type { Random } from '../../src/simulator/random.ts'
import { type Database, OldTenure, type ServerSession, SessionGone } from './database.ts'
import { balance, holdsUntil, mayUnlock } from './engine-rules.ts'
import type { Process } from './process.ts'

/** The time limit of a new session. */
const OPENED_WITHIN_MS = 3000

/** The longest time that a daemon takes to end when its tenure is lost. */
const ENDED_WITHIN_MS = 1000

/** A tenure with the means to end it. */
interface Held {
  readonly tenure: Tenure
  readonly lose: () => void
  readonly ask: () => void
  isAsked: boolean
  isServed: boolean
}

/**
 * An engine in simulated time, for one process of one replica: one session with the database, a beat now and then, and a
 * tenure for each unit that it was granted.
 */
export const createStandInEngine = (options: {
  readonly database: Database
  readonly process: Process
  readonly replica: string
  readonly random: Random
  readonly leaseMs: number
  readonly beatMs: number
  readonly hear: Emit
  /** The process begins a tenure. */
  readonly began: (unit: string, epoch: number) => void
  /** The tenure has ended. `isWhole`: nothing that it knew is lost. */
  readonly ended: (unit: string, epoch: number, isWhole: boolean) => void
  /** A daemon asks for the record of an intent. */
  readonly intends: (unit: string, callId: string) => void
  /** A daemon saves the state of its unit. */
  readonly saves: () => void
  /** The database has refused a record that came over the session which must have the lock of the unit. */
  readonly refused: (unit: string, epoch: number) => void
  /** A daemon writes although its tenure was lost some time ago. */
  readonly wroteLate: (unit: string, what: string) => void
}): Engine => {
  const { database, process, replica, random, leaseMs, beatMs, hear } = options
  const { clock } = process
  let status: EngineStatus = { state: 'joining', message: undefined }
  let changed = new AbortController()

  /** A statement over a connection of its own, which is not fenced by the session. */
  const overPool = <Value>(work: () => Value): Promise<Value> =>
    process.ask(() => database.execute(replica, undefined, work))

  /** Sleeps, unless one of the signals is aborted. */
  const sleepUntil = async (ms: number, ...signals: readonly AbortSignal[]) => {
    const wake = new AbortController()
    const listen = () => wake.abort()
    for (const signal of signals) onAborted(signal, listen)
    await clock.sleep(ms, wake.signal)
    for (const signal of signals) signal.removeEventListener('abort', listen)
  }

  const lostAt = new WeakMap<AbortSignal, Elapsed>()
  /** Whether the tenure was lost so long ago that its daemon must have ended. */
  const isLate = (lost: AbortSignal) => {
    const at = lostAt.get(lost)
    return at !== undefined && msBetween(at, clock.elapsed()) > ENDED_WITHIN_MS
  }

  const trailOf = (
    unit: string,
    head: AuditHead,
    write: (lines: readonly Buffer[]) => Promise<void>,
    lost: AbortSignal,
  ): AuditTrail => {
    let [written, durable] = [head, head]
    let writing: Promise<unknown> = Promise.resolve()
    return {
      write(records) {
        if (isLate(lost)) options.wroteLate(unit, `a record of ${records[0]?.event}`)
        if (lost.aborted) return Promise.reject(new AuditError('unwritable', `the tenure of ${unit} is lost`))
        const lines: Buffer[] = []
        for (const record of records) {
          if (record.event === 'intent') options.intends(unit, record.call.id)
          const line = lineOf(record, written)
          lines.push(line)
          written = { seq: written.seq + 1, hash: hashOf(line) }
        }
        const reached = written
        const done = write(lines).then(() => {
          durable = reached
        })
        writing = Promise.allSettled([writing, done])
        return done
      },
      head: () => durable,
      hasPolicySet: (hash) =>
        database.unitOf(unit).lines.some((line) => line.includes('"event":"policy-set"') && line.includes(hash)),
      held: async () => !lost.aborted,
      lost,
      close: async () => {
        await writing
      },
    }
  }

  const storeOf = (
    unit: string,
    epoch: number,
    lost: AbortSignal,
    lose: () => void,
    saved: (isWhole: boolean) => void,
  ): StateStore => {
    const peek = async () => {
      const text = await overPool(() => database.unitOf(unit).state)
      return text === undefined ? EMPTY_STATE : (JSON.parse(text) as State)
    }
    return {
      load: async () => ({ state: await peek(), setAside: undefined }),
      peek,
      async save(state, mayReplace) {
        saved(false)
        if (isLate(lost)) options.wroteLate(unit, 'the state')
        if (mayReplace !== undefined && !(await mayReplace())) return
        const text = JSON.stringify(state)
        // The statement leaves when the process goes on, although its tenure may have ended since it looked.
        options.saves()
        if (process.isPaused()) await process.resumed()
        try {
          await overPool(() => database.save(unit, epoch, text))
          saved(true)
        } catch (error) {
          if (error instanceof OldTenure) lose()
          throw error
        }
      },
    }
  }

  /** Lives as long as one session. */
  const live = async (wants: Wants, stop: AbortSignal) => {
    const over = new AbortController()
    const held = new Map<string, Held>()
    const running = new Set<Promise<void>>()
    let until: Elapsed = LONG_AGO
    const lose = () => {
      if (over.signal.aborted) return
      over.abort()
      for (const one of held.values()) one.lose()
    }
    const sentAtOpen = clock.elapsed()
    const opened = await within(
      clock,
      OPENED_WITHIN_MS,
      process.ask(() => database.open(replica, () => process.deliver(lose))),
    )
    if (opened === 'late') throw new SessionGone('no connection')
    const session: ServerSession = opened
    until = holdsUntil(sentAtOpen, leaseMs)

    let asking: Promise<unknown> = Promise.resolve()
    /** One statement after the other: each waits for the answer of the one before. */
    const ask = <Value>(work: () => Value): Promise<Value> => {
      const answer = asking.then(async () => {
        if (over.signal.aborted) throw new SessionGone('the session is over')
        const sentAt = clock.elapsed()
        const sent = process.ask(() => database.execute(replica, session, work))
        const found = await within(clock, leaseMs, sent, over.signal).catch((error: unknown) => {
          lose()
          throw error
        })
        if (found === 'late') {
          lose()
          throw new SessionGone('no answer')
        }
        until = holdsUntil(sentAt, leaseMs)
        return found
      })
      asking = answer.catch(() => {})
      return answer
    }

    /** Records of all units that wait for the next statement. */
    let waiting: {
      readonly key: string
      readonly epoch: number
      readonly lines: readonly Buffer[]
      readonly done: (isTaken: boolean) => void
      readonly fail: (error: unknown) => void
    }[] = []
    const flush = async () => {
      const batch = waiting
      waiting = []
      if (batch.length === 0) return
      try {
        const taken = await ask(() => database.append(batch))
        for (const [index, one] of batch.entries()) one.done(taken[index] === true)
      } catch (error) {
        for (const one of batch) one.fail(error)
      }
    }

    const begin = (key: string, epoch: number, head: AuditHead) => {
      const [lost, asked] = [new AbortController(), new AbortController()]
      let isSaved = true
      const loseUnit = () => {
        if (!lost.signal.aborted) lostAt.set(lost.signal, clock.elapsed())
        lost.abort()
      }
      const write = (lines: readonly Buffer[]) =>
        new Promise<void>((resolve, reject) => {
          const refuse = (why: string, cause?: unknown) => reject(new AuditError('unwritable', why, cause))
          const fail = (error: unknown) => refuse(`the record of ${key} has no answer`, error)
          const done = (isTaken: boolean) => {
            if (isTaken) return resolve()
            options.refused(key, epoch)
            loseUnit()
            refuse(`the record of ${key} was refused`)
          }
          if (waiting.push({ key, epoch, lines, done, fail }) === 1) void Promise.resolve().then(flush)
        })
      const trail = trailOf(key, head, write, lost.signal)
      const one: Held = {
        isAsked: false,
        isServed: true,
        lose: loseUnit,
        ask() {
          one.isAsked = true
          asked.abort()
        },
        tenure: {
          unit: key,
          epoch,
          trail,
          async replay(since, read) {
            const lines = await overPool(() => [...database.unitOf(key).lines])
            const newest = lines.at(-1)
            const from = since(newest && Date.parse((JSON.parse(newest.toString()) as { time: string }).time))
            for (const line of lines) {
              const record = readAction(line)
              if (record !== undefined && record.time >= from) read(record)
            }
          },
          store: storeOf(key, epoch, lost.signal, loseUnit, (isWhole) => {
            isSaved = isWhole
          }),
          holds: () => !lost.signal.aborted && isBefore(clock.elapsed(), until),
          lost: lost.signal,
          asked: asked.signal,
        },
      }
      held.set(key, one)
      options.began(key, epoch)
      const unlock = async () => {
        held.delete(key)
        if (!over.signal.aborted) await ask(() => database.giveBack(session, key))
      }
      const serve = async () => {
        const ended = wants.work(one.tenure).then((how) => {
          one.isServed = false
          options.ended(key, epoch, how === 'returned' && isSaved)
        })
        const isAskedBack = new Promise<void>((resolve) => onAborted(asked.signal, resolve))
        await (mayUnlock(one) ? Promise.race([ended, isAskedBack]) : ended)
        await unlock()
      }
      const served = serve()
        .catch((error: unknown) => {
          if (!(error instanceof SessionGone)) throw error
        })
        .finally(() => running.delete(served))
      running.add(served)
    }

    const beat = async () => {
      const sentAt = clock.elapsed()
      const keys = wants.units()
      const hash = wants.configurationHash()
      if (hash !== declared) {
        await ask(() => database.declare(session, hash))
        declared = hash
      }
      const seen = await ask(() => database.look(session, keys, hash))
      const isOld = seen.generation < seen.newest
      const units = seen.units.map(({ key, epoch, holder, locked }) => ({
        unit: key,
        state: locked === 'no' ? ('free' as const) : locked === 'mine' ? ('held' as const) : ('elsewhere' as const),
        holder,
        epoch,
      }))
      status = { state: 'joined', members: seen.members, generation: seen.generation, isOld, units }
      hear({ event: 'engine-beat', tookMs: msBetween(sentAt, clock.elapsed()), members: seen.members, units })
      const now = clock.elapsed()
      if (seen.members !== members) [members, steadySince] = [seen.members, now]
      const free = units.filter(({ state, unit }) => state === 'free' && !held.has(unit)).map(({ unit }) => unit)
      if (free.length === 0) freeSince = undefined
      freeSince ??= free.length === 0 ? undefined : now
      const isSteady = msBetween(steadySince, now) > 1.5 * beatMs
      const areLeft = isSteady && freeSince !== undefined && msBetween(freeSince, now) > 3.5 * beatMs
      for (const [key, one] of held) if (!keys.includes(key)) one.ask()
      const kept = [...held.values()].filter(({ isAsked }) => !isAsked)
      const { take, giveBack } = balance({
        wanted: keys.length,
        members,
        held: held.size,
        free: free.length,
        isOld,
        isSteady,
        areLeft,
      })
      for (const one of kept.slice(0, Math.max(0, giveBack - (held.size - kept.length)))) one.ask()
      if (take === 0) return
      const from = random.within({ from: 0, to: free.length - 1 })
      const chosen = [...free.slice(from), ...free.slice(0, from)].slice(0, take)
      for (const { key, epoch, head } of await ask(() => database.take(session, chosen))) begin(key, epoch, head)
    }

    let declared: string | undefined
    let members = 0
    let steadySince = clock.elapsed()
    let freeSince: Elapsed | undefined
    let isTold = false
    try {
      while (!over.signal.aborted && !stop.aborted) {
        changed = new AbortController()
        await beat()
        if (!isTold && status.state === 'joined')
          hear({ event: 'engine-joined', replica, members: status.members, generation: status.generation })
        isTold = true
        await sleepUntil(beatMs, stop, over.signal, changed.signal)
      }
      for (const one of held.values()) one.ask()
      const ended = new AbortController()
      void Promise.all(running).then(() => ended.abort())
      while (running.size > 0 && !over.signal.aborted) {
        await sleepUntil(beatMs / 2, over.signal, ended.signal)
        // The session must not fall silent while daemons end.
        await ask(() => undefined)
      }
    } finally {
      lose()
      database.close(session)
      await Promise.all(running)
    }
  }

  return {
    replica,
    wantsChanged: () => changed.abort(),
    status: () => status,
    async run(wants, stop) {
      while (!stop.aborted) {
        try {
          await live(wants, stop)
        } catch (error) {
          if (!(error instanceof SessionGone)) throw error
          if (status.state !== 'away') hear({ event: 'engine-away', message: error.message })
          status = { state: 'away', since: clock.now(), message: error.message }
        }
        await clock.sleep(random.within({ from: 250, to: 750 }), stop)
      }
    },
  }
}
