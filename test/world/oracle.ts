import type { Connection } from '../../src/domain/connection.ts'
import { type Instant, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import type { AssignmentSpec, EntrySpec, PolicySpec } from './scenario.ts'
import { PROTECTED } from './scenario.ts'
import { atMinute } from './specs.ts'

// A second, simple implementation of the policies, which shares only the policy language with the first. It is slow,
// and judges one connection by one policy at a time, from plain values. It decides which connections may end and which
// must end. Between the two it leaves room for the time of the snapshot and for differences of clocks.

/** The facts that the oracle reads. */
export interface Evidence {
  readonly now: Instant
  /** Since when the same policies have been in force. */
  readonly unchangedSince: Instant
  /** The largest error of the daemon's clock, in ms. */
  readonly toleranceMs: number
  /** The active connections in the last snapshot of the endpoint. */
  readonly shown: readonly Connection[]
  /** The byte counters of a connection in earlier snapshots. */
  readonly countersOf: (id: string) => ReadonlyArray<{ readonly at: Instant; readonly bytes: number }>
  /** Whether the guard holds the policy, so that it ends nothing. */
  readonly isHeld: (policy: string) => boolean
  /** When the policy's calls for this user left. */
  readonly terminationsOf: (policy: string, username: string) => readonly Instant[]
}

const lower = (name: string | undefined) => name?.toLowerCase()

const matches = (glob: string, name: string | undefined): boolean => {
  if (name === undefined) return false
  const source = Array.from(glob.toLowerCase())
    .map((char) => (char === '*' ? '.*' : char === '?' ? '.' : char.replace(/[^a-z0-9]/, '\\$&')))
    .join('')
  return new RegExp(`^${source}$`, 's').test(name)
}

/** Whether a pattern names the user or the certificate of a connection. */
export const names = (
  pattern: string,
  { username, commonName }: Pick<Connection, 'username' | 'commonName'>,
  bare: 'either' | 'principal',
): boolean => {
  if (pattern.startsWith('user:')) return matches(pattern.slice(5), lower(username))
  if (pattern.startsWith('cn:')) return matches(pattern.slice(3), lower(commonName))
  if (bare === 'principal') return matches(pattern, lower(username ?? commonName))
  return matches(pattern, lower(username)) || matches(pattern, lower(commonName))
}

const isMatched = ({ match }: PolicySpec, connection: Connection) =>
  match === undefined || match.some((pattern) => names(pattern, connection, 'either'))

/** Whether the connection is exempt at `until`. */
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

/** A violation that has lasted this long was known to the decision behind a call. */
const SURELY_KNOWN_MS = MINUTE

/** Whether the connection may violate the policy. In doubt the answer is yes, in favour of the daemon. */
const mayBeViolated = (
  spec: PolicySpec,
  name: string,
  connection: Connection,
  evidence: Evidence,
  /** Whether another policy ends the connection regardless. */
  endsRegardless: (connection: Connection) => boolean,
): boolean => {
  const { now, toleranceMs, shown } = evidence
  const [soonest, latest] = [now + toleranceMs, now - toleranceMs]
  const { establishedAt, username, id } = connection
  const graceMs = spec.graceSeconds * SECOND
  if (spec.cooldownMinutes > 0 && username !== undefined && establishedAt !== undefined) {
    const isInCooldown = (at: Instant) =>
      establishedAt > at - toleranceMs - SECOND && latest < at + spec.cooldownMinutes * MINUTE
    if (evidence.terminationsOf(name, username).some(isInCooldown)) return true
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
      const counted = shown
        .filter(
          (one) => lower(one.username) === lower(username) && one.establishedAt !== undefined && !endsRegardless(one),
        )
        .sort((a, b) => (a.establishedAt ?? 0) - (b.establishedAt ?? 0) || (a.id < b.id ? -1 : 1))
      const rank = counted.findIndex((one) => one.id === id)
      if (rank < 0 || counted.length <= spec.limit) return false
      return spec.evict === 'newest' ? rank >= spec.limit : rank < counted.length - spec.limit
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

/** The policies that may end the connection. */
export const mayEnd = (
  assignment: AssignmentSpec,
  nameOf: (spec: PolicySpec, index: number) => string,
  connection: Connection,
  evidence: Evidence,
): readonly string[] => {
  if (assignment.mode !== 'enforce' || isProtected(connection)) return []
  // Grace may have begun only with the decision, if no decision was possible before.
  const atOnce = { ...assignment, policies: policiesWithoutGrace(assignment) }
  const ownName = (spec: PolicySpec) => nameOf(spec, assignment.policies.indexOf(spec))
  return assignment.policies.flatMap((spec, index) => {
    const name = nameOf(spec, index)
    const may =
      spec.mode === 'enforce' &&
      isMatched(spec, connection) &&
      !isExempt(spec, connection, evidence.now + evidence.toleranceMs) &&
      mayBeViolated(spec, name, connection, evidence, (one) => {
        const { now, toleranceMs, unchangedSince } = evidence
        const since = now - toleranceMs - SURELY_KNOWN_MS
        // An edit starts grace again.
        if (since - MINUTE < unchangedSince) return false
        if (one.id === connection.id) return false
        return mustEnd(atOnce, ownName, one, since, now + toleranceMs).some((policy) => !evidence.isHeld(policy))
      })
    return may ? [name] : []
  })
}

/**
 * Whether the connection has certainly violated the policy, with grace over, since `since`, and still does at `now`.
 */
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
    // Whether a connection is surplus or idle may have changed in between.
    case 'max-sessions':
    case 'idle-timeout':
      return false
  }
}

/** The policies that must have ended the connection by `now`, because it has been due under them since `since`. */
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

/** Whether the passing of time alone makes connections due under the policy. */
export const isForeseeable = ({ kind }: PolicySpec): boolean =>
  kind === 'max-session-age' || kind === 'banned-users' || kind === 'off-hours' || kind === 'posture'

/** When a foreseeable policy ends the connection, if it acts and nothing but time passes; Infinity if never. */
const endUnder = (spec: PolicySpec, connection: Connection, now: Instant, graceMs: number): Instant => {
  const { establishedAt, posture } = connection
  if (establishedAt === undefined || isProtected(connection) || !isMatched(spec, connection)) return Infinity
  const exemptUntil = Math.max(
    -Infinity,
    ...(spec.exempt ?? []).flatMap(({ pattern, untilMinute }) => {
      if (!names(pattern, connection, 'principal')) return []
      return untilMinute === undefined ? [Infinity] : [atMinute(untilMinute)]
    }),
  )
  const from = (at: Instant) => Math.max(now, exemptUntil, Math.max(establishedAt, at) + graceMs)
  switch (spec.kind) {
    case 'max-session-age':
      return Math.max(now, exemptUntil, establishedAt + spec.maxMinutes * MINUTE + graceMs)
    case 'banned-users':
      return Math.min(
        Infinity,
        ...spec.users.flatMap((user) => {
          const at = from(fromOf(user))
          return names(user.pattern, connection, 'either') && at < untilOf(user) ? [at] : []
        }),
      )
    case 'off-hours': {
      const start = atMinute(spec.startMinute)
      const at = from(start)
      return at < start + spec.minutes * MINUTE ? at : Infinity
    }
    case 'posture':
      return posture !== undefined && posture.length > 0 && !posture.includes('healthy') ? from(-Infinity) : Infinity
    default:
      return Infinity
  }
}

/** Whether an earlier foreseeable policy might have ended the connection by then. In doubt the answer is yes. */
const mightHaveEnded = (spec: PolicySpec, connection: Connection, now: Instant, by: Instant): boolean =>
  isMatched(spec, connection) &&
  isForeseeable(spec) &&
  (spec.cooldownMinutes > 0 || endUnder(spec, connection, now, 0) <= by)

/** The connections that an edited policy surely ends within the time, and that no earlier policy would have ended. */
export const surelyNewlyEnded = (
  spec: PolicySpec,
  earlier: readonly PolicySpec[],
  shown: readonly Connection[],
  now: Instant,
  lookAheadMs: number,
): readonly Connection[] =>
  shown.filter((connection) => {
    const at = endUnder(spec, connection, now, spec.graceSeconds * SECOND + MINUTE)
    return at <= now + lookAheadMs && !earlier.some((one) => mightHaveEnded(one, connection, now, at + 2 * MINUTE))
  })

/** The users who have had more connections than a limit since `since`, each with all their counted connections. */
export const usersOverLimit = (
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
    const users = new Set(counted.map((one) => lower(one.username)))
    return [...users].flatMap((user) => {
      const ofUser = counted.filter((one) => lower(one.username) === user)
      const areOld = ofUser.every((one) => (one.establishedAt ?? Infinity) + spec.graceSeconds * SECOND <= since)
      return ofUser.length > spec.limit && areOld ? [ofUser] : []
    })
  })
