import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { policyWarnings, type Reviewed } from '../../src/advice/policy-warnings.ts'
import type { Connection } from '../../src/domain/connection.ts'
import { createDecider } from '../../src/domain/judge/decide.ts'
import { createMemory } from '../../src/domain/judge/memory.ts'
import type { DoorSelector } from '../../src/domain/names/door-selector.ts'
import type { UserEntry } from '../../src/domain/names/user-list.ts'
import type { Policy, Selector } from '../../src/domain/policies/policy.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { POLICY_KINDS } from '../../src/domain/policies/registry.ts'
import { HOUR, type Instant, MINUTE, NEVER } from '../../src/domain/time/instant.ts'
import { connection, ENDPOINT, ENFORCE, entry, NOON, PLACE, policy } from '../domain/build.ts'
import { fuzzRuns } from '../fuzz-runs.ts'

const OTHER_PLACE = { endpointId: 'cvpn-endpoint-0123456789abcdef1', region: 'us-east-1' }
const PLACES = [PLACE, OTHER_PLACE]

const review = (policies: readonly Policy[], different: Partial<Reviewed> = {}) =>
  policyWarnings({ policies, protect: [], places: PLACES, now: NOON, ...different })

/** Facts that only the connect handler knows. */
const DOOR: DoorSelector = {
  idpGroups: [entry('contractors')],
  platform: undefined,
  publicIp: undefined,
  clientVersion: undefined,
}

const named = (name: string, made: Policy): Policy => ({ ...made, name })

describe('a warning is not a false alarm:', () => {
  const NAMES = ['ann', 'bob', 'bo', 'ext-bob', '*', '?']
  const text = fc.constantFrom('ann', 'bob', 'bo?', 'bo*', '*b', '*', 'ext-*')
  const source = fc.tuple(fc.constantFrom('', '', 'user:', 'cn:'), text).map(([prefix, rest]) => prefix + rest)
  const span = fc.option(
    fc.tuple(fc.integer({ min: -4, max: 4 }), fc.integer({ min: 1, max: 4 })).map(([from, length]) => ({
      from: NOON + from * HOUR,
      until: NOON + (from + length) * HOUR,
    })),
    { nil: undefined, freq: 3 },
  )
  const rarely = fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: span })
  /** Entries of groups have a beginning and an end, and those of `exempt` an end. */
  const users = fc
    .array(fc.tuple(source, rarely), { minLength: 1, maxLength: 3 })
    .map((all) => all.map(([one, different]) => entry(one, different)))
  const ending = span.map((at) => (at === undefined ? {} : { until: at.until }))
  const exempted = fc
    .array(fc.tuple(source, fc.oneof({ weight: 1, arbitrary: span }, { weight: 3, arbitrary: ending })), {
      minLength: 1,
      maxLength: 3,
    })
    .map((all) => all.map(([one, different]) => entry(one, different)))
  const endpoints = fc
    .subarray(['*', 'cvpn-*0', 'cvpn-*1', ENDPOINT, OTHER_PLACE.endpointId, 'cvpn-9'], { minLength: 1, maxLength: 2 })
    .map((all) => all.map((one) => entry(one)))
  const regions = fc
    .subarray(['eu-*', '*', 'us-east-1'], { minLength: 1, maxLength: 2 })
    .map((all) => all.map((one) => entry(one)))
  const selectorOf = (list: fc.Arbitrary<readonly UserEntry[]>): fc.Arbitrary<Selector | undefined> => {
    const maybe = <Value>(one: fc.Arbitrary<Value>, freq: number) => fc.option(one, { nil: undefined, freq })
    const made = fc.record({
      users: maybe(list, 5),
      endpoints: maybe(endpoints, 1),
      regions: maybe(regions, 1),
      door: fc.oneof({ weight: 15, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.constant(DOOR) }),
    })
    return maybe(made, 3)
  }

  const windowKeys = fc.record(
    {
      days: fc.constantFrom('mon', 'mon-fri', 'sat', 'sun', 'sun-tue'),
      hours: fc.constantFrom('08:00-17:00', '12:00-13:00', '22:00-02:00', '02:00-03:00', '00:00-24:00'),
    },
    { requiredKeys: [] },
  )
  const limit = fc.constantFrom<Record<string, unknown>>(
    { dates: ['2026-11-23', { from: '2026-11-25', to: '2026-12-01' }] },
    { dates: [{ from: '2026-11-01', to: '2026-11-07' }] },
    { months: 'nov' },
    { months: 'dec-oct' },
    { monthDays: [23, -1] },
    { weeks: [4, 'last'] },
    { timeZone: 'America/New_York' },
  )
  const limited = fc.tuple(windowKeys, limit).map(([keys, more]) => ({ ...keys, ...more }))
  const windows = fc.array(fc.oneof({ weight: 2, arbitrary: windowKeys }, limited), { minLength: 1, maxLength: 3 })
  const size = fc.constantFrom('1KiB', '2KiB', '3KiB')
  const statuses = fc.subarray(['ok', 'old', 'lost'], { minLength: 1 })
  const ban = fc.tuple(fc.constantFrom('ann', 'bob', 'bo?', 'bo*', 'user:bob', 'cn:bob', '*b'), span)
  const KEYS: Readonly<Record<string, fc.Arbitrary<Record<string, unknown>>>> = {
    'max-session-age': fc.record({ maxAge: fc.constantFrom('1h', '2h', '3h') }),
    'banned-users': fc.array(ban, { minLength: 1, maxLength: 3 }).map((all) => ({
      users: all.map(([pattern, at]) => ({
        pattern,
        ...(at && { from: new Date(at.from).toISOString(), until: new Date(at.until).toISOString() }),
      })),
    })),
    'off-hours': fc
      .tuple(fc.constantFrom('Europe/Berlin', 'UTC'), fc.constantFrom('allowed', 'denied'), windows)
      .map(([timeZone, list, all]) => ({ timeZone, [list]: all })),
    'idle-timeout': fc.record({ after: fc.constantFrom('1h', '2h'), below: size }),
    'max-sessions': fc.record(
      {
        limit: fc.integer({ min: 1, max: 3 }),
        across: fc.constantFrom('endpoint', 'all'),
        evict: fc.constantFrom('oldest', 'newest'),
        countByCommonName: fc.boolean(),
      },
      { requiredKeys: ['limit'] },
    ),
    'max-transfer': fc
      .record({ ingress: size, egress: size, total: size }, { requiredKeys: [] })
      .filter((limits) => Object.keys(limits).length > 0),
    posture: fc.record({ require: statuses, deny: statuses }, { requiredKeys: [] }).filter((rule) => {
      const { require = [], deny = [] } = rule
      return require.length + deny.length > 0 && !deny.some((status) => require.includes(status))
    }),
  }

  const policyOf = (kind: string): fc.Arbitrary<Policy> =>
    fc
      .record({
        keys: KEYS[kind] ?? fc.constant({}),
        match: selectorOf(users),
        exempt: selectorOf(exempted),
        graceMs: fc.constantFrom(0, 0, 30 * MINUTE, HOUR),
        mode: fc.constantFrom('enforce' as const, 'enforce' as const, 'audit' as const),
        period: rarely,
      })
      .map(({ keys, graceMs, period, ...common }) => {
        const made = policy(kind, keys, { ...common, ...period })
        return { ...made, graceMs: made.kind.noGrace === undefined ? graceMs : 0 }
      })
  const somePolicy = fc.constantFrom(...Object.keys(KEYS)).chain(policyOf)

  it('has policies of every kind', () => {
    expect(Object.keys(KEYS).sort()).toEqual(POLICY_KINDS.map(({ kind }) => kind).sort())
  })

  const principal = fc.option(fc.constantFrom(...NAMES), { nil: undefined, freq: 4 })
  const someConnection = fc
    .record({
      username: principal,
      commonName: principal,
      establishedAt: fc.option(fc.integer({ min: -8, max: 1 }), { nil: undefined, freq: 6 }),
      ingressBytes: fc.option(fc.nat(4000), { nil: undefined, freq: 9 }),
      egressBytes: fc.option(fc.nat(4000), { nil: undefined, freq: 9 }),
      posture: fc.option(fc.subarray(['ok', 'old', 'lost', 'new']), { nil: undefined, freq: 6 }),
    })
    .map(({ establishedAt, ...rest }) => ({
      ...rest,
      establishedAt: establishedAt === undefined ? undefined : NOON + establishedAt * 30 * MINUTE,
    }))
  const crew = fc.array(someConnection, { minLength: 4, maxLength: 14 })
  const later = fc.array(fc.integer({ min: 0, max: 8 * 24 * 4 }), { minLength: 1, maxLength: 5 })

  /** The connections that the policies end at each instant, on both endpoints, with a snapshot at each instant. */
  const ended = (
    policies: readonly Policy[],
    protect: readonly UserEntry[],
    people: readonly Partial<Connection>[],
    quarters: readonly number[],
  ): readonly string[] =>
    PLACES.flatMap((place) => {
      const set = createPolicySet(
        policies.map((one) => ({ ...one, mode: 'enforce' as const })),
        protect,
      )
      const decider = createDecider(set, place)
      const memory = createMemory()
      const crowd = people.map((one, index) => connection({ ...one, ...place, id: `${index}` }))
      // One connection is always busy: if no counter moves, the verdict of idle-timeout is unknown.
      const busy = (at: Instant) =>
        connection({
          ...place,
          id: 'busy',
          username: 'busy',
          establishedAt: at,
          ingressBytes: at % 1e9,
          egressBytes: 0,
        })
      return [...new Set([0, ...quarters])]
        .sort((a, b) => a - b)
        .flatMap((quarter) => {
          const now = NOON + quarter * 15 * MINUTE
          const rows = [...crowd, busy(now)]
          memory.observe({ begunAt: now, connections: rows }, set, PLACE)
          return decider
            .decide(rows, memory.history({ now, fresh: true, acts: () => true, changedAt: () => -NEVER }), now, ENFORCE)
            .violating.filter(({ act }) => act === 'terminate')
            .map(({ connection: { id } }) => `${place.endpointId} ${quarter} ${id}`)
        })
    })

  it('a policy that can never act ends no connection', () => {
    let warned = 0
    fc.assert(
      fc.property(somePolicy, fc.option(exempted, { nil: [] }), crew, later, (one, protect, people, quarters) => {
        const inert = review([one], { protect }).some(
          ({ path, message }) =>
            path.length < 3 &&
            /^(?:match|exempt|name|protect|until)$/.test(String(path[0])) &&
            !message.includes('certificate') &&
            !message.includes('nobody under this policy whom'),
        )
        fc.pre(inert)
        warned++
        expect(ended([one], protect, people, quarters)).toEqual([])
      }),
      { numRuns: fuzzRuns(30), maxSkipsPerRun: 1000 },
    )
    expect(warned).toBeGreaterThan(fuzzRuns(20))
  })

  it('a policy that never acts because of its hours ends no connection', () => {
    const hoursOf = policyOf('off-hours').map((one) => ({ ...one, match: undefined, exempt: undefined }))
    fc.assert(
      fc.property(hoursOf, crew, later, (one, people, quarters) => {
        const [first] = review([one])
        fc.pre(first?.message.includes('never acts') ?? false)
        expect(ended([one], [], people, quarters)).toEqual([])
      }),
      { numRuns: fuzzRuns(3), maxSkipsPerRun: 1000 },
    )
  })

  it('a superfluous policy ends no connection that the other does not end at the same instant', () => {
    const seen = new Set<string>()
    const parts = fc.subarray(['rule', 'match', 'exempt', 'graceMs', 'mode', 'from', 'until'] as const)
    const two = fc.constantFrom(...Object.keys(KEYS)).chain((kind) =>
      fc.tuple(policyOf(kind), policyOf(kind), parts).map(([a, b, alike]) => {
        const from = Object.fromEntries(alike.map((part) => [part, a[part]]))
        return [a, { ...b, ...from }] as const
      }),
    )
    fc.assert(
      fc.property(two, fc.option(exempted, { nil: [] }), crew, later, ([a, b], protect, people, quarters) => {
        const both = [named('a', a), named('b', b)] as const
        const warning = review(both, { protect }).find(
          ({ path, policy: of, message }) => path[0] === 'name' && message.includes(of?.name === 'a' ? '"b"' : '"a"'),
        )
        fc.pre(warning !== undefined)
        const [other, strict] = warning?.policy?.name === 'a' ? both : ([both[1], both[0]] as const)
        const loss = ended([other], protect, people, quarters)
        if (loss.length > 0) seen.add(a.kind.kind)
        const kept = new Set(ended([strict], protect, people, quarters))
        expect(loss.filter((one) => !kept.has(one))).toEqual([])
      }),
      { numRuns: fuzzRuns(250), maxSkipsPerRun: 1000 },
    )
    expect([...seen].sort()).toEqual(Object.keys(KEYS).sort())
  })
})
