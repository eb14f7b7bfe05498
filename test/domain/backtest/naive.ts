import type { RecordedSession } from '../../../src/domain/recording/recorded-session.ts'
import { DAY, type Instant, MINUTE } from '../../../src/domain/time/instant.ts'
import { type Chosen, type Listed, type Month, nameOf, OFFSETS, PROTECTED, START, type Written } from './months.ts'

/** A session that is up, and what the policies have seen of it. */
interface Up {
  readonly session: RecordedSession
  readonly graceStarted: Map<number, Instant>
  readonly unknown: Set<number>
}

interface Violated {
  readonly index: number
  readonly reason: string
  readonly deadline: Instant
}

export interface NaiveCut {
  readonly at: Instant
  readonly policy: string
  readonly reason: string
  readonly alsoBy: readonly string[]
}

export interface Naive {
  readonly cuts: ReadonlyMap<string, NaiveCut>
  /** By the index of the policy: the sessions that it could not judge. */
  readonly notJudged: readonly ReadonlySet<string>[]
  readonly isExempt: (index: number, session: RecordedSession, now: Instant) => boolean
}

const RANKS = [
  'banned-users',
  'posture',
  'max-sessions',
  'max-transfer',
  'max-session-age',
  'idle-timeout',
  'off-hours',
]

const REASONS: Readonly<Record<string, string>> = {
  'max-session-age': 'session-age',
  'banned-users': 'banned',
  'off-hours': 'off-hours',
  'max-sessions': 'session-limit',
  posture: 'posture',
}

const lower = (name: string | undefined) => name?.toLowerCase()

const fits = (pattern: string, name: string | undefined): boolean => {
  const known = lower(name)
  if (known === undefined) return false
  if (pattern.endsWith('*')) return known.startsWith(pattern.slice(0, -1))
  if (pattern.startsWith('*')) return known.endsWith(pattern.slice(1))
  return known === pattern
}

/** The page on the policy language, read sentence by sentence, one unit of time after the other. */
export const naively = ({ policies, sessions, unitMs }: Month, isProtecting = true): Naive => {
  const at = (unit: number | undefined, otherwise: Instant): Instant =>
    unit === undefined ? otherwise : START + unit * unitMs
  const cuts = new Map<string, NaiveCut>()
  const notJudged = policies.map(() => new Set<string>())
  const terminatedAt = new Map<string, Instant>()

  const isNow = ({ from, until }: Pick<Listed, 'from' | 'until'>, now: Instant) =>
    at(from, Number.NEGATIVE_INFINITY) <= now && now < at(until, Number.POSITIVE_INFINITY)

  /** `unknown` where names are asked for and there is none. */
  const isChosen = (
    { users, endpoints }: Chosen,
    { username, commonName, endpointId }: RecordedSession,
    bare: 'both' | 'principal',
    now: Instant,
  ): boolean | 'unknown' => {
    if (endpoints !== undefined && !endpoints.includes(endpointId)) return false
    if (users === undefined) return true
    if (username === undefined && commonName === undefined) return 'unknown'
    const names = bare === 'both' ? [username, commonName] : [username ?? commonName]
    return users.some((user) => isNow(user, now) && names.some((name) => fits(user.pattern, name)))
  }

  const application = (
    { rule, match, exempt, from, until }: Written,
    session: RecordedSession,
    now: Instant,
  ): 'no' | 'unknown' | 'exempt' | 'yes' => {
    const matched = match === undefined ? true : isChosen(match, session, 'both', now)
    const nameless = session.username === undefined && session.commonName === undefined
    if (matched === false || !isNow({ from, until }, now)) return 'no'
    const exempted = exempt === undefined ? false : isChosen(exempt, session, 'principal', now)
    const isProtected = isProtecting && lower(session.username ?? session.commonName) === PROTECTED
    if (nameless && (matched === 'unknown' || exempted === 'unknown' || isProtecting || rule.kind === 'banned-users'))
      return 'unknown'
    return exempted === true || isProtected ? 'exempt' : 'yes'
  }

  /** When the users of a list, of those that name the session now, were named without a pause until now. */
  const namedSince = (users: readonly Listed[], session: RecordedSession, now: Instant): Instant => {
    const naming = users.filter((user) =>
      [session.username, session.commonName].some((name) => fits(user.pattern, name)),
    )
    let since = now
    for (;;) {
      const earlier = naming.filter(
        (user) => at(user.from, Number.NEGATIVE_INFINITY) < since && since <= at(user.until, Number.POSITIVE_INFINITY),
      )
      // A touching entry continues the time, one that begins now does not.
      const holding = since === now ? earlier.filter((user) => isNow(user, now)) : earlier
      if (holding.length === 0) return since
      since = Math.min(...holding.map((user) => at(user.from, Number.NEGATIVE_INFINITY)))
    }
  }

  const isOpen = (rule: Extract<Written['rule'], { kind: 'off-hours' }>, now: Instant): boolean => {
    const minuteOf = (instant: Instant) => Math.floor(((instant + (OFFSETS[rule.zone] ?? 0)) % DAY) / MINUTE)
    const [from, to] = [minuteOf(at(rule.from, 0)), minuteOf(at(rule.from + rule.units, 0))]
    const minute = minuteOf(now)
    const isInside = from < to ? from <= minute && minute < to : minute >= from || minute < to
    return rule.list === 'allowed' ? isInside : !isInside
  }

  /** When the session began to violate the rule; `unknown` if the log does not tell. `fine` if it does not. */
  const sinceOf = (
    { rule }: Written,
    index: number,
    { session }: Up,
    surplus: ReadonlyMap<string, Instant>,
    now: Instant,
  ) => {
    const { establishedAt, posture, username, commonName } = session
    switch (rule.kind) {
      case 'max-session-age':
        return now >= establishedAt + rule.units * unitMs ? establishedAt + rule.units * unitMs : 'fine'
      case 'banned-users': {
        const names = rule.users.filter((user) => [username, commonName].some((name) => fits(user.pattern, name)))
        if (!names.some((user) => isNow(user, now))) return 'fine'
        return Math.max(establishedAt, namedSince(rule.users, session, now))
      }
      case 'off-hours': {
        if (isOpen(rule, now)) return 'fine'
        let since = now
        while (since > establishedAt && !isOpen(rule, since - unitMs)) since -= unitMs
        return since
      }
      case 'max-sessions':
        return surplus.get(`${index} ${session.connectionId}`) ?? 'fine'
      case 'posture': {
        if (posture === undefined || posture.length === 0) return 'unknown'
        return posture.includes(rule.require) ? 'fine' : establishedAt
      }
      case 'max-transfer':
      case 'idle-timeout':
        return 'unknown'
    }
  }

  const coolingKey = ({ rule }: Written, index: number, { username, commonName, endpointId }: RecordedSession) => {
    if (rule.kind !== 'max-session-age' || rule.cooldown === 0) return undefined
    if (username !== undefined) return `${index} ${endpointId} user ${lower(username)}`
    return rule.byCommonName && commonName !== undefined ? `${index} ${endpointId} cn ${lower(commonName)}` : undefined
  }

  const judge = (one: Written, index: number, up: Up, surplus: ReadonlyMap<string, Instant>, now: Instant) => {
    const { session, graceStarted, unknown } = up
    const applies = application(one, session, now)
    if (applies === 'unknown') unknown.add(index)
    if (applies !== 'yes') return undefined
    const matchedSince =
      one.match?.users === undefined ? Number.NEGATIVE_INFINITY : namedSince(one.match.users, session, now)
    const appliesSince = Math.max(at(one.from, Number.NEGATIVE_INFINITY), matchedSince)
    const found = sinceOf(one, index, up, surplus, now)
    if (found === 'unknown') unknown.add(index)
    let own: Violated | undefined
    if (typeof found === 'number') {
      const since = Math.max(found, appliesSince)
      const ended = (one.exempt?.users ?? []).filter(
        (user) =>
          fits(user.pattern, session.username ?? session.commonName) && at(user.until, Number.POSITIVE_INFINITY) <= now,
      )
      const place = one.exempt?.endpoints === undefined || one.exempt.endpoints.includes(session.endpointId)
      const lastExempt = place
        ? Math.max(...ended.map((user) => at(user.until, 0)), Number.NEGATIVE_INFINITY)
        : Number.NEGATIVE_INFINITY
      const isOfPrincipal = one.rule.kind === 'off-hours' || one.rule.kind === 'banned-users'
      const getsNoGrace = isOfPrincipal && since === session.establishedAt && since >= lastExempt
      const started = graceStarted.get(index) ?? now
      if (one.grace > 0 && !getsNoGrace && one.mode === 'enforce') graceStarted.set(index, started)
      const deadline =
        getsNoGrace || one.grace === 0
          ? since
          : Math.max(since, one.mode === 'enforce' ? started : since) + one.grace * unitMs
      own = { index, reason: REASONS[one.rule.kind] ?? '', deadline }
      if (now >= deadline) return own
    }
    const key = coolingKey(one, index, session)
    const cutAt = key === undefined ? undefined : terminatedAt.get(key)
    const { cooldown = 0 } = one.rule.kind === 'max-session-age' ? one.rule : {}
    if (cutAt !== undefined && session.establishedAt > cutAt && now < cutAt + cooldown * unitMs) {
      return { index, reason: 'cooldown', deadline: Math.max(session.establishedAt, appliesSince) }
    }
    return own
  }

  /** The surplus sessions of each policy that counts, and since when they are. */
  const surplusOf = (all: readonly Up[], now: Instant): ReadonlyMap<string, Instant> => {
    const surplus = new Map<string, Instant>()
    const none = new Map<string, Instant>()
    policies.forEach((one, index) => {
      const { rule } = one
      if (rule.kind !== 'max-sessions') return
      const counted = new Map<string, RecordedSession[]>()
      for (const up of all) {
        const { session } = up
        const { username, commonName, endpointId } = session
        if (application(one, session, now) !== 'yes') continue
        const endsAnyway = policies.some((other, at) => {
          if (other.rule.kind === 'max-sessions' || other.mode !== 'enforce') return false
          const verdict = judge(other, at, up, none, now)
          return verdict !== undefined && now >= verdict.deadline
        })
        if (endsAnyway) continue
        const name =
          username === undefined
            ? rule.countByCommonName && commonName !== undefined
              ? `cn ${lower(commonName)}`
              : undefined
            : `user ${lower(username)}`
        if (name === undefined) continue
        const key = rule.across === 'all' ? name : `${endpointId} ${name}`
        counted.set(key, [...(counted.get(key) ?? []), session])
      }
      for (const together of counted.values()) {
        const ordered = together.sort(
          (a, b) => a.establishedAt - b.establishedAt || (a.connectionId < b.connectionId ? -1 : 1),
        )
        for (let more = 0; more < ordered.length - rule.limit; more++) {
          const cause = ordered[rule.limit + more]
          const victim = rule.evict === 'oldest' ? ordered[more] : cause
          if (victim !== undefined && cause !== undefined)
            surplus.set(`${index} ${victim.connectionId}`, cause.establishedAt)
        }
      }
    })
    return surplus
  }

  const rankOf = (index: number) => RANKS.indexOf(policies[index]?.rule.kind ?? '')
  const name = (index: number) => {
    const one = policies[index]
    return one === undefined ? '' : nameOf(one.rule, index)
  }

  const waiting = [...sessions].sort((a, b) => b.establishedAt - a.establishedAt)
  const last = Math.max(...sessions.map(({ endedAt }) => endedAt))
  let up: readonly Up[] = []

  const finish = ({ session, unknown }: Up, end: Instant) => {
    for (const index of unknown) {
      const { rule, mode, until } = policies[index] ?? {}
      // A policy that does not act ends nothing, whatever it could judge.
      if (mode !== 'enforce') continue
      const last = Math.min(end, at(until, end))
      const { ingressBytes, egressBytes, establishedAt } = session
      const isWithin =
        rule?.kind === 'max-transfer' &&
        ingressBytes !== undefined &&
        egressBytes !== undefined &&
        ingressBytes + egressBytes <= rule.total
      const isShort = rule?.kind === 'idle-timeout' && last - establishedAt <= rule.units * unitMs
      if (!isWithin && !isShort) notJudged[index]?.add(session.connectionId)
    }
  }

  for (let now = START; now <= last; now += unitMs) {
    for (const one of up) if (one.session.endedAt <= now) finish(one, one.session.endedAt)
    up = up.filter(({ session }) => session.endedAt > now)
    for (let next = waiting.at(-1); next !== undefined && next.establishedAt <= now; next = waiting.at(-1)) {
      waiting.pop()
      if (next.endedAt > now) up = [...up, { session: next, graceStarted: new Map(), unknown: new Set() }]
    }
    for (let isOver = false; !isOver; ) {
      const surplus = surplusOf(up, now)
      const ending = new Map<Up, NaiveCut & { readonly lead: Violated }>()
      for (const one of up) {
        const violated = policies.flatMap((policy, index) => judge(policy, index, one, surplus, now) ?? [])
        const [lead] = violated
          .filter(({ index, deadline }) => policies[index]?.mode === 'enforce' && now >= deadline)
          .sort(
            (a, b) =>
              rankOf(a.index) - rankOf(b.index) || a.deadline - b.deadline || (name(a.index) < name(b.index) ? -1 : 1),
          )
        if (lead === undefined) continue
        const alsoBy = violated
          .filter((verdict) => verdict !== lead)
          .map(({ index }) => name(index))
          .sort()
        ending.set(one, { at: now, policy: name(lead.index), reason: lead.reason, alsoBy, lead })
      }
      for (const [one, { lead, ...cut }] of ending) {
        cuts.set(one.session.connectionId, cut)
        const policy = policies[lead.index]
        const key = policy && coolingKey(policy, lead.index, one.session)
        const { cooldown = 0 } = policy?.rule.kind === 'max-session-age' ? policy.rule : {}
        const known = key === undefined ? undefined : terminatedAt.get(key)
        if (key !== undefined && (known === undefined || now >= known + cooldown * unitMs)) terminatedAt.set(key, now)
        finish(one, now)
      }
      up = up.filter((one) => !ending.has(one))
      isOver = ending.size === 0
    }
  }
  for (const one of up) finish(one, one.session.endedAt)
  const isExempt = (index: number, session: RecordedSession, now: Instant) => {
    const one = policies[index]
    return one !== undefined && application(one, session, now) === 'exempt'
  }
  return { cuts, notJudged, isExempt }
}
