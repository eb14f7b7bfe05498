import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/domain/connection.ts'
import { NO_HISTORY } from '../../src/domain/judge/memory.ts'
import { because, isDue, judge } from '../../src/domain/judge/verdict.ts'
import type { UserEntry } from '../../src/domain/names/user-list.ts'
import type { History, Policy } from '../../src/domain/policies/policy.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { DAY, HOUR, type Instant, MINUTE, NEVER } from '../../src/domain/time/instant.ts'
import { connection, entry, NOON, PLACE, policy } from './build.ts'

const verdictOf = (tested: Policy, who = connection(), now = NOON) => {
  const [standing] = createPolicySet([tested], []).everyStanding(PLACE)(who)
  if (standing === undefined) throw new Error('no standing')
  return judge(standing, who, NO_HISTORY, now)
}

const age = (maxAge: string, different: Partial<Policy> = {}) => policy('max-session-age', { maxAge }, different)
const ban = (users: readonly unknown[], different: Partial<Policy> = {}) => policy('banned-users', { users }, different)
const hours = (different: Partial<Policy> = {}) =>
  policy('off-hours', { timeZone: 'UTC', allowed: [{ days: 'mon-fri', hours: '08:00-18:00' }] }, different)

describe('max-session-age', () => {
  it('is violated from the very millisecond on', () => {
    const at = NOON - HOUR + 2 * HOUR
    expect(verdictOf(age('2h'), connection(), at - 1)).toMatchObject({ word: 'fine', nextAt: at })
    expect(verdictOf(age('2h'), connection(), at)).toMatchObject({ word: 'violated', since: at, nextAt: NEVER })
  })

  it('knows nothing without an established time', () => {
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
  ])('%s bans whom it names', (users, who) => {
    const { establishedAt } = connection()
    expect(verdictOf(ban([users]), connection(who))).toMatchObject({ word: 'violated', since: establishedAt })
  })

  it('counts from its beginning, and its end does not count', () => {
    const from = NOON
    const until = NOON + HOUR
    const timed = ban([
      { pattern: 'alice', from: '2026-11-23T12:00:00Z', until: '2026-11-23T13:00:00Z', reason: 'contract ended' },
    ])
    expect(verdictOf(timed, connection(), from - 1)).toMatchObject({ word: 'fine', nextAt: from })
    expect(verdictOf(timed, connection(), from)).toMatchObject({ word: 'violated', since: from, nextAt: until })
    expect(verdictOf(timed, connection(), until)).toMatchObject({ word: 'fine', nextAt: NEVER })
  })

  it('needs no established time: it counts from the ban, else from first sight', () => {
    const unknown = connection({ establishedAt: undefined })
    expect(verdictOf(ban(['alice']), unknown)).toMatchObject({ word: 'violated', since: NOON })
    expect(verdictOf(ban([{ pattern: 'alice', from: '2026-11-01T00:00:00Z' }]), unknown)).toMatchObject({
      since: Date.parse('2026-11-01T00:00:00Z'),
    })
    const future = connection({ establishedAt: NOON + HOUR })
    expect(verdictOf(ban(['alice']), future)).toMatchObject({ word: 'violated', since: NOON })
  })

  it('does not know who a connection without names belongs to', () => {
    const nobody = connection({ username: undefined, commonName: undefined })
    expect(verdictOf(ban(['alice']), nobody).word).toBe('unknown')
  })

  it('says as whom and why', () => {
    const tested = ban([{ pattern: 'al*', reason: 'contract ended' }])
    const who = connection()
    const why = because(verdictOf(tested, who), who, NOON)
    expect(why).toContain('al*')
    expect(why).toContain('contract ended')
  })
})

describe('off-hours', () => {
  it('is violated since the window closed, or since the connection came', () => {
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

  it('turned round, is violated while a denied window is open', () => {
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

  it('asks for one hit in every list', () => {
    const match = { ...users('alice'), regions: [entry('us-*')] }
    expect(verdictOf(age('1m', { match })).word).toBe('not-matched')
    expect(verdictOf(age('1m', { match: users('al*') })).word).toBe('violated')
  })

  it('is certain that it does not match where another list misses, whoever it is', () => {
    const nobody = connection({ username: undefined, commonName: undefined })
    const match = { ...users('alice'), regions: [entry('us-*')] }
    expect(verdictOf(age('1m', { match }), nobody).word).toBe('not-matched')
    expect(verdictOf(age('1m', { match: users('alice') }), nobody).word).toBe('unknown')
    expect(verdictOf(age('1m', { exempt: users('alice') }), nobody).word).toBe('unknown')
  })

  it('a borrowed certificate does not bring its owner’s exemption', () => {
    const borrowed = connection({ username: 'mallory', commonName: 'alice' })
    expect(verdictOf(age('1m', { exempt: users('alice') }), borrowed).word).toBe('violated')
    expect(verdictOf(age('1m', { exempt: users('cn:alice') }), borrowed).word).toBe('exempt')
  })

  it('an exemption runs out when it says', () => {
    const until = NOON + MINUTE
    const exempt = { users: [entry('alice', { until })], endpoints: undefined, regions: undefined }
    expect(verdictOf(age('1m', { exempt }))).toMatchObject({ word: 'exempt', nextAt: until })
    expect(verdictOf(age('1m', { exempt }), connection(), until).word).toBe('violated')
  })

  it('protect exempts from every policy', () => {
    const who = connection({ username: 'break-glass' })
    const [standing] = createPolicySet([age('1m')], [entry('break-*')]).everyStanding(PLACE)(who)
    expect(standing && judge(standing, who, NO_HISTORY, NOON).word).toBe('exempt')
  })
})

describe('grace', () => {
  it('runs from the violation', () => {
    const verdict = verdictOf(age('30m', { graceMs: HOUR }))
    expect(verdict).toMatchObject({ word: 'violated', since: NOON - 30 * MINUTE, deadline: NOON + 30 * MINUTE })
    expect(verdict.nextAt).toBe(verdict.deadline)
    expect(isDue(verdict, NOON)).toBe(false)
    expect(isDue(verdict, NOON + 30 * MINUTE)).toBe(true)
  })

  it('is not given to who came while it was violated already', () => {
    const evening = Date.parse('2026-11-23T18:00:00Z')
    const grace = { graceMs: 5 * MINUTE }
    expect(verdictOf(hours(grace), connection(), evening).deadline).toBe(evening + 5 * MINUTE)
    const came = evening + HOUR
    expect(verdictOf(hours(grace), connection({ establishedAt: came }), came).deadline).toBe(came)
  })
})

describe('notice that is owed', () => {
  const evening = Date.parse('2026-11-23T18:00:00Z')
  const came = evening + HOUR
  const late = connection({ establishedAt: came })

  it('is given to who came while exempt, when the exemption runs out', () => {
    const until = came + HOUR
    const exempt = { users: [entry('alice', { until })], endpoints: undefined, regions: undefined }
    const verdict = verdictOf(hours({ graceMs: 5 * MINUTE, exempt }), late, until)
    expect(verdict).toMatchObject({ word: 'violated', since: came, deadline: came + 5 * MINUTE })
  })

  it('is given to who came before the policy was what it is', () => {
    const tested = hours({ graceMs: 5 * MINUTE })
    const [standing] = createPolicySet([tested], []).standings(PLACE)(late)
    const changed = (at: number) => ({ ...NO_HISTORY, changedAt: () => at })
    expect(standing && judge(standing, late, changed(came + MINUTE), came + 2 * MINUTE).deadline).toBe(
      came + 5 * MINUTE,
    )
    expect(standing && judge(standing, late, changed(came - MINUTE), came + 2 * MINUTE).deadline).toBe(came)
  })
})

describe('a deadline', () => {
  const evening = Date.parse('2026-11-23T18:00:00Z')
  const judged = (tested: Policy, who: Connection, now: Instant, different: Partial<History>) => {
    const [standing] = createPolicySet([tested], []).standings(PLACE)(who)
    return standing && judge(standing, who, { ...NO_HISTORY, ...different }, now)
  }

  it('without grace is the violation itself, whenever it was found', () => {
    const found = judged(age('30m'), connection(), NOON, { graceStartedAt: () => NOON })
    expect(found).toMatchObject({ since: NOON - 30 * MINUTE, deadline: NOON - 30 * MINUTE })
  })

  it('has no grace for who came when the exemption had just run out, or the policy was just made', () => {
    const late = connection({ establishedAt: evening + HOUR })
    const exempt = { users: [entry('alice', { until: evening + HOUR })], endpoints: undefined, regions: undefined }
    const tested = hours({ graceMs: 5 * MINUTE })
    expect(judged({ ...tested, exempt }, late, evening + HOUR, {})?.deadline).toBe(evening + HOUR)
    const changed = (at: Instant) => judged(tested, late, evening + HOUR, { changedAt: () => at })?.deadline
    expect([changed(evening + HOUR), changed(evening + HOUR + 1)]).toEqual([
      evening + HOUR,
      evening + HOUR + 5 * MINUTE,
    ])
  })

  it('has grace where the policy looks at the connection, though it was so from the beginning', () => {
    const sick = connection({ posture: ['sick'] })
    const tested = policy('posture', { deny: ['sick'] }, { graceMs: 90 * MINUTE })
    expect(verdictOf(tested, sick)).toMatchObject({ since: NOON - HOUR, deadline: NOON + 30 * MINUTE })
  })

  it('is that of a cooldown where somebody came back later than the cut, whose time is known', () => {
    const cooling = age('8h', { cooldownMs: 30 * MINUTE })
    const at = (establishedAt: Instant | undefined, now = NOON) =>
      judged(cooling, connection({ establishedAt }), now, { terminatedAt: () => NOON - 10 * MINUTE })
    const terminatedAt = NOON - 10 * MINUTE
    expect(at(terminatedAt)?.word).toBe('fine')
    expect(at(terminatedAt + 1)).toMatchObject({ word: 'violated', reason: 'cooldown', deadline: terminatedAt + 1 })
    expect(at(undefined)?.word).toBe('unknown')
    expect(at(terminatedAt + 1, terminatedAt + 30 * MINUTE - 1)?.word).toBe('violated')
    expect(at(terminatedAt + 1, terminatedAt + 30 * MINUTE)?.word).toBe('fine')
    expect(judged({ ...cooling, cooldownMs: 0 }, connection(), NOON, { terminatedAt: () => terminatedAt })?.word).toBe(
      'fine',
    )
  })

  it('of a cooldown is followed by what the policy says then for its own sake', () => {
    const tested = age('1h', { cooldownMs: 2 * HOUR })
    const back = connection({ establishedAt: NOON })
    const found = judged(tested, back, NOON + MINUTE, { terminatedAt: () => NOON - MINUTE })
    expect(found).toMatchObject({ reason: 'cooldown', nextAt: NEVER })
    const long = judged({ ...tested, cooldownMs: 30 * MINUTE }, back, NOON + MINUTE, {
      terminatedAt: () => NOON - MINUTE,
    })
    expect(long).toMatchObject({ reason: 'cooldown', nextAt: NOON + 29 * MINUTE })
  })
})

describe('a snapshot that is not the newest', () => {
  it.each<[string, Policy, string]>([
    ['max-session-age', age('30m'), 'violated'],
    ['banned-users', ban(['alice']), 'violated'],
    ['off-hours', policy('off-hours', { timeZone: 'UTC', denied: [{}] }), 'violated'],
    ['posture', policy('posture', { deny: ['sick'] }), 'violated'],
    ['max-transfer', policy('max-transfer', { total: '1B' }), 'unknown'],
    ['max-sessions', policy('max-sessions', { limit: 1 }), 'unknown'],
    ['idle-timeout', policy('idle-timeout', { after: '1m' }), 'unknown'],
  ])('is enough for what never changes: under %s', (_kind, tested, word) => {
    const who = connection({ posture: ['sick'], ingressBytes: 5 })
    const [standing] = createPolicySet([tested], []).standings(PLACE)(who)
    const found = standing && judge(standing, who, { ...NO_HISTORY, fresh: () => false }, NOON)
    expect(found?.word).toBe(word)
    if (word === 'unknown') expect(found).toMatchObject({ nextAt: NEVER, finding: { word } })
  })
})

describe('why', () => {
  const users = (list: readonly UserEntry[]) => ({ users: list, endpoints: undefined, regions: undefined })
  const until = Date.parse('2027-01-01T00:00:00Z')
  const said = (tested: Policy, who = connection(), different: Partial<History> = {}, protect: UserEntry[] = []) => {
    const [standing] = createPolicySet([tested], protect).everyStanding(PLACE)(who)
    if (standing === undefined) throw new Error('no standing')
    return because(judge(standing, who, { ...NO_HISTORY, ...different }, NOON), who, NOON)
  }

  it('names the entry that exempts, its reason and its end', () => {
    const lasting = said(age('1m', { exempt: users([entry('al*')]) }))
    expect(lasting).toContain('al*')
    expect(lasting).not.toMatch(/until|undefined|NaN/)
    const passing = said(age('1m', { exempt: users([entry('al?ce', { until, reason: 'on call' })]) }))
    for (const part of ['al?ce', 'on call', '2027-01-01']) expect(passing).toContain(part)
    expect(said(age('1m'), connection(), {}, [entry('al*')])).not.toBe(lasting)
    expect(said(age('1m'), connection(), {}, [entry('al*')])).toContain('al*')
    const everywhere = { users: undefined, endpoints: [entry('*')], regions: undefined }
    expect(said(age('1m', { exempt: everywhere }))).not.toMatch(/until|undefined/)
  })

  it('differs with the word', () => {
    const tested = [
      said(age('1m', { match: users([entry('bob')]) })),
      said(age('1m', { exempt: users([entry('alice')]) })),
      said(age('1m', { match: users([entry('bob')]) }), connection({ username: undefined, commonName: undefined })),
      said(age('1m'), connection({ establishedAt: undefined })),
      said(age('1m')),
      said(age('10h')),
      said(policy('max-sessions', { limit: 1 }), connection(), { fresh: () => false }),
      said(policy('max-sessions', { limit: 1 })),
    ]
    expect(new Set(tested).size).toBe(tested.length)
    for (const text of tested) expect(text).not.toMatch(/undefined|NaN|Infinity/)
  })

  it('of a cooldown names the policy and how long it lasts', () => {
    const cooling = age('8h', { name: 'breather', cooldownMs: 30 * MINUTE })
    const text = said(cooling, connection({ establishedAt: NOON }), { terminatedAt: () => NOON - MINUTE })
    expect(text).toContain('breather')
    expect(text).toContain('30m')
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
      fc.property(policies, exempt, offset, offset, (plain, exemption, established, asked) => {
        const tested = { ...plain, exempt: exemption }
        const who = connection({ establishedAt: NOON + established * step })
        const now = NOON + asked * step
        const state = (at: number) => {
          const verdict = verdictOf(tested, who, at)
          return `${verdict.word} ${isDue(verdict, at)}`
        }
        const { nextAt } = verdictOf(tested, who, now)
        expect(nextAt).toBeGreaterThan(now)
        // Everything here changes on half hours only: looking at each of them finds the first change.
        let first: number = NEVER
        for (let at = now + step; at <= now + 4 * DAY && first === NEVER; at += step) {
          if (state(at) !== state(now)) first = at
        }
        if (first !== NEVER || nextAt <= now + 4 * DAY) expect(nextAt).toBe(first)
      }),
      { numRuns: 300 },
    )
  })
})
