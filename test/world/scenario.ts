import fc from 'fast-check'
import type { Mode } from '../../src/domain/policies/policy.ts'

/** A name or pattern, and the minutes of the world in which it is valid. */
export interface EntrySpec {
  readonly pattern: string
  readonly fromMinute?: number | undefined
  readonly untilMinute?: number | undefined
}

interface Common {
  readonly mode: Mode
  readonly graceSeconds: number
  readonly guard: 'on' | 'off'
  readonly cooldownMinutes: number
  readonly match: readonly string[] | undefined
  readonly exempt: readonly EntrySpec[] | undefined
}

/** A policy in plain values, which the second implementation reads too. */
export type PolicySpec = Common &
  (
    | { readonly kind: 'max-session-age'; readonly maxMinutes: number }
    | { readonly kind: 'banned-users'; readonly users: readonly EntrySpec[] }
    | { readonly kind: 'off-hours'; readonly zone: string; readonly startMinute: number; readonly minutes: number }
    | { readonly kind: 'max-sessions'; readonly limit: number; readonly evict: 'oldest' | 'newest' }
    | { readonly kind: 'max-transfer'; readonly totalMiB: number }
    | { readonly kind: 'posture' }
    | { readonly kind: 'idle-timeout'; readonly afterMinutes: number }
  )

export interface AssignmentSpec {
  readonly mode: Mode
  /** Indexes of the watched endpoints, of three. */
  readonly watched: readonly number[]
  readonly policies: readonly PolicySpec[]
  readonly guard: { readonly maxPercent: number; readonly minConnections: number; readonly lookAheadMinutes: number }
}

export const FAULTS = [
  'throttled',
  'server-error',
  'unreachable',
  'malformed',
  'denied',
  'expired-credentials',
  'hangs',
  'answer-lost',
  'acts-late',
  'lies',
  'fails-to-terminate',
  'stale-list',
  'repeated-rows',
  'missed-rows',
  'neighbour',
  'facts-missing',
  'counters-stand-still',
  'slow',
  'slow-neighbours',
  'wrong-date',
  'hung-credentials',
  'filter-refused',
  'filter-ignored',
  'filter-finds-nothing',
] as const
export type Fault = (typeof FAULTS)[number]

/** One event from outside. A world has a sequence of them. */
export type Happening = { readonly afterSeconds: number } & (
  | {
      readonly what: 'connects'
      readonly user: number
      readonly endpoint: number
      readonly times: number
      readonly badge: number
      readonly ageMinutes: number
      readonly idle: boolean
      readonly unhealthy: boolean
    }
  | { readonly what: 'disconnects'; readonly nth: number }
  | { readonly what: 'transfers'; readonly nth: number; readonly mebibytes: number }
  | { readonly what: 'fault'; readonly fault: Fault; readonly forSeconds: number; readonly percent: number }
  | { readonly what: 'clock'; readonly bySeconds: number }
  | { readonly what: 'full disk'; readonly disk: 'audit' | 'state'; readonly forSeconds: number }
  | { readonly what: 'edit'; readonly assignment: AssignmentSpec }
  /** An operator writes one policy that may end everybody soon: a new one, or in the place of one of the same kind. */
  | { readonly what: 'hasty edit'; readonly policy: PolicySpec; readonly isNew: boolean }
  /** Users connect. An operator writes a policy under which they may stay for long, and soon edits it to end them sooner. */
  | {
      readonly what: 'lowered age'
      readonly endpoint: number
      readonly users: number
      readonly fromMinutes: number
      readonly toMinutes: number
    }
  /** An operator bans more and more users, one edit after the other. */
  | { readonly what: 'ban in slices'; readonly slices: number; readonly everySeconds: number }
  | {
      readonly what: 'kill'
      readonly afterRequests: number
      readonly phase: 'before' | 'after'
      readonly power: boolean
      readonly downSeconds: number
    }
  | { readonly what: 'stop'; readonly downSeconds: number }
)

export interface Scenario {
  readonly seed: number
  readonly assignment: AssignmentSpec
  readonly pollSeconds: number
  readonly staleAfterMinutes: number
  readonly rate: { readonly burst: number; readonly perSecond: number }
  readonly latencyMs: { readonly from: number; readonly to: number }
  /** How long a sync takes. */
  readonly syncMs: { readonly from: number; readonly to: number }
  readonly reconnect: boolean
  readonly happenings: readonly Happening[]
}

/** The latest minute of a happening. */
export const WORLD_MINUTES = 60

export const USERS = 12
export const userOf = (user: number): string => `Person-${user % USERS}@corp.example`
/** The certificates with names of their own. In a happening, badge 0 is a certificate with the user's name. */
export const BADGES = 3
export const badgeOf = (badge: number): string => `badge-${badge}`

/** The users in `protect`: no policy ends their connections. */
export const PROTECTED = ['person-0@corp.example']

const whole = (min: number, max: number) => fc.integer({ min, max })
const maybe = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined, freq: 2 })

/** The patterns of the policies. Each of them names a user or a badge of the world. */
export const PATTERNS = [
  'person-1*',
  'PERSON-2@corp.example',
  'person-3@corp.example',
  'user:person-4@*',
  'cn:badge-1',
  'cn:badge-2',
  'user:person-1?@corp.example',
  '*-5@corp.example',
  'person-6@corp.example',
] as const
/** The pattern that names every user. */
export const EVERY_USER = 'person-*'

const pattern = fc.constantFrom(...PATTERNS)
const entry: fc.Arbitrary<EntrySpec> = fc
  .record({ pattern, fromMinute: maybe(whole(0, 50)), minutes: maybe(whole(1, 30)) })
  .map(({ pattern: text, fromMinute, minutes }) => ({
    pattern: text,
    fromMinute,
    untilMinute: minutes === undefined ? undefined : (fromMinute ?? 0) + minutes,
  }))

const common = fc.record({
  mode: fc.constantFrom<Mode>('enforce', 'enforce', 'enforce', 'audit'),
  graceSeconds: fc.constantFrom(0, 0, 60),
  guard: fc.constantFrom('on' as const, 'off' as const),
  match: maybe(fc.array(fc.oneof(pattern, fc.constant(EVERY_USER)), { minLength: 1, maxLength: 3 })),
  exempt: maybe(
    fc.array(
      fc.record({ pattern, untilMinute: maybe(whole(5, 50)) }).map((one): EntrySpec => one),
      { minLength: 1, maxLength: 2 },
    ),
  ),
})
const cooldownMinutes = fc.constantFrom(0, 0, 10)

const policySpec: fc.Arbitrary<PolicySpec> = fc
  .oneof(
    fc.record({
      common,
      cooldownMinutes,
      own: fc.record({ kind: fc.constant('max-session-age' as const), maxMinutes: whole(2, 45) }),
    }),
    fc.record({
      common,
      cooldownMinutes: fc.constant(0),
      own: fc.record({
        kind: fc.constant('banned-users' as const),
        users: fc.array(entry, { minLength: 1, maxLength: 3 }),
      }),
    }),
    fc.record({
      common,
      cooldownMinutes: fc.constant(0),
      own: fc.record({
        kind: fc.constant('off-hours' as const),
        zone: fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Kolkata', 'America/Los_Angeles'),
        startMinute: whole(2, 50),
        minutes: whole(1, 15),
      }),
    }),
    fc.record({
      common,
      cooldownMinutes,
      own: fc.record({
        kind: fc.constant('max-sessions' as const),
        limit: whole(1, 3),
        evict: fc.constantFrom('oldest' as const, 'newest' as const),
      }),
    }),
    fc.record({
      common,
      cooldownMinutes,
      own: fc.record({ kind: fc.constant('max-transfer' as const), totalMiB: whole(5, 200) }),
    }),
    fc.record({ common, cooldownMinutes: fc.constant(0), own: fc.record({ kind: fc.constant('posture' as const) }) }),
    fc.record({
      common,
      cooldownMinutes,
      own: fc.record({ kind: fc.constant('idle-timeout' as const), afterMinutes: whole(5, 20) }),
    }),
  )
  .map(({ common: shared, cooldownMinutes, own }): PolicySpec => {
    // The kind has no grace.
    const graceSeconds = own.kind === 'banned-users' ? 0 : shared.graceSeconds
    return { ...shared, graceSeconds, cooldownMinutes, ...own }
  })

const assignment: fc.Arbitrary<AssignmentSpec> = fc.record({
  mode: fc.constantFrom<Mode>('enforce', 'enforce', 'enforce', 'audit'),
  watched: fc.oneof(
    { weight: 4, arbitrary: fc.constant([0, 1, 2]) },
    { weight: 1, arbitrary: fc.subarray([0, 1, 2], { minLength: 1 }) },
  ),
  policies: fc.array(policySpec, { minLength: 1, maxLength: 5 }),
  guard: fc.record({
    maxPercent: whole(10, 60),
    minConnections: whole(1, 8),
    lookAheadMinutes: fc.constantFrom(0, 15, 60, 1440),
  }),
})

type Timeless<Timed> = Timed extends unknown ? Omit<Timed, 'afterSeconds'> : never

const happens = (own: fc.Arbitrary<Timeless<Happening>>): fc.Arbitrary<Happening> =>
  fc
    .tuple(fc.oneof(whole(0, 20), whole(0, 20), whole(0, 300)), own)
    .map(([afterSeconds, rest]) => ({ afterSeconds, ...rest }) as Happening)

const PLAIN = {
  mode: 'enforce',
  graceSeconds: 0,
  guard: 'on',
  cooldownMinutes: 0,
  match: undefined,
  exempt: undefined,
} as const

export const agePolicy = (maxMinutes: number): PolicySpec => ({ ...PLAIN, kind: 'max-session-age', maxMinutes })

const hastyPolicy: fc.Arbitrary<PolicySpec> = fc.oneof(
  whole(2, 40).map(agePolicy),
  fc.constant<PolicySpec>({ ...PLAIN, kind: 'banned-users', users: [{ pattern: EVERY_USER }] }),
)

/** A ban of the first users that are not protected. */
export const sliceOf = (users: number): PolicySpec => ({
  ...PLAIN,
  kind: 'banned-users',
  users: Array.from({ length: users }, (_, user) => ({ pattern: userOf(user + 1) })),
})

const connects = fc.record({
  what: fc.constant('connects' as const),
  user: whole(0, USERS - 1),
  endpoint: whole(0, 2),
  times: fc.constantFrom(1, 1, 1, 2, 3, 6),
  badge: whole(0, BADGES),
  ageMinutes: fc.oneof(fc.constant(0), whole(0, 60)),
  idle: fc.boolean(),
  unhealthy: fc.constantFrom(false, false, false, true),
})

const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 10, arbitrary: happens(connects) },
  { weight: 3, arbitrary: happens(fc.record({ what: fc.constant('disconnects' as const), nth: whole(0, 40) })) },
  {
    weight: 2,
    arbitrary: happens(
      fc.record({ what: fc.constant('transfers' as const), nth: whole(0, 40), mebibytes: whole(1, 300) }),
    ),
  },
  {
    weight: 4,
    arbitrary: happens(
      fc.record({
        what: fc.constant('fault' as const),
        fault: fc.constantFrom(...FAULTS),
        forSeconds: fc.oneof(whole(1, 240), whole(1, 240), whole(240, 1200)),
        percent: fc.constantFrom(10, 50, 100),
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: happens(
      fc.record({
        what: fc.constant('clock' as const),
        bySeconds: fc.oneof(whole(-20, 20), whole(-200, 200), whole(-4000, 4000)),
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: happens(
      fc.record({
        what: fc.constant('full disk' as const),
        disk: fc.constantFrom('audit' as const, 'state' as const),
        forSeconds: whole(1, 120),
      }),
    ),
  },
  { weight: 2, arbitrary: happens(fc.record({ what: fc.constant('edit' as const), assignment })) },
  {
    weight: 1,
    arbitrary: happens(
      fc.record({ what: fc.constant('hasty edit' as const), policy: hastyPolicy, isNew: fc.boolean() }),
    ),
  },
  {
    weight: 1,
    arbitrary: happens(
      fc.record({
        what: fc.constant('lowered age' as const),
        endpoint: whole(0, 2),
        users: whole(4, USERS - 1),
        fromMinutes: whole(40, 90),
        toMinutes: whole(5, 30),
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: happens(
      fc.record({
        what: fc.constant('ban in slices' as const),
        slices: whole(2, USERS - 1),
        everySeconds: fc.constantFrom(5, 20, 90),
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: happens(
      fc.record({
        what: fc.constant('kill' as const),
        afterRequests: whole(1, 60),
        phase: fc.constantFrom('before' as const, 'after' as const),
        power: fc.boolean(),
        downSeconds: whole(0, 120),
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: happens(fc.record({ what: fc.constant('stop' as const), downSeconds: whole(0, 60) })),
  },
)

export const scenario: fc.Arbitrary<Scenario> = fc.record({
  seed: fc.nat(),
  assignment,
  pollSeconds: fc.constantFrom(5, 10, 15),
  staleAfterMinutes: whole(1, 5),
  rate: fc.constantFrom(
    { burst: 1, perSecond: 0.2 },
    { burst: 3, perSecond: 1 },
    { burst: 5, perSecond: 4 },
    { burst: 40, perSecond: 4 },
  ),
  latencyMs: fc.constantFrom({ from: 0, to: 0 }, { from: 5, to: 50 }, { from: 50, to: 900 }),
  syncMs: fc.constantFrom({ from: 0, to: 0 }, { from: 0, to: 0 }, { from: 0, to: 3000 }),
  reconnect: fc.boolean(),
  happenings: fc.array(happening, { minLength: 20, maxLength: 90, size: 'max' }),
})
