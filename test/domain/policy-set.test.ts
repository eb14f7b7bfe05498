import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/domain/connection.ts'
import { NO_HISTORY } from '../../src/domain/judge/memory.ts'
import { because, judge } from '../../src/domain/judge/verdict.ts'
import type { Location } from '../../src/domain/names/location.ts'
import type { UserEntry } from '../../src/domain/names/user-list.ts'
import type { Policy, Selector } from '../../src/domain/policies/policy.ts'
import { createPolicySet, type PolicySet } from '../../src/domain/policies/policy-set.ts'
import { HOUR, MINUTE, NEVER } from '../../src/domain/time/instant.ts'
import { ALL_TIME } from '../../src/domain/time/period.ts'
import { connection, ENDPOINT, entry, NOON, PLACE, policy } from './build.ts'

const select = (lists: Partial<Selector>): Selector => ({
  users: undefined,
  endpoints: undefined,
  regions: undefined,
  ...lists,
})
const aged = (different: Partial<Policy> = {}) => policy('max-session-age', { maxAge: '8h' }, different)
const nameless = connection({ username: undefined, commonName: undefined })

const applicabilityOf = (
  tested: Policy,
  row = connection(),
  protect: readonly UserEntry[] = [],
  place: Location = PLACE,
) => {
  const [applicability] = createPolicySet([tested], protect).everyApplicability(place)(row)
  if (applicability === undefined) throw new Error('no applicability')
  return applicability
}

describe('the applicability of a policy to a connection', () => {
  it.each<[string, string, Partial<Selector>]>([
    ['a user', 'yes', { users: [entry('bob'), entry('ali*')] }],
    ['another user', 'no', { users: [entry('bob')] }],
    ['the endpoint', 'yes', { endpoints: [entry('cvpn-endpoint-other'), entry(ENDPOINT.toUpperCase())] }],
    ['another endpoint', 'no', { endpoints: [entry('cvpn-endpoint-other')] }],
    ['the Region', 'yes', { regions: [entry('EU-*')] }],
    ['another Region', 'no', { regions: [entry('us-*')] }],
    ['the user elsewhere', 'no', { users: [entry('alice')], endpoints: [entry('cvpn-endpoint-other')] }],
    ['the user in another Region', 'no', { users: [entry('alice')], regions: [entry('us-*')] }],
    ['another user here', 'no', { users: [entry('bob')], endpoints: [entry('*')], regions: [entry('*')] }],
    ['all three', 'yes', { users: [entry('alice')], endpoints: [entry('*')], regions: [entry('*')] }],
  ])('is matched where `match` names %s: %s', (_what, matched, match) => {
    const tested = aged({ match: select(match) })
    expect(applicabilityOf(tested).matched).toBe(matched)
    const of = createPolicySet([tested], []).applicabilities(PLACE)
    expect(of(connection()).map((applicability) => applicability.policy)).toEqual(matched === 'no' ? [] : [tested])
  })

  it('is unknown if a list names users and the connection has no name', () => {
    expect(applicabilityOf(aged(), nameless).matched).toBe('yes')
    expect(applicabilityOf(aged({ match: select({ users: [entry('*')] }) }), nameless).matched).toBe('unknown')
    expect(applicabilityOf(aged({ exempt: select({ users: [entry('bob')] }) }), nameless).matched).toBe('unknown')
    expect(applicabilityOf(aged(), nameless, [entry('bob')]).matched).toBe('unknown')
    expect(applicabilityOf(policy('banned-users', { users: ['bob'] }), nameless).matched).toBe('unknown')
    const elsewhere = { users: [entry('bob')], regions: [entry('us-*')] }
    expect(applicabilityOf(aged({ exempt: select(elsewhere) }), nameless).matched).toBe('yes')
    expect(applicabilityOf(aged({ match: select(elsewhere) }), nameless, [entry('bob')]).matched).toBe('no')
  })

  it('is exempt until the last of the entries that name the user ends, and no longer than any other list allows', () => {
    const before = (until: number) => [{ from: -NEVER, until }]
    const until = (minutes: number) => ({ until: NOON + minutes * MINUTE })
    const exempt = (lists: Partial<Selector>) => applicabilityOf(aged({ exempt: select(lists) }))
    const users = [entry('alice', until(1)), entry('al*', until(3)), entry('*', until(2)), entry('bob')]
    expect(exempt({ users })).toMatchObject({
      exemptIn: before(NOON + 3 * MINUTE),
      exemptions: [{ entries: users.slice(0, 3), isProtection: false }],
    })
    const lasting = [entry('alice', until(1)), entry('al*')]
    expect(exempt({ users: lasting })).toMatchObject({ exemptIn: ALL_TIME, exemptions: [{ entries: lasting }] })
    const places = { endpoints: [entry('*', until(9))], regions: [entry('*', until(2))] }
    expect(exempt({ users, ...places })).toMatchObject({
      exemptIn: before(NOON + 2 * MINUTE),
      exemptions: [{ entries: users.slice(0, 3) }],
    })
    expect(exempt(places)).toMatchObject({ exemptIn: before(NOON + 2 * MINUTE) })
    expect(exempt({ users: [entry('bob')] })).toMatchObject({ exemptIn: [], exemptions: [] })
    expect(applicabilityOf(aged())).toMatchObject({ exemptIn: [], exemptions: [] })
  })

  it('is exempt by `exempt` or by `protect`, whichever lasts longer', () => {
    const short = entry('alice', { until: NOON + MINUTE, reason: 'short' })
    const long = entry('al*', { until: NOON + HOUR, reason: 'long' })
    const why = (exempt: UserEntry, protect: UserEntry) => {
      const row = connection()
      const applicability = applicabilityOf(aged({ exempt: select({ users: [exempt] }) }), row, [protect])
      return because(judge(applicability, row, NO_HISTORY, NOON), row, NOON)
    }
    expect(why(short, long)).toBe('protected as "al*" until 2026-11-23T13:00:00Z: long')
    expect(why(long, short)).toBe('exempt as "al*" until 2026-11-23T13:00:00Z: long')
    expect(why(short, { ...long, until: NOON + MINUTE })).toBe('protected as "al*" until 2026-11-23T12:01:00Z: long')
  })

  it.each<[string, Partial<Pick<UserEntry, 'from' | 'until'>>, string]>([
    ['has not begun', { from: NOON + 1 }, 'the policy does not match this connection before 2026-11-23T12:00:00Z'],
    ['begins', { from: NOON }, 'connected since 2026-11-23T11:00:00Z, for 1h: within the 8h allowed'],
    ['is about to end', { until: NOON + 1 }, 'connected since 2026-11-23T11:00:00Z, for 1h: within the 8h allowed'],
    ['ends', { until: NOON }, 'the policy does not match this connection since 2026-11-23T12:00:00Z'],
  ])('is matched only in the time of the entry of `match`: one that %s', (_what, different, why) => {
    const row = connection()
    const applicability = applicabilityOf(aged({ match: select({ users: [entry('alice', different)] }) }), row)
    expect(because(judge(applicability, row, NO_HISTORY, NOON), row, NOON)).toBe(why)
  })

  it('compares a pattern without a prefix in `exempt` and `protect` with the principal only', () => {
    const borrowed = connection({ username: 'mallory', commonName: 'alice' })
    const alice = entry('alice')
    expect(applicabilityOf(aged({ match: select({ users: [alice] }) }), borrowed).matched).toBe('yes')
    expect(applicabilityOf(aged({ exempt: select({ users: [alice] }) }), borrowed).exemptions).toEqual([])
    expect(applicabilityOf(aged(), borrowed, [alice]).exemptions).toEqual([])
    expect(applicabilityOf(aged(), borrowed, [entry('cn:alice')]).exemptIn).toEqual(ALL_TIME)
  })

  it('takes notes only if the kind does', () => {
    expect(applicabilityOf(aged()).takeNote).toBeUndefined()
    expect(applicabilityOf(policy('idle-timeout', { after: '1h' })).takeNote).toBeDefined()
  })
})

describe('a policy set', () => {
  it('distinguishes connections that share one of their two names, and endpoints of one id in two Regions', () => {
    const set = createPolicySet(
      [aged({ match: select({ users: [entry('user:alice')], regions: [entry('eu-*')] }) })],
      [],
    )
    const matched = (names: Parameters<typeof connection>[0], place = PLACE) =>
      set.applicabilities(place)(connection(names)).length
    expect(matched({ username: 'alice', commonName: 'x' })).toBe(1)
    expect(matched({ username: 'bob', commonName: 'x' })).toBe(0)
    expect(matched({ username: undefined, commonName: 'alice' })).toBe(0)
    expect(matched({ username: 'alice', commonName: undefined })).toBe(1)
    expect(matched({ username: 'alice', commonName: 'x' }, { ...PLACE, region: 'us-east-1' })).toBe(0)
    expect(matched({ username: 'alice', commonName: 'x' }, { ...PLACE, endpointId: 'cvpn-endpoint-1' })).toBe(1)
    const cn = createPolicySet([aged({ match: select({ users: [entry('cn:x')], endpoints: [entry(ENDPOINT)] }) })], [])
    expect(cn.applicabilities(PLACE)(connection({ commonName: 'x' }))).toHaveLength(1)
    expect(cn.applicabilities(PLACE)(connection({ commonName: 'y' }))).toHaveLength(0)
    expect(
      cn.applicabilities({ ...PLACE, endpointId: 'cvpn-endpoint-1' })(connection({ commonName: 'x' })),
    ).toHaveLength(0)
  })

  it('lists the matching policies in their order, and on request all policies', () => {
    const [one, two, other] = [
      aged({ name: 'one' }),
      aged({ name: 'two' }),
      aged({ name: 'other', match: select({ users: [entry('bob')] }) }),
    ] as const
    const set = createPolicySet([two, other, one], [])
    expect(
      set
        .applicabilities(PLACE)(connection())
        .map((applicability) => applicability.policy),
    ).toEqual([two, one])
    expect(
      set
        .everyApplicability(PLACE)(connection())
        .map((applicability) => applicability.policy),
    ).toEqual([two, other, one])
    expect(set.policies).toEqual([two, other, one])
  })

  it('protects the principals that `protect` names', () => {
    const freeze = { from: NOON, until: NOON + HOUR }
    const protectedBy = (set: PolicySet) => {
      const relationOf = set.relations(PLACE)
      return (row: Connection) => relationOf(row).protectedIn
    }
    const protectedIn = protectedBy(createPolicySet([], [entry('al*'), entry('cn:pager', freeze)]))
    const pager = connection({ username: 'bob', commonName: 'pager' })
    expect([connection(), pager].map(protectedIn)).toEqual([ALL_TIME, [freeze]])
    expect([connection({ username: 'bob' }), nameless].map(protectedIn)).toEqual([[], []])
    expect(protectedBy(createPolicySet([aged()], []))(connection())).toEqual([])
  })
})
