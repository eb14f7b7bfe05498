import type { Policy } from '../policies/policy.ts'
import { REASONS } from '../policies/registry.ts'
import type { Contradiction, JoinedRecording } from '../recording/join.ts'
import type { RecordedSession, Recording } from '../recording/recorded-session.ts'
import { etaSeconds } from '../terminate/plan.ts'
import type { Rate } from '../terminate/token-bucket.ts'
import { HOUR, type Instant, MINUTE, toIso } from '../time/instant.ts'
import type { Totals } from './difference.ts'
import { createHourOfWeek, HOURS_OF_WEEK, zoneOf } from './hour-of-week.ts'
import type { Cut, Outcome } from './outcome.ts'
import { createPersonOf } from './person.ts'

/** The lines that were read, and of those that were not understood the first ones. */
export interface Lines {
  readonly read: number
  readonly understood: number
  readonly failed: number
  readonly firstFailed: ReadonlyArray<{ readonly file: string; readonly line: number; readonly problem: string }>
}

/** A person, by the name that the sessions go by. The other name is null. */
export interface Person {
  readonly username: string | null
  readonly commonName: string | null
}

/** The scope of the answer, beside the period. */
export interface Scope {
  /** `as-written`: only policies that act by the daemon's mode and their own. */
  readonly modes: 'all' | 'as-written'
  /** The endpoints that are asked for; null: all that are watched. */
  readonly endpoints: readonly string[] | null
  /** Sessions of the period that are left out, because nobody watches their endpoints. */
  readonly notWatched: number
}

/** The result of a replay, in the shape of the JSON. Hours have two decimals. */
export interface Summary {
  readonly period: { readonly from: string | null; readonly to: string | null }
  /** The first and the last instant of which the recording tells. The period may reach beyond it. */
  readonly recorded: { readonly from: string | null; readonly to: string | null }
  readonly scope: Scope
  readonly lines: Lines
  readonly sessions: number
  /** Sessions whose begin or end the recording does not have. They are counted above too. */
  readonly edges: {
    readonly begunBefore: number
    /** They end with their last update. */
    readonly endNotRecorded: number
    readonly openAtEnd: number
  }
  /** Connections whose lines disagree, by how. Some of them are left out, as the word says. */
  readonly contradictions: Readonly<Record<Contradiction, number>>
  readonly principals: number
  /** Of whole sessions, also where they reach beyond the period. */
  readonly connectionHours: number
  readonly ended: {
    readonly sessions: number
    readonly principals: number
    readonly hoursSaved: number
    /** In the order of the policies. */
    readonly byPolicy: readonly EndedByPolicy[]
    /** Every reason, also those that do not occur. */
    readonly byReason: Readonly<Record<string, number>>
  }
  /** How often a person came back to an endpoint within five minutes after an end there, as recorded. */
  readonly returned: number
  readonly busiestMinute: {
    readonly at: string | null
    readonly terminations: number
    /** After how many seconds the last call of that minute leaves. Each budget has its own calls. */
    readonly etaSeconds: number
  } | null
  /** Ends by hour, from Monday 00:00 on. */
  readonly byHourOfWeek: { readonly timeZone: string; readonly ended: readonly number[] }
  /** At most ten, most ends first. */
  readonly mostEnded: ReadonlyArray<Person & { readonly sessions: number; readonly hoursSaved: number }>
  readonly notJudged: ReadonlyArray<{ readonly policy: string; readonly sessions: number; readonly because: string }>
  readonly against?: Totals
}

export interface EndedByPolicy {
  readonly policy: string
  readonly kind: string
  readonly sessions: number
  readonly principals: number
  readonly hoursSaved: number
  /** Sessions that it, alone and without exemptions, would have ended while an exemption or `protect` kept them. */
  readonly exemptions: number
  readonly notJudged: number
}

/** The budget of calls that ends the sessions of an endpoint: endpoints with the same key share one. */
export type BudgetOf = (endpointId: string) => string

/** How long after its end a person counts as coming back. */
const SOON_MS = 5 * MINUTE

const MOST_ENDED = 10

/** Hours with two decimals. */
export const hours = (ms: number): number => Math.round((ms / HOUR) * 100) / 100

/** The time that a session would have lasted no longer. */
const savedMs = ({ session, at }: Cut): number => session.endedAt - at

export const summaryOf = (asked: {
  readonly recording: JoinedRecording
  /** The recording beyond the period: people may come back after it. */
  readonly whole?: Recording
  readonly outcome: Outcome
  readonly scope: Scope
  readonly lines: Lines
  readonly rate: Rate
  readonly budgetOf: BudgetOf
  readonly against?: Totals | undefined
}): Summary => {
  const { recording, whole = recording, outcome, scope, lines, rate, budgetOf, against } = asked
  const { cuts, policies } = outcome
  const { sessions } = recording
  const personOf = createPersonOf()
  const people = countPeople(sessions, personOf)
  return {
    period: { from: toIso(recording.from), to: toIso(recording.to) },
    recorded: { from: toIso(whole.from), to: toIso(whole.to) },
    scope,
    lines,
    sessions: sessions.length,
    edges: edgesOf(sessions),
    contradictions: recording.contradictions,
    principals: people,
    connectionHours: hours(sessions.reduce((sum, { establishedAt, endedAt }) => sum + endedAt - establishedAt, 0)),
    ended: {
      sessions: cuts.length,
      principals: countPeople(
        cuts.map(({ session }) => session),
        personOf,
      ),
      hoursSaved: hours(cuts.reduce((sum, cut) => sum + savedMs(cut), 0)),
      byPolicy: byPolicy(outcome, personOf),
      byReason: byReason(cuts),
    },
    returned: returned(whole.sessions, cuts, personOf),
    busiestMinute: busiestMinute(cuts, rate, budgetOf),
    byHourOfWeek: byHourOfWeek(cuts, zoneOf(policies.map(({ policy }) => policy))),
    mostEnded: mostEnded(sessions, cuts, personOf),
    notJudged: policies.flatMap(({ policy, notJudged }) =>
      [...notJudged].map(([lacks, count]) => ({
        policy: policy.name,
        sessions: count,
        because: `the session lacks ${lacks}`,
      })),
    ),
    ...(against !== undefined && { against }),
  }
}

type PersonOf = ReturnType<typeof createPersonOf>

const countPeople = (sessions: readonly RecordedSession[], personOf: PersonOf): number => {
  const found = new Set<string>()
  for (const session of sessions) {
    const person = personOf(session)
    if (person !== undefined) found.add(person)
  }
  return found.size
}

const edgesOf = (sessions: readonly RecordedSession[]): Summary['edges'] => {
  const edges = { begunBefore: 0, endNotRecorded: 0, openAtEnd: 0 }
  for (const { begin, end } of sessions) {
    if (begin === 'before') edges.begunBefore++
    if (end === 'last-update') edges.endNotRecorded++
    if (end === 'open') edges.openAtEnd++
  }
  return edges
}

const byPolicy = ({ cuts, policies }: Outcome, personOf: PersonOf): readonly EndedByPolicy[] => {
  const ofPolicy = new Map<Policy, { sessions: number; savedMs: number; people: Set<string> }>()
  for (const cut of cuts) {
    const count = ofPolicy.get(cut.policy) ?? { sessions: 0, savedMs: 0, people: new Set() }
    ofPolicy.set(cut.policy, count)
    count.sessions++
    count.savedMs += savedMs(cut)
    const person = personOf(cut.session)
    if (person !== undefined) count.people.add(person)
  }
  return policies.map(({ policy, exempted, notJudged }) => {
    const count = ofPolicy.get(policy)
    return {
      policy: policy.name,
      kind: policy.kind.kind,
      sessions: count?.sessions ?? 0,
      principals: count?.people.size ?? 0,
      hoursSaved: hours(count?.savedMs ?? 0),
      exemptions: exempted,
      notJudged: [...notJudged.values()].reduce((sum, one) => sum + one, 0),
    }
  })
}

const byReason = (cuts: readonly Cut[]): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = Object.fromEntries(REASONS.map((reason) => [reason, 0]))
  for (const { reason } of cuts) counts[reason] = (counts[reason] ?? 0) + 1
  return counts
}

const returned = (sessions: readonly RecordedSession[], cuts: readonly Cut[], personOf: PersonOf): number => {
  /** When each person who was ended has begun sessions on an endpoint, in order. */
  const begins = new Map<string, Map<string, Instant[]>>()
  for (const { session } of cuts) {
    const person = personOf(session)
    if (person !== undefined && !begins.has(person)) begins.set(person, new Map())
  }
  const beginsOf = (session: RecordedSession) => {
    const person = personOf(session)
    return person === undefined ? undefined : begins.get(person)
  }
  for (const session of sessions) {
    const onEndpoints = beginsOf(session)
    if (onEndpoints?.get(session.endpointId)?.push(session.establishedAt) === undefined) {
      onEndpoints?.set(session.endpointId, [session.establishedAt])
    }
  }
  return cuts.reduce((sum, { session, at }) => {
    const next = firstAfter(beginsOf(session)?.get(session.endpointId) ?? [], at)
    return next !== undefined && next <= at + SOON_MS ? sum + 1 : sum
  }, 0)
}

/** The first of the instants, which are in order, that is later. A person may have many thousands. */
const firstAfter = (instants: readonly Instant[], at: Instant): Instant | undefined => {
  let [low, high] = [0, instants.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((instants[middle] ?? 0) > at) high = middle
    else low = middle + 1
  }
  return instants[low]
}

/** The first of several minutes with as many ends. `cuts` are in the order of time. */
const busiestMinute = (cuts: readonly Cut[], rate: Rate, budgetOf: BudgetOf): Summary['busiestMinute'] => {
  let busiest: readonly Cut[] = []
  for (let from = 0; from < cuts.length; ) {
    const minute = minuteOf(cuts[from])
    let until = from + 1
    while (until < cuts.length && minuteOf(cuts[until]) === minute) until++
    if (until - from > busiest.length) busiest = cuts.slice(from, until)
    from = until
  }
  if (busiest.length === 0) return null
  const calls = new Map<string, number>()
  for (const { session } of busiest) {
    const budget = budgetOf(session.endpointId)
    calls.set(budget, (calls.get(budget) ?? 0) + 1)
  }
  return {
    at: toIso(minuteOf(busiest[0]) * MINUTE),
    terminations: busiest.length,
    etaSeconds: Math.max(...[...calls.values()].map((count) => etaSeconds(count, rate))),
  }
}

const minuteOf = (cut: Cut | undefined): number => Math.floor((cut?.at ?? 0) / MINUTE)

const byHourOfWeek = (cuts: readonly Cut[], timeZone: string): Summary['byHourOfWeek'] => {
  const hourOf = createHourOfWeek(timeZone)
  const ended = Array.from({ length: HOURS_OF_WEEK }, () => 0)
  for (const { at } of cuts) {
    const hour = hourOf(at)
    ended[hour] = (ended[hour] ?? 0) + 1
  }
  return { timeZone, ended }
}

const mostEnded = (
  sessions: readonly RecordedSession[],
  cuts: readonly Cut[],
  personOf: PersonOf,
): Summary['mostEnded'] => {
  const ofPerson = new Map<string, { sessions: number; savedMs: number }>()
  for (const cut of cuts) {
    const person = personOf(cut.session)
    if (person === undefined) continue
    const count = ofPerson.get(person) ?? { sessions: 0, savedMs: 0 }
    ofPerson.set(person, count)
    count.sessions++
    count.savedMs += savedMs(cut)
  }
  const most = [...ofPerson]
    .sort(([a, one], [b, other]) => other.sessions - one.sessions || other.savedMs - one.savedMs || (a < b ? -1 : 1))
    .slice(0, MOST_ENDED)
  const names = newestNames(new Set(most.map(([person]) => person)), sessions, personOf)
  return most.map(([person, { sessions: ended, savedMs: ms }]) => ({
    ...(names.get(person) ?? NO_NAMES),
    sessions: ended,
    hoursSaved: hours(ms),
  }))
}

const NO_NAMES: Person = { username: null, commonName: null }

/** The names as the newest session spells them. */
const newestNames = (people: ReadonlySet<string>, sessions: readonly RecordedSession[], personOf: PersonOf) => {
  const names = new Map<string, Person>()
  for (const session of sessions) {
    const person = personOf(session)
    if (person === undefined || !people.has(person)) continue
    const { username = null, commonName = null } = session
    names.set(person, { username, commonName: username === null ? commonName : null })
  }
  return names
}
