import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hashOfText } from '../../src/config/bind/policy-set-hash.ts'
import type { DoorRules } from '../../src/domain/door/door-rules.ts'
import { NO_HISTORY } from '../../src/domain/judge/memory.ts'
import { because, judge } from '../../src/domain/judge/verdict.ts'
import type { Policy, Selector } from '../../src/domain/policies/policy.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import type { Calendar } from '../../src/domain/time/calendar.ts'
import type { Hours } from '../../src/domain/time/hours.ts'
import { DAY, type Instant, NEVER } from '../../src/domain/time/instant.ts'
import { bake, revive } from '../../src/door/baked-rules.ts'
import { anyText } from '../any-text.ts'
import { connection, entry, NOON, PLACE, policy } from '../domain/build.ts'
import { doorRules } from '../domain/door/door-rules.ts'
import { fuzzRuns } from '../fuzz-runs.ts'

const maybe = <Value>(some: fc.Arbitrary<Value>) => fc.option(some, { nil: undefined })
const instant = fc.integer({ min: NOON - 3 * DAY, max: NOON + 3 * DAY })

// Quotes, backslashes and what looks like text of the format must survive as well.
const name = fc.constantFrom('alice', 'bob', 'user:bob', 'al*', '?ob', 'cn:device-7', "o'neil\\*", '"-1"', 'ß\u{1f4a9}')
const users = fc.array(
  fc
    .record({ name, from: maybe(instant), until: maybe(instant), reason: maybe(anyText()) })
    .map(({ name, ...rest }) => entry(name, rest)),
  { minLength: 1, maxLength: 4 },
)
const selector: fc.Arbitrary<Selector> = fc.record({
  users: maybe(users),
  endpoints: maybe(fc.constantFrom('cvpn-endpoint-*', 'office').map((one) => [entry(one)])),
  regions: maybe(fc.constantFrom('eu-*', 'us-*').map((one) => [entry(one)])),
})

const calendar: Calendar = {
  dates: [{ from: { year: 2026, month: 11, day: 24 }, to: { year: 2026, month: 11, day: 25 } }],
  yearly: [{ month: 11, day: 22 }],
}

const hours = fc
  .record({
    list: fc.constantFrom('allowed', 'denied'),
    days: fc.constantFrom('mon-fri', ['sat', 'sun'], 'mon'),
    hours: fc.constantFrom('07:30-18:30', '22:00-02:00', '00:00-24:00'),
    timeZone: fc.constantFrom('Europe/Berlin', 'Pacific/Auckland', 'UTC'),
    calendars: fc.constantFrom([], [calendar]),
  })
  .map(({ list, days, hours, timeZone, calendars }): Policy => {
    const made = policy('off-hours', { timeZone, [list]: [{ days, hours }] })
    return { ...made, rule: { ...(made.rule as Hours), calendars } }
  })

const rule = fc.oneof(
  hours,
  users.map((rule): Policy => ({ ...policy('banned-users', { users: ['mallory'] }), rule })),
  fc.constantFrom(
    policy('posture', { require: ['managed'], deny: ['infected'] }),
    policy('max-session-age', { maxAge: '1h' }),
    policy('max-sessions', { limit: 2 }),
    policy('max-transfer', { total: '1GB' }),
    policy('idle-timeout', { after: '30m' }),
  ),
)

const policies = fc.array(
  fc.record({ rule, match: maybe(selector), exempt: maybe(selector), from: maybe(instant), until: maybe(instant) }),
  { minLength: 1, maxLength: 6 },
)

const rules: fc.Arbitrary<DoorRules> = fc
  .record({ policies, protect: fc.oneof(fc.constant([]), users), match: maybe(selector) })
  .map(({ policies, protect, match }) =>
    doorRules(
      policies.map(({ rule, ...different }, index) => ({ ...rule, ...different, name: `policy-${index}` })),
      { protect, posture: [{ status: 'managed', match }], endpointNames: new Map([[PLACE.endpointId, 'office']]) },
    ),
  )

const person = fc.record({
  username: fc.constantFrom(undefined, 'alice', 'bob', "o'neil\\x"),
  commonName: fc.constantFrom(undefined, 'device-7', '"-1"'),
  posture: fc.constantFrom(undefined, [], ['managed'], ['infected']),
})

/** What every policy says about somebody, and why. */
const verdicts = ({ policies, protect }: DoorRules, who: ReturnType<typeof connection>, now: Instant) =>
  createPolicySet(policies, protect)
    .everyApplicability({ ...PLACE, name: 'office' })(who)
    .map((applicability) => {
      const verdict = judge(applicability, who, NO_HISTORY, now)
      return [verdict.policy.name, verdict.word, verdict.nextAt, because(verdict, who, now)]
    })

describe('rules that were baked and revived', () => {
  it('are the same, and say the same of everybody at every instant', () => {
    const words = new Set<unknown>()
    fc.assert(
      fc.property(rules, person, instant, (written, names, now) => {
        const revived = revive(bake(written, hashOfText))
        expect(revived).toStrictEqual(written)
        const who = connection({ ...names, establishedAt: now })
        const found = verdicts(written, who, now)
        expect(verdicts(revived, who, now)).toEqual(found)
        for (const [, word] of found) words.add(word)
      }),
      { numRuns: fuzzRuns(334) },
    )
    // Otherwise a judge that says the same of everybody would pass.
    expect(words.size).toBeGreaterThan(4)
  })

  it('keep what JSON loses, and write once what policies share', () => {
    const group = Array.from({ length: 100 }, (_, index) => entry(`user-${index}@corp.example`))
    const match = { users: group, endpoints: undefined, regions: undefined }
    const some = Array.from({ length: 100 }, (_, index) =>
      policy('banned-users', { users: ['mallory'] }, { name: `policy-${index}`, match, from: -NEVER, until: NEVER }),
    )
    const baked = bake(doorRules(some), hashOfText)
    expect(baked.rules.split('user-7@corp.example')).toHaveLength(2)
    const [first, second] = revive(baked).policies
    expect(first).toMatchObject({ from: -NEVER, until: NEVER, exempt: undefined })
    expect(second?.match?.users?.[7]).toBe(first?.match?.users?.[7])
  })

  it('have a hash of everything that is baked', () => {
    const rules = doorRules([policy('banned-users', { users: ['mallory'] })])
    const match = { users: [entry('alice')], endpoints: undefined, regions: undefined }
    const different: readonly Partial<DoorRules>[] = [
      {},
      { mode: 'audit' },
      { onError: 'deny' },
      { showNames: false },
      { policySetHash: 'other' },
      { timeZone: 'Europe/Berlin' },
      { posture: [{ status: 'managed', match: undefined }] },
      { posture: [{ status: 'managed', match }] },
      { endpointNames: new Map([[PLACE.endpointId, 'office']]) },
      { protect: [entry('alice')] },
      { policies: [policy('banned-users', { users: ['mallory'] }, { message: 'Ask.' })] },
    ]
    const hashes = different.map((one) => bake({ ...rules, ...one }, hashOfText).settings.handlerHash)
    expect(new Set(hashes).size).toBe(different.length)
    expect(bake({ ...rules }, hashOfText).settings.handlerHash).toBe(hashes[0])
  })

  it('are not baked if they are more than data', () => {
    const made = policy('banned-users', { users: ['mallory'] }, { name: 'leavers' })
    expect(() => bake(doorRules([{ ...made, rule: { has: () => true } }]), hashOfText)).toThrow(
      'Cannot stringify a function',
    )
  })
})
