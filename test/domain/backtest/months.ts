import fc from 'fast-check'
import type { Selector } from '../../../src/domain/policies/policy.ts'
import { createPolicySet, type PolicySet } from '../../../src/domain/policies/policy-set.ts'
import type { RecordedSession, Recording } from '../../../src/domain/recording/recorded-session.ts'
import { HOUR, type Instant, MINUTE, toIso } from '../../../src/domain/time/instant.ts'
import { entry, NOON, policy } from '../build.ts'
import { recordingOf, session } from './build.ts'

/** The instant at which every month begins: midnight, UTC. No zone below changes its clocks in the weeks around it. */
export const START: Instant = NOON - 12 * HOUR

export const PLACES = ['0', '1'].map((digit) => `cvpn-endpoint-0123456789abcde0${digit}`)

/** UTC offsets of zones without summer time. */
export const OFFSETS: Readonly<Record<string, number>> = {
  UTC: 0,
  'Asia/Kolkata': 5.5 * HOUR,
  'America/Phoenix': -7 * HOUR,
}

/** A name, or the beginning of names and `*`. Counted in units since `START`. */
export interface Listed {
  readonly pattern: string
  readonly from: number | undefined
  readonly until: number | undefined
}

export interface Chosen {
  readonly users: readonly Listed[] | undefined
  readonly endpoints: readonly string[] | undefined
}

export type Rule =
  | {
      readonly kind: 'max-session-age'
      readonly units: number
      readonly cooldown: number
      readonly byCommonName: boolean
    }
  | { readonly kind: 'banned-users'; readonly users: readonly Listed[] }
  | {
      readonly kind: 'off-hours'
      readonly list: 'allowed' | 'denied'
      readonly zone: string
      readonly from: number
      readonly units: number
    }
  | {
      readonly kind: 'max-sessions'
      readonly limit: number
      readonly evict: 'oldest' | 'newest'
      readonly across: 'endpoint' | 'all'
      readonly countByCommonName: boolean
    }
  | { readonly kind: 'posture'; readonly require: string }
  | { readonly kind: 'max-transfer'; readonly total: number }
  | { readonly kind: 'idle-timeout'; readonly units: number }

export interface Written {
  readonly rule: Rule
  readonly grace: number
  readonly from: number | undefined
  readonly until: number | undefined
  readonly match: Chosen | undefined
  readonly exempt: Chosen | undefined
  readonly mode: 'audit' | 'enforce'
}

export interface Month {
  readonly policies: readonly Written[]
  readonly sessions: readonly RecordedSession[]
  /** Every instant of the month is a whole number of units after `START`. */
  readonly unitMs: number
}

/** Names are few, so that a person has several sessions at a time. `BOB` is `bob`, and nobody at all has a name too. */
const PEOPLE = [
  ['ann', 'ann'],
  ['bob', 'laptop-1'],
  ['BOB', 'laptop-2'],
  ['ext-cy', 'laptop-1'],
  ['root', 'ann'],
  [undefined, 'laptop-1'],
  [undefined, 'laptop-2'],
  [undefined, undefined],
] as const

export const PROTECTED = 'root'

const PATTERNS = ['ann', 'bob', 'ext-*', 'laptop-*', 'laptop-1', '*b']

const some = <Value>(one: fc.Arbitrary<Value>, freq: number) => fc.option(one, { nil: undefined, freq })

const inOrder = <One extends { readonly from: number | undefined; readonly until: number | undefined }>(one: One) =>
  one.from === undefined || one.until === undefined || one.from < one.until

interface Length {
  readonly sessions: number
  readonly units: number
  readonly unitMs: number
}

const edge = ({ units }: Length, freq: number) => some(fc.integer({ min: 1, max: units }), freq)

const listed = (length: Length): fc.Arbitrary<Listed> =>
  fc.record({ pattern: fc.constantFrom(...PATTERNS), from: edge(length, 3), until: edge(length, 3) }).filter(inOrder)

const chosen = (length: Length): fc.Arbitrary<Chosen> =>
  fc
    .record({
      users: some(fc.array(listed(length), { minLength: 1, maxLength: 2 }), 3),
      endpoints: some(fc.subarray(PLACES, { minLength: 1 }), 2),
    })
    .filter(({ users, endpoints }) => users !== undefined || endpoints !== undefined)

const rule = (length: Length, across: 'endpoint' | 'all'): fc.Arbitrary<Rule> => {
  // Windows open and close on whole minutes.
  const step = Math.ceil(MINUTE / length.unitMs)
  return fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('max-session-age'),
        units: fc.integer({ min: 1, max: 20 }),
        cooldown: fc.constantFrom(0, 8, 40),
        byCommonName: fc.boolean(),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('banned-users'),
        users: fc.array(listed(length), { minLength: 1, maxLength: 3 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('off-hours'),
        list: fc.constantFrom('allowed', 'denied'),
        zone: fc.constantFrom(...Object.keys(OFFSETS)),
        from: fc.integer({ min: 0, max: Math.floor(length.units / step) }).map((at) => at * step),
        units: fc.integer({ min: 1, max: 20 }).map((at) => at * step),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('max-sessions'),
        limit: fc.integer({ min: 1, max: 3 }),
        evict: fc.constantFrom('oldest', 'newest'),
        across: fc.constant(across),
        countByCommonName: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('posture'), require: fc.constant('healthy') }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('max-transfer'), total: fc.integer({ min: 1, max: 50 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('idle-timeout'), units: fc.integer({ min: 1, max: 30 }) }) },
  )
}

const written = (length: Length, across: 'endpoint' | 'all'): fc.Arbitrary<Written> =>
  fc
    .record({
      rule: rule(length, across),
      grace: fc.constantFrom(0, 0, 3, 12),
      from: edge(length, 5),
      until: edge(length, 5),
      match: some(chosen(length), 2),
      exempt: some(chosen(length), 2),
      mode: fc.constantFrom('enforce', 'enforce', 'enforce', 'audit'),
    })
    .filter(inOrder)
    .map((made) => (made.rule.kind === 'banned-users' ? { ...made, grace: 0 } : made))

/** Sessions from a seed: fast-check would take longer to make them than the replay to read them. */
const sessionsOf = (seed: number, { sessions, units, unitMs }: Length): readonly RecordedSession[] => {
  let state = seed
  /** Marsaglia's xorshift. */
  const random = (below: number): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
  return Array.from({ length: sessions }, (_, index) => {
    const [username, commonName] = PEOPLE[random(PEOPLE.length)] ?? PEOPLE[0]
    const establishedAt = START + random(units) * unitMs
    return session({
      connectionId: `cvpn-connection-${random(1 << 30).toString(16)}-${index}`,
      endpointId: PLACES[random(4) === 0 ? 1 : 0] ?? '',
      username,
      commonName,
      establishedAt,
      endedAt: establishedAt + random(random(8) === 0 ? 60 : 12) * unitMs,
      ingressBytes: random(5) === 0 ? undefined : random(60),
      egressBytes: random(40),
      posture: [undefined, [], ['healthy'], ['healthy', 'old'], ['old']][random(5)],
    })
  })
}

export const month = (length: Length): fc.Arbitrary<Month> => {
  const policies = (across: 'endpoint' | 'all') => fc.array(written(length, across), { minLength: 1, maxLength: 6 })
  // Over all endpoints the daemon waits a second, in which a second policy that counts would find other sessions.
  const countingOnce = policies('all').map((all) => {
    const counting = all.find(({ rule: { kind } }) => kind === 'max-sessions')
    return all.filter((one) => one === counting || one.rule.kind !== 'max-sessions')
  })
  return fc
    .record({
      policies: fc.oneof(policies('endpoint'), countingOnce),
      seed: fc.integer({ min: 1, max: (1 << 30) - 1 }),
    })
    .map(({ policies: all, seed }) => ({ policies: all, sessions: sessionsOf(seed, length), unitMs: length.unitMs }))
}

export const recordingOfMonth = ({ sessions }: Month): Recording => recordingOf(sessions)

export const nameOf = ({ kind }: Rule, index: number): string => `${kind}-${index}`

/** The policies of a month as the judge knows them. */
export const setOf = ({ policies, unitMs }: Month, isProtecting = true): PolicySet => {
  const at = (unit: number): Instant => START + unit * unitMs
  const edges = ({ from, until }: Pick<Listed, 'from' | 'until'>) => ({
    from: from === undefined ? undefined : at(from),
    until: until === undefined ? undefined : at(until),
  })
  const selector = (one: Chosen | undefined): Selector | undefined =>
    one && {
      users: one.users?.map((user) => entry(user.pattern, edges(user))),
      endpoints: one.endpoints?.map((id) => entry(id)),
      regions: undefined,
    }
  const clock = (unit: number, zone: string) => new Date(at(unit) + (OFFSETS[zone] ?? 0)).toISOString().slice(11, 16)
  const seconds = (units: number) => `${(units * unitMs) / 1000}s`
  const keysOf = (one: Rule): Record<string, unknown> => {
    switch (one.kind) {
      case 'max-session-age':
        return { maxAge: seconds(one.units) }
      case 'banned-users':
        return {
          users: one.users.map(({ pattern, from, until }) => ({
            pattern,
            ...(from !== undefined && { from: toIso(at(from)) }),
            ...(until !== undefined && { until: toIso(at(until)) }),
          })),
        }
      case 'off-hours': {
        const hours = `${clock(one.from, one.zone)}-${clock(one.from + one.units, one.zone)}`
        return { timeZone: one.zone, [one.list]: [{ hours }] }
      }
      case 'max-sessions': {
        const { kind: _kind, ...keys } = one
        return keys
      }
      case 'posture':
        return { require: [one.require] }
      case 'max-transfer':
        return { total: `${one.total}B` }
      case 'idle-timeout':
        return { after: seconds(one.units) }
    }
  }
  return createPolicySet(
    policies.map(({ rule: one, grace, mode, match, exempt, ...period }, index) => {
      const { cooldown = 0, byCommonName = false } = one.kind === 'max-session-age' ? one : {}
      return policy(one.kind, keysOf(one), {
        name: nameOf(one, index),
        mode,
        match: selector(match),
        exempt: selector(exempt),
        graceMs: grace * unitMs,
        cooldownMs: cooldown * unitMs,
        cooldownByCommonName: byCommonName,
        hash: JSON.stringify([index, one]),
        ...edges(period),
      })
    }),
    isProtecting ? [entry(PROTECTED)] : [],
  )
}
