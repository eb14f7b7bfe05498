import { type Connection, principalKeyOf } from '../connection.ts'
import { type GuardMemory, NO_GUARD_MEMORY } from '../guard/guard.ts'
import type { KnownFacts } from '../guard/reselection.ts'
import type { Location } from '../names/location.ts'
import { type Principal, principalNamesOf } from '../names/user-list.ts'
import type { Extension, Extensions } from '../policies/extension.ts'
import { listKey, type ReportedEntries } from '../policies/near-misses.ts'
import type { Elsewhere, History, Note, Policy } from '../policies/policy.ts'
import type { PolicySet } from '../policies/policy-set.ts'
import type { ListOwner } from '../policies/user-lists.ts'
import { type Places, placed, type Shown, type Snapshot } from '../snapshot.ts'
import type { KeptTermination } from '../terminate/termination.ts'
import { createTerminations } from '../terminate/terminations.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import type { Foreseen } from './foresight.ts'
import type { News } from './news.ts'

/** By policy name, then by connection or principal, if nothing else is said. */
type Kept<Value> = Readonly<Record<string, Readonly<Record<string, Value>>>>

/** The memory of one endpoint as plain data, for the state file. */
export interface KeptMemory {
  /**
   * When watching the endpoint began. This counts as an edit, so that the guard checks verdicts that were due before
   * it.
   */
  readonly watchedSince: Instant
  /** When watching the endpoint ended. Undefined while it is watched. */
  readonly watchedUntil?: Instant | undefined
  readonly firstSeen: Readonly<Record<string, Instant>>
  readonly countersMovedAt: Instant | null
  readonly notes: Kept<Note>
  readonly graceStarted: Kept<Instant>
  readonly terminated: Kept<Instant>
  /** The shortest lead of a warning that was sent, in ms. */
  readonly warned: Kept<number>
  /** By connection, then by policy name. */
  readonly extended: Kept<Extension>
  readonly guard: GuardMemory
  /** Undefined before the first judgement. */
  readonly facts?: KnownFacts | undefined
  readonly terminations: readonly KeptTermination[]
}

/** The part of a snapshot that the memory reads. */
type Observed = Pick<Snapshot, 'begunAt' | 'connections' | 'places'>

/** The additions of one judgement to the memory. */
export interface Learned {
  readonly graceStarted: ReadonlyArray<{ readonly policy: string; readonly connectionId: string; readonly at: Instant }>
  readonly warned: readonly Foreseen[]
  readonly guard: GuardMemory
  readonly facts: KnownFacts
  /** The names of the policies that may end connections. The grace of the others is over. */
  readonly mayEnd: ReadonlySet<string>
  /** News that has been reported and must not be reported again. */
  readonly news: readonly News[]
}

/**
 * The memory of one endpoint. Judging only reads it; `learn`, `begin`, `observe`, `confirmClock`, `policiesChanged`,
 * `extend` and `terminate` write it. Its maps are changed in place, because on the largest endpoint they have 126,000 entries. A
 * remembered instant in the future comes from a clock that has been set back since, perhaps by years; it counts as now.
 */
export const createMemory = (kept?: KeptMemory) => {
  let watchedSince = kept?.watchedSince ?? NEVER
  const firstSeen = new Map(Object.entries(kept?.firstSeen ?? {}))
  const notes = unfold(kept?.notes)
  const graceStarted = unfold(kept?.graceStarted)
  const terminated = unfold(kept?.terminated)
  const warned = unfold(kept?.warned)
  const extended = new Map<string, Extensions>(unfold(kept?.extended))
  const reported = new Map<string, Set<string>>()
  const nearMissesReported = new Map<string, ReportedEntries>()
  let guard = kept?.guard ?? NO_GUARD_MEMORY
  let facts = kept?.facts
  const terminations = createTerminations(kept?.terminations)
  // The list changes while it is read. A connection is gone only if two consecutive snapshots do not show it.
  const known = new Set([
    ...guard.counted.map(({ connectionId }) => connectionId),
    ...[firstSeen, extended, ...notes.values(), ...graceStarted.values(), ...warned.values()].flatMap((values) => [
      ...values.keys(),
    ]),
  ])
  /** The rows of the last snapshot, in its order. Undefined: of a connection that was forgotten, or not shown since the start. */
  let last: Array<Connection | undefined> = Array.from(known, () => undefined)
  let places: Places = new Map(Array.from(known, (id, place) => [id, place]))
  let absent = new Map<string, Connection | undefined>()
  let notedBy: { readonly set: PolicySet; readonly at: Location } | undefined
  let terminationsRevision = 0
  let snapshotAt: Instant | undefined
  let countersMovedAt: Instant | undefined = kept?.countersMovedAt ?? undefined

  const forget = (id: string) => {
    const byPolicy = [...notes.values(), ...graceStarted.values(), ...warned.values()]
    for (const all of [firstSeen, extended, ...byPolicy]) all.delete(id)
    const place = places.get(id)
    if (place !== undefined) last[place] = undefined
  }

  /**
   * Finds the places of connections in the last snapshot, for the reader of the next one. EC2 mostly answers in the same
   * order, which saves look-ups: a row is first sought behind the one that was found before.
   */
  const finder = () => {
    let next = 0
    return (id: string): number | undefined => {
      const place = last[next]?.id === id ? next : places.get(id)
      if (place !== undefined) next = place + 1
      return place
    }
  }

  /** Begins to read a complete snapshot, part by part. The memory does not change before `end`. */
  const begin = (snapshot: Observed, set: PolicySet, at: Location) => {
    const { begunAt } = snapshot
    const { rows, places: placesOfRows } = placed(snapshot.connections, snapshot.places)
    const onCounters = set.policies.some(({ kind }) => kind.facts === 'counters')
    // Principals are resolved only if a policy keeps notes of their connections.
    const applicabilitiesOf = set.policies.some(({ kind }) => kind.note !== undefined)
      ? set.applicabilities(at)
      : undefined
    const areNotesInForce = notedBy?.set === set && notedBy.at === at && (snapshotAt ?? NEVER) <= begunAt
    const find = finder()
    /** The places in the last snapshot of connections that this one shows again. */
    const again = new Uint8Array(last.length)
    const appeared: string[] = []
    const noted: [kept: Map<string, Note>, id: string, note: Note | undefined][] = []
    let haveCountersMoved = false

    const takeNotes = (connection: Connection) => {
      const { id } = connection
      for (const { takeNote, policy } of applicabilitiesOf?.(connection) ?? []) {
        if (takeNote === undefined) continue
        const ofPolicy = under(notes, policy.name)
        const known = ofPolicy.size === 0 ? undefined : ofPolicy.get(id)
        const note = takeNote(known && noLaterThan(begunAt, known), connection, begunAt)
        if (note !== known) noted.push([ofPolicy, id, note])
      }
    }

    const read = (connection: Connection) => {
      const { id, establishedAt } = connection
      const placeBefore = find(id)
      const before = placeBefore === undefined ? undefined : last[placeBefore]
      if (placeBefore !== undefined) again[placeBefore] = 1
      // First sight is kept only where the established time does not tell it: the time is missing or in the future, or the
      // snapshot before did not show the connection although it was established by then.
      const isDated = establishedAt !== undefined && establishedAt <= begunAt
      const isLate = isDated && snapshotAt !== undefined && establishedAt < snapshotAt && placeBefore === undefined
      if ((!isDated || isLate) && !((firstSeen.get(id) ?? NEVER) <= begunAt)) appeared.push(id)
      // Nothing to note of a row that is the same object as before.
      if (!onCounters || (before === connection && areNotesInForce)) return
      const earlier = before ?? absent.get(id)
      if (earlier !== undefined && bytesOf(earlier) !== bytesOf(connection)) haveCountersMoved = true
      takeNotes(connection)
    }

    /** The snapshot becomes the last one. */
    const adopt = () => {
      const absentBefore = absent
      absent = new Map()
      if (again.includes(0)) for (const [id, place] of places) if (again[place] === 0) absent.set(id, last[place])
      last = [...rows]
      places = placesOfRows
      for (const id of absentBefore.keys()) if (!places.has(id)) forget(id)
      for (const id of reported.keys()) if (!places.has(id)) reported.delete(id)
    }

    return {
      read(from: number, to: number): void {
        for (let index = from; index < to; index++) {
          const connection = rows[index]
          if (connection !== undefined) read(connection)
        }
      },
      /** Ends the reading. `now` must come from a trusted clock. */
      end(now: Instant): void {
        adopt()
        snapshotAt = begunAt
        notedBy = { set, at }
        if (haveCountersMoved || (countersMovedAt ?? -NEVER) > begunAt) countersMovedAt = begunAt
        for (const id of appeared) firstSeen.set(id, begunAt)
        for (const [ofPolicy, id, note] of noted) {
          if (note === undefined) ofPolicy.delete(id)
          else ofPolicy.set(id, note)
        }
        // A termination that left within a cooldown may be confirmed after it. It must not begin another one.
        const over = Math.min(now, terminations.unconfirmedSince())
        for (const [name, ofPolicy] of terminated) {
          const { cooldownMs = 0 } = set.policies.find((policy) => policy.name === name) ?? {}
          for (const [principal, at] of ofPolicy) if (at > now || over >= at + cooldownMs) ofPolicy.delete(principal)
        }
      },
    }
  }

  return {
    begin,
    /** Forgets what it knows of a connection that is gone. */
    forget,
    terminations,
    guard: () => guard,
    /** The name and tags that the last judgement knew. */
    facts: () => facts,
    /** NEVER until the clock is known to be right. */
    watchedSince: () => watchedSince,
    isReported: (policy: string, connectionId: string) => reported.get(connectionId)?.has(policy) === true,
    nearMissesReported: (list: ListOwner): ReportedEntries => nearMissesReported.get(listKey(list)) ?? NO_ENTRIES,
    /** When the grace of a violation began; undefined if it is not remembered. */
    graceStartedAt: (policy: string, connectionId: string) => graceStarted.get(policy)?.get(connectionId),
    /** Finds connections as the last snapshot showed them. Each reading has its own. */
    shown(): Shown {
      const find = finder()
      return (connectionId) => {
        const place = find(connectionId)
        return place === undefined ? undefined : last[place]
      }
    },
    /** Whether the connection is missing in the last snapshot, and only in that one. */
    isMissing: (connectionId: string) => absent.has(connectionId),

    /** Reads the whole snapshot at once. */
    observe(snapshot: Observed, set: PolicySet, location: Location): void {
      const observation = begin(snapshot, set, location)
      observation.read(0, snapshot.connections.length)
      observation.end(snapshot.begunAt)
    },

    /** The clock is right at `now`. If watching began by a clock that was ahead, it counts as begun now. */
    confirmClock(now: Instant): void {
      watchedSince = Math.min(watchedSince, now)
    },

    /** Policies changed, so that near misses are reported again. */
    policiesChanged(): void {
      nearMissesReported.clear()
    },

    learn(learned: Learned): void {
      guard = learned.guard
      facts = learned.facts
      // A policy that begins to act again begins grace anew.
      for (const policy of graceStarted.keys()) if (!learned.mayEnd.has(policy)) graceStarted.delete(policy)
      for (const { policy, connectionId, at } of learned.graceStarted) under(graceStarted, policy).set(connectionId, at)
      for (const { policy, connection, leadMs } of learned.warned) under(warned, policy.name).set(connection.id, leadMs)
      for (const one of learned.news) {
        if (one.what === 'more-near-misses') nearMissesReported.set(listKey(one), 'enough')
        if (one.what === 'near-miss') {
          const key = listKey(one.nearMiss)
          const entries = nearMissesReported.get(key) ?? NO_ENTRIES
          if (entries !== 'enough') nearMissesReported.set(key, new Set([...entries, one.nearMiss.entry]))
        }
        if (one.what !== 'violation') continue
        const { connectionId, policy } = one.violation
        const known = reported.get(connectionId)
        if (known === undefined) reported.set(connectionId, new Set([policy]))
        else known.add(policy)
      }
    },

    /** Remembers what a connection was granted. Warnings with one of these leads, or a longer one, are not sent again. */
    extend(connectionId: string, policy: string, extension: Extension, warnedLead: number | undefined): void {
      extended.set(connectionId, new Map(extended.get(connectionId)).set(policy, extension))
      if (warnedLead === undefined) warned.get(policy)?.delete(connectionId)
      else under(warned, policy).set(connectionId, warnedLead)
    },

    /** Remembers a call under the policy that left at `at`. Within a cooldown only the first termination counts. */
    terminate(policy: Policy, connection: Pick<Connection, 'username' | 'commonName'>, at: Instant): void {
      const name = cooldownKey(policy, principalNamesOf(connection))
      if (policy.cooldownMs === 0 || name === undefined) return
      const ofPolicy = under(terminated, policy.name)
      const known = ofPolicy.get(name)
      if (known === undefined || known > at || at >= known + policy.cooldownMs) ofPolicy.set(name, at)
      terminationsRevision++
    },

    /** For the state file. */
    kept: (): KeptMemory => ({
      watchedSince,
      firstSeen: Object.fromEntries(firstSeen),
      countersMovedAt: countersMovedAt ?? null,
      notes: refold(notes),
      graceStarted: refold(graceStarted),
      terminated: refold(terminated),
      warned: refold(warned),
      extended: refold(extended),
      guard,
      facts,
      terminations: terminations.kept(),
    }),

    /**
     * The history for a judgement at `now`. When an acting policy first finds a violation, its grace starts at `now`.
     */
    history({
      now,
      fresh,
      acts,
      changedAt,
    }: {
      readonly now: Instant
      readonly fresh: boolean
      readonly acts: (policy: Policy) => boolean
      readonly changedAt: (policy: Policy) => Instant
    }): History {
      return {
        changedAt,
        fresh: () => fresh,
        firstSeenAt: (id) => firstSeen.get(id),
        snapshotAt: () => snapshotAt,
        countersMovedAt: () => countersMovedAt,
        note: (policy, id) => notes.get(policy)?.get(id),
        graceStartedAt(policy, id) {
          if (!acts(policy)) return undefined
          return Math.min(now, graceStarted.get(policy.name)?.get(id) ?? now)
        },
        warnedLead: (policy, id) => warned.get(policy.name)?.get(id),
        extensions: (id) => extended.get(id),
        terminationsRevision: () => terminationsRevision,
        terminatedAt(policy, names) {
          const ofPolicy = terminated.get(policy.name)
          // Each judgement of each connection asks. Names are folded only while a cooldown may run.
          if (ofPolicy === undefined || ofPolicy.size === 0) return undefined
          const name = cooldownKey(policy, principalNamesOf(names))
          return name === undefined ? undefined : ofPolicy.get(name)
        },
        elsewhere: () => ELSEWHERE_NOT_KNOWN,
      }
    },
  }
}

export type Memory = ReturnType<typeof createMemory>

/** The part of an endpoint's memory that a judgement reads. */
export type EndpointMemory = Pick<
  Memory,
  'watchedSince' | 'history' | 'guard' | 'facts' | 'isReported' | 'nearMissesReported' | 'graceStartedAt' | 'isMissing'
> & { readonly terminations: Pick<Memory['terminations'], 'mayPlan' | 'singly' | 'of'> }

export type Observation = ReturnType<Memory['begin']>

const under = <Value>(all: Map<string, Map<string, Value>>, name: string): Map<string, Value> => {
  const known = all.get(name)
  if (known !== undefined) return known
  const made = new Map<string, Value>()
  all.set(name, made)
  return made
}

const bytesOf = ({ ingressBytes = 0, egressBytes = 0 }: Connection): number => ingressBytes + egressBytes

const noLaterThan = (now: Instant, note: Note): Note => (note.at <= now ? note : { ...note, at: now })

const unfold = <Value>(kept: Kept<Value> = {}) =>
  new Map(Object.entries(kept).map(([policy, values]) => [policy, new Map(Object.entries(values))]))

const refold = <Value>(all: ReadonlyMap<string, ReadonlyMap<string, Value>>): Kept<Value> =>
  Object.fromEntries(
    [...all].flatMap(([policy, values]) => (values.size === 0 ? [] : [[policy, Object.fromEntries(values)]])),
  )

/** The principal that a cooldown applies to. Common names are often shared, so they count only if the policy says so. */
export const cooldownKey = (
  { cooldownByCommonName }: Policy,
  { username, commonName }: Principal,
): string | undefined => principalKeyOf({ username, commonName: cooldownByCommonName ? commonName : undefined })

const NO_ENTRIES: ReadonlySet<string> = new Set()

/** The memory of one endpoint knows nothing of the others. */
export const ELSEWHERE_NOT_KNOWN: Elsewhere = { state: 'not-known', lacks: 'the connections on the other endpoints' }

/** An empty history, as if the policies had always been in force and a snapshot were taken at every instant. */
export const NO_HISTORY: History = {
  changedAt: () => -NEVER,
  fresh: () => true,
  firstSeenAt: () => undefined,
  snapshotAt: () => undefined,
  countersMovedAt: () => undefined,
  note: () => undefined,
  graceStartedAt: () => undefined,
  warnedLead: () => undefined,
  extensions: () => undefined,
  terminationsRevision: () => 0,
  terminatedAt: () => undefined,
  elsewhere: () => ELSEWHERE_NOT_KNOWN,
}
