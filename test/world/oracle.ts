import type { Connection } from '../../src/domain/connection.ts'
import { type Instant, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import type { AssignmentSpec, EntrySpec, PolicySpec } from './scenario.ts'
import { PROTECTED } from './scenario.ts'
import { atMinute } from './specs.ts'

// A second, naive reading of the policies, which shares nothing with the first but the language: slow, one connection and
// one policy at a time, from plain values. It says what may be ended and what must be, and leaves room between the two
// where the language leaves room: for when a snapshot was taken, and for clocks that are apart.

/** All that the oracle needs to know. */
export interface Evidence {
  readonly now: Instant
  /** Since when the same policies have been in force. */
  readonly unchangedSince: Instant
  /** How wrong the daemon's clock may be. */
  readonly toleranceMs: number
  /** The active rows of the endpoint, as they were last shown. */
  readonly shown: readonly Connection[]
  /** What earlier snapshots showed of a connection's counters. */
  readonly countersOf: (id: string) => ReadonlyArray<{ readonly at: Instant; readonly bytes: number }>
  /** When the policy's calls for this person left. */
  readonly cutsOf: (policy: string, username: string) => readonly Instant[]
}

const lower = (name: string | undefined) => name?.toLowerCase()

const matches = (glob: string, name: string | undefined): boolean => {
  if (name === undefined) return false
  const source = Array.from(glob.toLowerCase())
    .map((char) => (char === '*' ? '.*' : char === '?' ? '.' : char.replace(/[^a-z0-9]/, '\\$&')))
    .join('')
  return new RegExp(`^${source}$`, 's').test(name)
}

const names = (pattern: string, { username, commonName }: Connection, bare: 'either' | 'principal'): boolean => {
  if (pattern.startsWith('user:')) return matches(pattern.slice(5), lower(username))
  if (pattern.startsWith('cn:')) return matches(pattern.slice(3), lower(commonName))
  if (bare === 'principal') return matches(pattern, lower(username ?? commonName))
  return matches(pattern, lower(username)) || matches(pattern, lower(commonName))
}

const isMatched = ({ match }: PolicySpec, connection: Connection) =>
  match === undefined || match.some((pattern) => names(pattern, connection, 'either'))

/** Exempt from before `from` until after `until`. */
const isExempt = (spec: PolicySpec, connection: Connection, until: Instant) =>
  (spec.exempt ?? []).some(
    ({ pattern, untilMinute }) =>
      names(pattern, connection, 'principal') && (untilMinute === undefined || until < atMinute(untilMinute)),
  )

const isProtected = (connection: Connection): boolean =>
  PROTECTED.some((pattern) => names(pattern, connection, 'principal'))

const bytesOf = ({ ingressBytes, egressBytes }: Connection) =>
  ingressBytes === undefined || egressBytes === undefined ? undefined : ingressBytes + egressBytes

const fromOf = ({ fromMinute }: EntrySpec) => (fromMinute === undefined ? -Infinity : atMinute(fromMinute))
const untilOf = ({ untilMinute }: EntrySpec) => (untilMinute === undefined ? Infinity : atMinute(untilMinute))

/** What was violation for so long was so in the decision that a call rests on. */
const SURELY_KNOWN_MS = MINUTE

/** Whether the policy may find the connection violated: the benefit of every doubt goes to the daemon. */
const mayBeViolated = (
  spec: PolicySpec,
  name: string,
  connection: Connection,
  evidence: Evidence,
  /** Whom another policy ends anyway. */
  goes: (connection: Connection) => boolean,
): boolean => {
  const { now, toleranceMs, shown } = evidence
  const [soonest, latest] = [now + toleranceMs, now - toleranceMs]
  const { establishedAt, username, id } = connection
  const graceMs = spec.graceSeconds * SECOND
  if (spec.cooldownMinutes > 0 && username !== undefined && establishedAt !== undefined) {
    const cuts = evidence.cutsOf(name, username)
    const back = (at: Instant) =>
      establishedAt > at - toleranceMs - SECOND && latest < at + spec.cooldownMinutes * MINUTE
    if (cuts.some(back)) return true
  }
  switch (spec.kind) {
    case 'max-session-age':
      return establishedAt !== undefined && soonest >= establishedAt + spec.maxMinutes * MINUTE + graceMs
    case 'banned-users':
      return spec.users.some((user) => {
        if (!names(user.pattern, connection, 'either')) return false
        const isOlder = establishedAt !== undefined && establishedAt >= fromOf(user)
        return soonest >= fromOf(user) + (isOlder ? 0 : graceMs) && latest < untilOf(user)
      })
    case 'off-hours': {
      const from = atMinute(spec.startMinute)
      const isOlder = establishedAt !== undefined && establishedAt >= from
      return soonest >= from + (isOlder ? 0 : graceMs) && latest < from + spec.minutes * MINUTE
    }
    case 'max-sessions': {
      if (establishedAt === undefined || username === undefined) return false
      const theirs = shown
        .filter((one) => lower(one.username) === lower(username) && one.establishedAt !== undefined && !goes(one))
        .sort((a, b) => (a.establishedAt ?? 0) - (b.establishedAt ?? 0) || (a.id < b.id ? -1 : 1))
      const rank = theirs.findIndex((one) => one.id === id)
      if (rank < 0 || theirs.length <= spec.limit) return false
      return spec.evict === 'newest' ? rank >= spec.limit : rank < theirs.length - spec.limit
    }
    case 'max-transfer': {
      const bytes = bytesOf(connection)
      return bytes !== undefined && bytes > spec.totalMiB * 2 ** 20
    }
    case 'posture':
      return (
        connection.posture !== undefined && connection.posture.length > 0 && !connection.posture.includes('healthy')
      )
    case 'idle-timeout': {
      const bytes = bytesOf(connection)
      if (bytes === undefined) return false
      const before = evidence.countersOf(id).filter(({ at }) => at <= soonest - spec.afterMinutes * MINUTE)
      return before.some((one) => bytes - one.bytes < 64 * 1024)
    }
  }
}

const policiesWithoutGrace = ({ policies }: AssignmentSpec) => policies.filter(({ graceSeconds }) => graceSeconds === 0)

/** Which of the policies may end the connection. */
export const mayEnd = (
  assignment: AssignmentSpec,
  nameOf: (spec: PolicySpec, index: number) => string,
  connection: Connection,
  evidence: Evidence,
): readonly string[] => {
  if (assignment.mode !== 'enforce' || isProtected(connection)) return []
  // A grace may have begun with the decision, after a time in which nobody could decide.
  const atOnce = { ...assignment, policies: policiesWithoutGrace(assignment) }
  return assignment.policies.flatMap((spec, index) => {
    const name = nameOf(spec, index)
    const may =
      spec.mode === 'enforce' &&
      isMatched(spec, connection) &&
      !isExempt(spec, connection, evidence.now + evidence.toleranceMs) &&
      mayBeViolated(spec, name, connection, evidence, (one) => {
        const { now, toleranceMs, unchangedSince } = evidence
        const since = now - toleranceMs - SURELY_KNOWN_MS
        // An edit gives new graces.
        if (since - MINUTE < unchangedSince) return false
        return one.id !== connection.id && mustEnd(atOnce, nameOf, one, since, now + toleranceMs).length > 0
      })
    return may ? [name] : []
  })
}

/** Whether the policy, acting, has violation the connection without a doubt since `since` and does so at `now`. */
const hasToEnd = (spec: PolicySpec, connection: Connection, since: Instant, now: Instant): boolean => {
  const { establishedAt, posture } = connection
  const graceMs = spec.graceSeconds * SECOND
  if (establishedAt === undefined || establishedAt > since) return false
  switch (spec.kind) {
    case 'max-session-age':
      return since >= establishedAt + spec.maxMinutes * MINUTE + graceMs
    case 'banned-users':
      return spec.users.some(
        (user) =>
          names(user.pattern, connection, 'either') &&
          since >= Math.max(establishedAt, fromOf(user)) + graceMs &&
          now < untilOf(user),
      )
    case 'off-hours': {
      const from = atMinute(spec.startMinute)
      return since >= Math.max(establishedAt, from) + graceMs && now < from + spec.minutes * MINUTE
    }
    case 'max-transfer': {
      const bytes = bytesOf(connection)
      return bytes !== undefined && bytes > spec.totalMiB * 2 ** 20 && since >= establishedAt + graceMs
    }
    case 'posture':
      return (
        posture !== undefined && posture.length > 0 && !posture.includes('healthy') && since >= establishedAt + graceMs
      )
    // Who is one too many, and who is idle, may have changed in between.
    case 'max-sessions':
    case 'idle-timeout':
      return false
  }
}

/** Which of the policies must have ended the connection by now, having violation it since `since`. */
export const mustEnd = (
  assignment: AssignmentSpec,
  nameOf: (spec: PolicySpec, index: number) => string,
  connection: Connection,
  since: Instant,
  now: Instant,
): readonly string[] => {
  if (assignment.mode !== 'enforce' || isProtected(connection)) return []
  return assignment.policies.flatMap((spec, index) => {
    const must =
      spec.mode === 'enforce' &&
      isMatched(spec, connection) &&
      !isExempt(spec, connection, since) &&
      hasToEnd(spec, connection, since, now)
    return must ? [nameOf(spec, index)] : []
  })
}

/** Who of an endpoint are one too many, and have been since `since`: of each person who has more than the limit, all. */
export const tooMany = (
  { mode, policies }: AssignmentSpec,
  active: readonly Connection[],
  since: Instant,
): ReadonlyArray<readonly Connection[]> =>
  policies.flatMap((spec) => {
    if (spec.kind !== 'max-sessions' || mode !== 'enforce' || spec.mode !== 'enforce') return []
    const counted = active.filter(
      (one) =>
        isMatched(spec, one) && !isProtected(one) && !isExempt(spec, one, -Infinity) && one.username !== undefined,
    )
    const people = new Set(counted.map((one) => lower(one.username)))
    return [...people].flatMap((person) => {
      const theirs = counted.filter((one) => lower(one.username) === person)
      const areOld = theirs.every((one) => (one.establishedAt ?? Infinity) + spec.graceSeconds * SECOND <= since)
      return theirs.length > spec.limit && areOld ? [theirs] : []
    })
  })
