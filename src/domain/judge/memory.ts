import type { Connection } from '../connection.ts'
import type { Location } from '../names/selector.ts'
import { type Person, personOf } from '../names/user-list.ts'
import type { History, Note, Policy } from '../policies/policy.ts'
import type { PolicySet } from '../policies/policy-set.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import type { Foreseen } from './foresight.ts'

/** One reading of an endpoint. */
export interface Reading {
  readonly begunAt: Instant
  readonly connections: readonly Connection[]
}

/** By policy name, then by connection or person. */
type Kept<Value> = Readonly<Record<string, Readonly<Record<string, Value>>>>

/** What a restart must not forget of it, as plain data. */
export interface KeptMemory {
  readonly firstSeen: Readonly<Record<string, Instant>>
  readonly countersMovedAt: Instant | null
  readonly notes: Kept<Note>
  readonly graceStarted: Kept<Instant>
  readonly terminated: Kept<Instant>
  /** The shortest lead that was told. */
  readonly warned: Kept<number>
}

/**
 * What is remembered of one endpoint from snapshot to snapshot; what connections leave behind goes with them. What lies in
 * the future was remembered by a clock that has been set back since, perhaps by years: it counts from now on.
 */
export const createMemory = (kept?: KeptMemory, alsoKnown: readonly string[] = []) => {
  const firstSeen = new Map(Object.entries(kept?.firstSeen ?? {}))
  const carried = new Map<string, number>()
  const notes = unfold(kept?.notes)
  const graceStarted = unfold(kept?.graceStarted)
  const terminated = unfold(kept?.terminated)
  const warned = unfold(kept?.warned)
  // The list moves while it is read: only a connection that two snapshots running did not show is gone.
  let lastSeen = new Set([
    ...alsoKnown,
    ...[firstSeen, ...notes.values(), ...graceStarted.values(), ...warned.values()].flatMap((values) => [
      ...values.keys(),
    ]),
  ])
  let absent = new Set<string>()
  let terminationsRevision = 0
  let snapshotAt: Instant | undefined
  let countersMovedAt: Instant | undefined = kept?.countersMovedAt ?? undefined

  const under = <Value>(all: Map<string, Map<string, Value>>, name: string): Map<string, Value> => {
    const known = all.get(name)
    if (known !== undefined) return known
    const made = new Map<string, Value>()
    all.set(name, made)
    return made
  }

  /** Takes in a complete, fresh snapshot: part by part where it is large, and nothing of it is known before the end. */
  const begin = ({ begunAt, connections }: Reading, set: PolicySet, place: Location) => {
    const onCounters = set.policies.some(({ kind }) => kind.facts === 'counters')
    // Who somebody is to the policies is looked up only where one of them keeps something.
    const standingsOf = set.policies.some(({ kind }) => kind.note !== undefined) ? set.standings(place) : undefined
    const ids = new Set<string>()
    const appeared: string[] = []
    const moved: [id: string, bytes: number][] = []
    const noted: [kept: Map<string, Note>, id: string, note: Note | undefined][] = []
    let countersMoved = false

    const read = (connection: Connection) => {
      const { id, establishedAt, ingressBytes = 0, egressBytes = 0 } = connection
      ids.add(id)
      // Only where the established time is missing does anybody ask.
      if (establishedAt === undefined && !((firstSeen.get(id) ?? NEVER) <= begunAt)) appeared.push(id)
      if (!onCounters) return
      const bytes = ingressBytes + egressBytes
      const before = carried.get(id)
      if (before !== bytes) {
        moved.push([id, bytes])
        if (before !== undefined) countersMoved = true
      }
      for (const { takeNote, policy } of standingsOf?.(connection) ?? []) {
        if (takeNote === undefined) continue
        const kept = under(notes, policy.name)
        const known = kept.size === 0 ? undefined : kept.get(id)
        const note = takeNote(known && noLaterThan(begunAt, known), connection, begunAt)
        if (note !== known) noted.push([kept, id, note])
      }
    }

    return {
      read(from: number, to: number): void {
        for (let at = from; at < to; at++) {
          const connection = connections[at]
          if (connection !== undefined) read(connection)
        }
      },
      /** All of it was read; it is `now`, by a clock that can be believed. */
      end(now: Instant): void {
        snapshotAt = begunAt
        if (countersMoved || (countersMovedAt ?? -NEVER) > begunAt) countersMovedAt = begunAt
        for (const id of appeared) firstSeen.set(id, begunAt)
        for (const [id, bytes] of moved) carried.set(id, bytes)
        if (!onCounters) carried.clear()
        for (const [kept, id, note] of noted) {
          if (note === undefined) kept.delete(id)
          else kept.set(id, note)
        }
        for (const id of absent) {
          if (ids.has(id)) continue
          for (const kept of [firstSeen, carried, ...notes.values(), ...graceStarted.values(), ...warned.values()])
            kept.delete(id)
        }
        for (const [name, kept] of terminated) {
          const { cooldownMs = 0 } = set.policies.find((policy) => policy.name === name) ?? {}
          for (const [whose, at] of kept) if (at > now || now >= at + cooldownMs) kept.delete(whose)
        }
        const gone = new Set<string>()
        for (const id of lastSeen) if (!ids.has(id)) gone.add(id)
        absent = gone
        lastSeen = ids
      },
    }
  }

  return {
    begin,

    /** All of it in one go. */
    observe(reading: Reading, set: PolicySet, place: Location): void {
      const observation = begin(reading, set, place)
      observation.read(0, reading.connections.length)
      observation.end(reading.begunAt)
    },

    /** A termination in the policy's name left at that instant. Within a cooldown only the first cut counts, whichever is told first. */
    terminate(policy: Policy, whom: Pick<Connection, 'username' | 'commonName'>, at: Instant): void {
      const whose = cooldownName(policy, personOf(whom))
      if (policy.cooldownMs === 0 || whose === undefined) return
      const kept = under(terminated, policy.name)
      const known = kept.get(whose)
      if (known === undefined || known > at || at >= known + policy.cooldownMs) kept.set(whose, at)
      terminationsRevision++
    },

    /** The person was warned. */
    warn({ policy, connection, leadMs }: Foreseen): void {
      under(warned, policy.name).set(connection.id, leadMs)
    },

    /** Whether the last snapshot, and only that one, did not show the connection. */
    isMissing: (connectionId: string): boolean => absent.has(connectionId),

    /** For the state file. */
    kept: (): KeptMemory => ({
      firstSeen: Object.fromEntries(firstSeen),
      countersMovedAt: countersMovedAt ?? null,
      notes: refold(notes),
      graceStarted: refold(graceStarted),
      terminated: refold(terminated),
      warned: refold(warned),
    }),

    /** The history as it is to a decision at `now`, in which some policies act: whom they condemn for the first time they condemn now. */
    history(
      now: Instant,
      fresh: boolean,
      acts: (policy: Policy) => boolean,
      changedAt: (policy: Policy) => Instant | undefined,
    ): History {
      return {
        changedAt,
        fresh: () => fresh,
        firstSeenAt: (id) => firstSeen.get(id),
        snapshotAt: () => snapshotAt,
        countersMovedAt: () => countersMovedAt,
        note: (policy, id) => notes.get(policy)?.get(id),
        graceStartedAt(policy, id) {
          if (!acts(policy)) return undefined
          const known = under(graceStarted, policy.name)
          const at = known.get(id)
          if (at !== undefined && at <= now) return at
          known.set(id, now)
          return now
        },
        warnedLead: (policy, id) => warned.get(policy.name)?.get(id),
        terminationsRevision: () => terminationsRevision,
        terminatedAt(policy, person) {
          const whose = cooldownName(policy, person)
          return whose === undefined ? undefined : terminated.get(policy.name)?.get(whose)
        },
      }
    },
  }
}

export type Memory = ReturnType<typeof createMemory>
export type Observation = ReturnType<Memory['begin']>

const noLaterThan = (now: Instant, note: Note): Note => (note.at <= now ? note : { ...note, at: now })

const unfold = <Value>(kept: Kept<Value> = {}) =>
  new Map(Object.entries(kept).map(([policy, values]) => [policy, new Map(Object.entries(values))]))

const refold = <Value>(all: ReadonlyMap<string, ReadonlyMap<string, Value>>): Kept<Value> =>
  Object.fromEntries(
    [...all].flatMap(([policy, values]) => (values.size === 0 ? [] : [[policy, Object.fromEntries(values)]])),
  )

/** Whom a cooldown follows: common names are often shared, so they count only where the policy says so. */
const cooldownName = ({ cooldownByCommonName }: Policy, { username, commonName }: Person): string | undefined =>
  username ?? (cooldownByCommonName && commonName !== undefined ? `cn:${commonName}` : undefined)

/** Nothing was seen before: everything is as if it had been decided all along, and a snapshot were taken at every instant. */
export const NO_HISTORY: History = {
  changedAt: () => undefined,
  fresh: () => true,
  firstSeenAt: () => undefined,
  snapshotAt: () => undefined,
  countersMovedAt: () => undefined,
  note: () => undefined,
  graceStartedAt: () => undefined,
  warnedLead: () => undefined,
  terminationsRevision: () => 0,
  terminatedAt: () => undefined,
}
