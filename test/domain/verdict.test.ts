import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/domain/connection.ts'
import { NO_HISTORY } from '../../src/domain/judge/memory.ts'
import { because, isDue, judge } from '../../src/domain/judge/verdict.ts'
import type { UserEntry } from '../../src/domain/names/user-list.ts'
import type { History, Policy } from '../../src/domain/policies/policy.ts'
import { createPolicySet, type PolicySet } from '../../src/domain/policies/policy-set.ts'
import { DAY, HOUR, type Instant, MINUTE, NEVER, toText } from '../../src/domain/time/instant.ts'
import { slowRuns } from '../fuzz-runs.ts'
import { connection, entry, NOON, PLACE, policy } from './build.ts'

/** One policy's verdict about one connection; `different` replaces parts of an empty history. */
const verdictOf = (tested: Policy, judged = connection(), now = NOON, different: Partial<History> = {}) =>
  verdictUnder(createPolicySet([tested], []), judged, now, different)

const verdictUnder = (set: PolicySet, judged: Connection, now = NOON, different: Partial<History> = {}) => {
  const [applicability] = set.everyApplicability(PLACE)(judged)
  if (applicability === undefined) throw new Error('no applicability')
  return judge(applicability, judged, { ...NO_HISTORY, ...different }, now)
}

const age = (maxAge: string, different: Partial<Policy> = {}) => policy('max-session-age', { maxAge }, different)
const ban = (users: readonly unknown[], different: Partial<Policy> = {}) => policy('banned-users', { users }, different)
const hours = (different: Partial<Policy> = {}) =>
  policy('off-hours', { timeZone: 'UTC', allowed: [{ days: 'mon-fri', hours: '08:00-18:00' }] }, different)

describe('max-session-age', () => {
  it('is violated from the millisecond at which the connection reaches the age', () => {
    const at = NOON - HOUR + 2 * HOUR
    expect(verdictOf(age('2h'), connection(), at - 1)).toMatchObject({ word: 'fine', nextAt: at })
    expect(verdictOf(age('2h'), connection(), at)).toMatchObject({ word: 'violated', since: at, nextAt: NEVER })
  })

  it('gives an unknown verdict without an established time', () => {
    expect(verdictOf(age('2h'), connection({ establishedAt: undefined })).word).toBe('unknown')
  })
})

describe('banned-users', () => {
  it.each([
    ['ALICE', {}],
    ['al?ce', {}],
    ['user:alice', { commonName: undefined }],
    ['laptop-*', { commonName: 'Laptop-7' }],
    ['cn:alice', { username: 'bob' }],
  ])('%s is violated by a connection whose principal it matches', (users, different) => {
    const { establishedAt } = connection()
    expect(verdictOf(ban([users]), connection(different))).toMatchObject({ word: 'violated', since: establishedAt })
  })

  it('bans a user from the first instant of the entry until its end, which is excluded', () => {
    const from = NOON
    const until = NOON + HOUR
    const timed = ban([
      { pattern: 'alice', from: '2026-11-23T12:00:00Z', until: '2026-11-23T13:00:00Z', reason: 'contract ended' },
    ])
    expect(verdictOf(timed, connection(), from - 1)).toMatchObject({ word: 'fine', nextAt: from })
    expect(verdictOf(timed, connection(), from)).toMatchObject({ word: 'violated', since: from, nextAt: until })
    expect(verdictOf(timed, connection(), until)).toMatchObject({ word: 'fine', nextAt: NEVER })
  })

  it('needs no established time: the violation begins with the entry, else when the connection was first seen', () => {
    const unknown = connection({ establishedAt: undefined })
    expect(verdictOf(ban(['alice']), unknown)).toMatchObject({ word: 'violated', since: NOON })
    expect(verdictOf(ban([{ pattern: 'alice', from: '2026-11-01T00:00:00Z' }]), unknown)).toMatchObject({
      since: Date.parse('2026-11-01T00:00:00Z'),
    })
    const future = connection({ establishedAt: NOON + HOUR })
    expect(verdictOf(ban(['alice']), future)).toMatchObject({ word: 'violated', since: NOON })
  })

  it('gives an unknown verdict about a connection without a name', () => {
    const nameless = connection({ username: undefined, commonName: undefined })
    expect(verdictOf(ban(['alice']), nameless).word).toBe('unknown')
  })

  it('explains which entry matches, and its reason', () => {
    const tested = ban([{ pattern: 'al*', reason: 'contract ended' }])
    const banned = connection()
    const why = because(verdictOf(tested, banned), banned, NOON)
    expect(why).toContain('al*')
    expect(why).toContain('contract ended')
  })
})

describe('off-hours', () => {
  it('is violated since the window closed, or since a later connection was established', () => {
    const evening = Date.parse('2026-11-23T18:00:00Z')
    expect(verdictOf(hours(), connection(), evening - 1)).toMatchObject({ word: 'fine', nextAt: evening })
    const morning = Date.parse('2026-11-24T08:00:00Z')
    expect(verdictOf(hours(), connection(), evening)).toMatchObject({
      word: 'violated',
      since: evening,
      nextAt: morning,
    })
    const late = connection({ establishedAt: evening + HOUR })
    expect(verdictOf(hours(), late, evening + 2 * HOUR)).toMatchObject({ since: evening + HOUR })
  })

  it('is violated while a denied window is open', () => {
    const denied = policy('off-hours', { timeZone: 'UTC', denied: [{ hours: '11:00-13:00' }] })
    expect(verdictOf(denied)).toMatchObject({ word: 'violated', since: NOON - HOUR, nextAt: NOON + HOUR })
  })
})

describe('match and exempt', () => {
  const users = (...sources: string[]) => ({
    users: sources.map((source) => entry(source)),
    endpoints: undefined,
    regions: undefined,
  })

  it('match needs one matching entry in every list', () => {
    const match = { ...users('alice'), regions: [entry('us-*')] }
    expect(verdictOf(age('1m', { match })).word).toBe('not-matched')
    expect(verdictOf(age('1m', { match: users('al*') })).word).toBe('violated')
  })

  it('match fails for a connection without a name too, where a list that needs no name does not match', () => {
    const nameless = connection({ username: undefined, commonName: undefined })
    const match = { ...users('alice'), regions: [entry('us-*')] }
    expect(verdictOf(age('1m', { match }), nameless).word).toBe('not-matched')
    expect(verdictOf(age('1m', { match: users('alice') }), nameless).word).toBe('unknown')
    expect(verdictOf(age('1m', { exempt: users('alice') }), nameless).word).toBe('unknown')
  })

  it('an exemption of a user does not apply to another user with the same certificate', () => {
    const borrowed = connection({ username: 'mallory', commonName: 'alice' })
    expect(verdictOf(age('1m', { exempt: users('alice') }), borrowed).word).toBe('violated')
    expect(verdictOf(age('1m', { exempt: users('cn:alice') }), borrowed).word).toBe('exempt')
  })

  it('an exemption ends at its instant', () => {
    const until = NOON + MINUTE
    const exempt = { users: [entry('alice', { until })], endpoints: undefined, regions: undefined }
    expect(verdictOf(age('1m', { exempt }))).toMatchObject({ word: 'exempt', nextAt: until })
    expect(verdictOf(age('1m', { exempt }), connection(), until).word).toBe('violated')
  })

  it('protect exempts from every policy', () => {
    const set = createPolicySet([age('1m')], [entry('break-*')])
    expect(verdictUnder(set, connection({ username: 'break-glass' })).word).toBe('exempt')
    expect(verdictUnder(set, connection()).word).toBe('violated')
  })
})

describe('grace', () => {
  it('begins with the violation', () => {
    const verdict = verdictOf(age('30m', { graceMs: HOUR }))
    expect(verdict).toMatchObject({ word: 'violated', since: NOON - 30 * MINUTE, deadline: NOON + 30 * MINUTE })
    expect(verdict.nextAt).toBe(verdict.deadline)
    expect(isDue(verdict, NOON)).toBe(false)
    expect(isDue(verdict, NOON + 30 * MINUTE)).toBe(true)
  })

  it('is not given to a connection established while its principal was already violating', () => {
    const evening = Date.parse('2026-11-23T18:00:00Z')
    const grace = { graceMs: 5 * MINUTE }
    expect(verdictOf(hours(grace), connection(), evening).deadline).toBe(evening + 5 * MINUTE)
    const establishedAt = evening + HOUR
    expect(verdictOf(hours(grace), connection({ establishedAt }), establishedAt).deadline).toBe(establishedAt)
  })
})

describe('grace of a connection that violates the policy from its beginning', () => {
  const establishedAt = Date.parse('2026-11-23T19:00:00Z')
  const late = connection({ establishedAt })

  it('is given when an exemption ends that was in force then', () => {
    const until = establishedAt + HOUR
    const exempt = { users: [entry('alice', { until })], endpoints: undefined, regions: undefined }
    const verdict = verdictOf(hours({ graceMs: 5 * MINUTE, exempt }), late, until)
    expect(verdict).toMatchObject({
      word: 'violated',
      since: establishedAt,
      deadline: establishedAt + 5 * MINUTE,
    })
  })

  it('is given where the policy changed after that, and not where it changed before', () => {
    const deadlineAfterChange = (at: Instant) =>
      verdictOf(hours({ graceMs: 5 * MINUTE }), late, establishedAt + 2 * MINUTE, { changedAt: () => at }).deadline
    expect(deadlineAfterChange(establishedAt + MINUTE)).toBe(establishedAt + 5 * MINUTE)
    expect(deadlineAfterChange(establishedAt - MINUTE)).toBe(establishedAt)
  })
})

describe('a deadline', () => {
  const evening = Date.parse('2026-11-23T18:00:00Z')

  it('without grace is the beginning of the violation, whenever that was found', () => {
    const found = verdictOf(age('30m'), connection(), NOON, { graceStartedAt: () => NOON })
    expect(found).toMatchObject({ since: NOON - 30 * MINUTE, deadline: NOON - 30 * MINUTE })
  })

  it('has no grace where the connection is established as an exemption ends, or as the policy changes', () => {
    const late = connection({ establishedAt: evening + HOUR })
    const exempt = { users: [entry('alice', { until: evening + HOUR })], endpoints: undefined, regions: undefined }
    const tested = hours({ graceMs: 5 * MINUTE })
    expect(verdictOf({ ...tested, exempt }, late, evening + HOUR).deadline).toBe(evening + HOUR)
    const changed = (at: Instant) => verdictOf(tested, late, evening + HOUR, { changedAt: () => at }).deadline
    expect([changed(evening + HOUR), changed(evening + HOUR + 1)]).toEqual([
      evening + HOUR,
      evening + HOUR + 5 * MINUTE,
    ])
  })

  it('has grace under a policy on facts of the connection, though it violates from the beginning', () => {
    const sick = connection({ posture: ['sick'] })
    const tested = policy('posture', { deny: ['sick'] }, { graceMs: 90 * MINUTE })
    expect(verdictOf(tested, sick)).toMatchObject({ since: NOON - HOUR, deadline: NOON + 30 * MINUTE })
  })

  it('is that of a cooldown where the connection was established after the termination', () => {
    const cooling = age('8h', { cooldownMs: 30 * MINUTE })
    const at = (establishedAt: Instant | undefined, now = NOON) =>
      verdictOf(cooling, connection({ establishedAt }), now, { terminatedAt: () => NOON - 10 * MINUTE })
    const terminatedAt = NOON - 10 * MINUTE
    expect(at(terminatedAt).word).toBe('fine')
    expect(at(terminatedAt + 1)).toMatchObject({ word: 'violated', reason: 'cooldown', deadline: terminatedAt + 1 })
    expect(at(undefined).word).toBe('unknown')
    expect(at(terminatedAt + 1, terminatedAt + 30 * MINUTE - 1).word).toBe('violated')
    expect(at(terminatedAt + 1, terminatedAt + 30 * MINUTE).word).toBe('fine')
    expect(
      verdictOf({ ...cooling, cooldownMs: 0 }, connection(), NOON, { terminatedAt: () => terminatedAt }).word,
    ).toBe('fine')
  })

  it('of a cooldown is followed by the verdict of the policy’s own rule', () => {
    const tested = age('1h', { cooldownMs: 2 * HOUR })
    const reconnected = connection({ establishedAt: NOON })
    const found = verdictOf(tested, reconnected, NOON + MINUTE, { terminatedAt: () => NOON - MINUTE })
    expect(found).toMatchObject({ reason: 'cooldown', nextAt: NEVER })
    const long = verdictOf({ ...tested, cooldownMs: 30 * MINUTE }, reconnected, NOON + MINUTE, {
      terminatedAt: () => NOON - MINUTE,
    })
    expect(long).toMatchObject({ reason: 'cooldown', nextAt: NOON + 29 * MINUTE })
  })
})

describe('a stale view', () => {
  it.each<[string, Policy, string]>([
    ['max-session-age', age('30m'), 'violated'],
    ['banned-users', ban(['alice']), 'violated'],
    ['off-hours', policy('off-hours', { timeZone: 'UTC', denied: [{}] }), 'violated'],
    ['posture', policy('posture', { deny: ['sick'] }), 'violated'],
    ['max-transfer', policy('max-transfer', { total: '1B' }), 'unknown'],
    ['max-sessions', policy('max-sessions', { limit: 1 }), 'unknown'],
    ['idle-timeout', policy('idle-timeout', { after: '1m' }), 'unknown'],
  ])('is enough for facts that never change: %s', (_kind, tested, word) => {
    const found = verdictOf(tested, connection({ posture: ['sick'], ingressBytes: 5 }), NOON, { fresh: () => false })
    expect(found.word).toBe(word)
    if (word === 'unknown') expect(found).toMatchObject({ nextAt: NEVER, finding: { word } })
  })
})

describe('because', () => {
  const users = (list: readonly UserEntry[]) => ({ users: list, endpoints: undefined, regions: undefined })
  const until = Date.parse('2027-01-01T00:00:00Z')
  const explained = (
    tested: Policy,
    judged = connection(),
    different: Partial<History> = {},
    protect: readonly UserEntry[] = [],
  ) => because(verdictUnder(createPolicySet([tested], protect), judged, NOON, different), judged, NOON)

  it('names the entry that exempts the connection, its reason and its end', () => {
    const lasting = explained(age('1m', { exempt: users([entry('al*')]) }))
    expect(lasting).toContain('al*')
    expect(lasting).not.toMatch(/until|undefined|NaN/)
    const passing = explained(age('1m', { exempt: users([entry('al?ce', { until, reason: 'on call' })]) }))
    for (const part of ['al?ce', 'on call', '2027-01-01']) expect(passing).toContain(part)
    expect(explained(age('1m'), connection(), {}, [entry('al*')])).not.toBe(lasting)
    expect(explained(age('1m'), connection(), {}, [entry('al*')])).toContain('al*')
    const everywhere = { users: undefined, endpoints: [entry('*')], regions: undefined }
    expect(explained(age('1m', { exempt: everywhere }))).not.toMatch(/until|undefined/)
  })

  it('gives a different text for each word', () => {
    const tested = [
      explained(age('1m', { match: users([entry('bob')]) })),
      explained(age('1m', { exempt: users([entry('alice')]) })),
      explained(
        age('1m', { match: users([entry('bob')]) }),
        connection({ username: undefined, commonName: undefined }),
      ),
      explained(age('1m'), connection({ establishedAt: undefined })),
      explained(age('1m')),
      explained(age('10h')),
      explained(policy('max-sessions', { limit: 1 }), connection(), { fresh: () => false }),
      explained(policy('max-sessions', { limit: 1 })),
    ]
    expect(new Set(tested).size).toBe(tested.length)
    for (const text of tested) expect(text).not.toMatch(/undefined|NaN|Infinity/)
  })

  it('names the policy of a cooldown and how long it lasts', () => {
    const cooling = age('8h', { name: 'breather', cooldownMs: 30 * MINUTE })
    const text = explained(cooling, connection({ establishedAt: NOON }), { terminatedAt: () => NOON - MINUTE })
    expect(text).toContain('breather')
    expect(text).toContain('30m')
  })

  it('names when the connection was established, also where the policy matches it only since later', () => {
    const match = { users: [entry('alice', { from: NOON - MINUTE })], endpoints: undefined, regions: undefined }
    const cooling = age('8h', { cooldownMs: 30 * MINUTE, match })
    const established = NOON - 2 * MINUTE
    const text = explained(cooling, connection({ establishedAt: established }), {
      terminatedAt: () => NOON - 3 * MINUTE,
    })
    expect(text).toContain(`established at ${toText(established)}`)
  })
})

describe('nextAt', () => {
  const iso = (at: number) => new Date(at).toISOString()
  const step = 30 * MINUTE
  const offset = fc.integer({ min: -96, max: 96 })
  const policies = fc.oneof(
    fc.integer({ min: 1, max: 96 }).map((halves) => age(`${halves * 30}m`)),
    fc
      .tuple(offset, fc.integer({ min: 1, max: 96 }))
      .map(([from, length]) =>
        ban([{ pattern: 'alice', from: iso(NOON + from * step), until: iso(NOON + (from + length) * step) }]),
      ),
    fc.integer({ min: 0, max: 4 }).map((graces) => hours({ graceMs: graces * step })),
  )
  const exempt = fc.option(
    offset.map((at) => ({
      users: [entry('alice', { until: NOON + at * step })],
      endpoints: undefined,
      regions: undefined,
    })),
    { nil: undefined },
  )

  it('is the first instant at which the word, or whether the deadline has passed, differs', () => {
    fc.assert(
      fc.property(policies, exempt, offset, offset, (plain, exemption, established, judgedAt) => {
        const tested = { ...plain, exempt: exemption }
        const judged = connection({ establishedAt: NOON + established * step })
        const now = NOON + judgedAt * step
        const state = (at: number) => {
          const verdict = verdictOf(tested, judged, at)
          return `${verdict.word} ${isDue(verdict, at)}`
        }
        const { nextAt } = verdictOf(tested, judged, now)
        expect(nextAt).toBeGreaterThan(now)
        // All verdicts here change on half hours only, so looking at each of them finds the first change.
        const present = state(now)
        let first: number = NEVER
        for (let at = now + step; at <= now + 4 * DAY && first === NEVER; at += step) {
          if (state(at) !== present) first = at
        }
        if (first !== NEVER || nextAt <= now + 4 * DAY) expect(nextAt).toBe(first)
      }),
      { numRuns: slowRuns(150) },
    )
  })
})
