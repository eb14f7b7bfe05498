import { releaseOf } from '../app/release.ts'
import type { Connection } from '../domain/connection.ts'
import { holdsOf } from '../domain/judge/holds.ts'
import type { Upcoming } from '../domain/judge/upcoming.ts'
import type { ViolatedVerdict } from '../domain/judge/verdict.ts'
import { violationOf } from '../domain/judge/violation.ts'
import { type NearMissOfEntry, nearMissOfEntry } from '../domain/policies/near-misses.ts'
import type { ListOfUsers } from '../domain/policies/user-lists.ts'
import { etaSeconds } from '../domain/terminate/plan.ts'
import type { Rate } from '../domain/terminate/token-bucket.ts'
import type { Instant } from '../domain/time/instant.ts'
import { endpointJson } from './endpoint-json.ts'
import { isoOrNull } from './iso-or-null.ts'
import type { SeenEndpoint } from './summary.ts'

export interface EndpointPlan {
  readonly endpointId: string
  readonly name: string
  readonly account: string | null
  readonly region: string
  readonly complete: boolean
  readonly snapshotAt: string | null
  readonly judgedAt: string | null
  readonly error: string | null
  readonly active: number | null
  readonly terminate: readonly Row[] | null
  readonly audit: readonly Row[] | null
  readonly held: readonly Row[] | null
  readonly holds: readonly HoldRow[] | null
  readonly newlyEnded: readonly NewRow[] | null
  readonly grace: ReadonlyArray<Row & { readonly acts: boolean }> | null
  readonly extended: ReadonlyArray<NextRow & { readonly extendedFrom: string | null }> | null
  readonly next: readonly NextRow[] | null
  /** How many there are, those included that are not listed. */
  readonly nextTotal: number | null
  readonly nearMisses: readonly NearMissRow[] | null
  readonly calls: number | null
  readonly etaSeconds: number | null
}

/** An entry of a list that resembles connected users and does not match them. It may be a mistake. */
export interface NearMissRow {
  /** Null for `protect`. */
  readonly policy: string | null
  readonly list: ListOfUsers
  readonly entry: string
  readonly users: number
  /** A connection of one of these users. */
  readonly connectionId: string
  readonly username: string | null
  readonly commonName: string | null
}

const nearMissRow = ({ policy, list, entry, users, example }: NearMissOfEntry): NearMissRow => ({
  policy: policy?.name ?? null,
  list,
  entry,
  users,
  connectionId: example.id,
  username: example.username ?? null,
  commonName: example.commonName ?? null,
})

/** A future deadline. Where the policy does not act, it is only reported. */
export interface NextRow {
  readonly connectionId: string
  readonly username: string | null
  readonly commonName: string | null
  readonly policy: string
  readonly acts: boolean
  readonly at: string | null
}

const nextRow = ({ connection: { id, username, commonName }, policy, at, acts }: Upcoming): NextRow => ({
  connectionId: id,
  username: username ?? null,
  commonName: commonName ?? null,
  policy: policy.name,
  acts,
  at: isoOrNull(at),
})

/** A policy that the guard holds. */
export interface HoldRow {
  readonly policy: string
  readonly since: string | null
  readonly endsNow: number
  readonly endsLater: number
  /** The edit that releases it. */
  readonly release: string
}

/** A connection that an edit ends, and would have ended later or not at all. */
export interface NewRow {
  readonly connectionId: string
  readonly username: string | null
  readonly commonName: string | null
  readonly policy: string
  readonly at: string | null
  /** Null if it would not have ended by then. */
  readonly before: string | null
}

/** A connection that violates policies, of which one leads. */
interface Violating {
  readonly connection: Connection
  readonly violated: readonly ViolatedVerdict[]
  readonly lead: ViolatedVerdict
}

/** A connection in a list; what is not known is null. */
const rowOf = (violating: Violating, now: Instant) => {
  const violation = violationOf(violating, now, violating.lead)
  const { username = null, commonName = null, since, deadline } = violation
  return { ...violation, username, commonName, since: isoOrNull(since), deadline: isoOrNull(deadline) }
}

export type Row = ReturnType<typeof rowOf> & { readonly heldBy?: 'guard' }

/** Facts of an endpoint that could not be read are null, never zero and never empty. */
const BLIND = {
  snapshotAt: null,
  active: null,
  terminate: null,
  audit: null,
  held: null,
  holds: null,
  newlyEnded: null,
  grace: null,
  extended: null,
  next: null,
  nextTotal: null,
  nearMisses: null,
  calls: null,
  etaSeconds: null,
} as const

export const endpointPlan = (one: SeenEndpoint, rate: Rate): EndpointPlan => {
  if ('failure' in one) return { ...endpointJson(one), ...BLIND }
  const {
    now,
    decisions,
    plan: { calls },
    newlyEnded,
  } = one.judged.judgement
  const { terminate, audit, held, grace, extended, next, nextTotal } = one.outcomes
  return {
    ...endpointJson(one),
    snapshotAt: isoOrNull(one.snapshot.completedAt),
    active: decisions?.active ?? null,
    terminate: terminate.map((decision) => rowOf(decision, now)),
    audit: audit.map((decision) => rowOf(decision, now)),
    held: held.map((decision): Row => ({ ...rowOf(decision, now), heldBy: 'guard' })),
    holds: holdsOf(one.judged).map(({ policy, since, endsNow, endsLater }) => ({
      policy,
      since: isoOrNull(since),
      endsNow,
      endsLater,
      release: releaseOf(policy),
    })),
    newlyEnded: newlyEnded.map(({ connection: { id, username, commonName }, policy, endsAt, endedAt }) => ({
      connectionId: id,
      username: username ?? null,
      commonName: commonName ?? null,
      policy,
      at: isoOrNull(endsAt),
      before: isoOrNull(endedAt),
    })),
    grace: grace.map((one) => ({ ...rowOf(one, now), acts: one.acts })),
    extended: extended.map((one) => ({ ...nextRow(one), extendedFrom: isoOrNull(one.extendedFrom) })),
    next: next.map(nextRow),
    nextTotal,
    nearMisses: [...(decisions?.nearMisses ?? [])].map(([nearMiss, resembled]) =>
      nearMissRow(nearMissOfEntry(nearMiss, resembled)),
    ),
    calls: calls.length,
    etaSeconds: etaSeconds(calls.length, rate),
  }
}
