import { describe, expect, it } from 'vitest'
import type { Location } from '../../src/domain/names/selector.ts'
import type { UserEntry } from '../../src/domain/names/user-list.ts'
import type { Policy, Selector } from '../../src/domain/policies/policy.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { HOUR, MINUTE, NEVER } from '../../src/domain/time/instant.ts'
import { connection, ENDPOINT, entry, NOON, PLACE, policy } from './build.ts'

const select = (lists: Partial<Selector>): Selector => ({
  users: undefined,
  endpoints: undefined,
  regions: undefined,
  ...lists,
})
const aged = (different: Partial<Policy> = {}) => policy('max-session-age', { maxAge: '8h' }, different)
const nobody = connection({ username: undefined, commonName: undefined })

const standingOf = (
  tested: Policy,
  who = connection(),
  protect: readonly UserEntry[] = [],
  place: Location = PLACE,
) => {
  const [standing] = createPolicySet([tested], protect).everyStanding(place)(who)
  if (standing === undefined) throw new Error('no standing')
  return standing
}

describe('how a policy stands to a person', () => {
  it.each<[string, Partial<Selector>, string]>([
    ['a user', { users: [entry('bob'), entry('ali*')] }, 'yes'],
    ['another user', { users: [entry('bob')] }, 'no'],
    ['the endpoint', { endpoints: [entry('cvpn-other'), entry(ENDPOINT.toUpperCase())] }, 'yes'],
    ['another endpoint', { endpoints: [entry('cvpn-other')] }, 'no'],
    ['the Region', { regions: [entry('EU-*')] }, 'yes'],
    ['another Region', { regions: [entry('us-*')] }, 'no'],
    ['the user elsewhere', { users: [entry('alice')], endpoints: [entry('cvpn-other')] }, 'no'],
    ['the user in another Region', { users: [entry('alice')], regions: [entry('us-*')] }, 'no'],
    ['another user here', { users: [entry('bob')], endpoints: [entry('*')], regions: [entry('*')] }, 'no'],
    ['all three', { users: [entry('alice')], endpoints: [entry('*')], regions: [entry('*')] }, 'yes'],
  ])('matched by %s', (_what, match, matched) => {
    const tested = aged({ match: select(match) })
    expect(standingOf(tested).matched).toBe(matched)
    const of = createPolicySet([tested], []).standings(PLACE)
    expect(of(connection()).map((standing) => standing.policy)).toEqual(matched === 'no' ? [] : [tested])
  })

  it('is in doubt where somebody is named and there is no name', () => {
    expect(standingOf(aged(), nobody).matched).toBe('yes')
    expect(standingOf(aged({ match: select({ users: [entry('*')] }) }), nobody).matched).toBe('unknown')
    expect(standingOf(aged({ exempt: select({ users: [entry('bob')] }) }), nobody).matched).toBe('unknown')
    expect(standingOf(aged(), nobody, [entry('bob')]).matched).toBe('unknown')
    expect(standingOf(policy('banned-users', { users: ['bob'] }), nobody).matched).toBe('unknown')
    const elsewhere = { users: [entry('bob')], regions: [entry('us-*')] }
    expect(standingOf(aged({ exempt: select(elsewhere) }), nobody).matched).toBe('yes')
    expect(standingOf(aged({ match: select(elsewhere) }), nobody, [entry('bob')]).matched).toBe('no')
  })

  it('is exempt as long as the entry that holds longest, and no longer than each list does', () => {
    const until = (minutes: number) => ({ until: NOON + minutes * MINUTE })
    const exempt = (lists: Partial<Selector>) => standingOf(aged({ exempt: select(lists) }))
    const users = [entry('alice', until(1)), entry('al*', until(3)), entry('*', until(2)), entry('bob')]
    expect(exempt({ users })).toMatchObject({
      exemptUntil: NOON + 3 * MINUTE,
      exemptBy: { entry: users[1], isProtection: false },
    })
    const lasting = [entry('alice', until(1)), entry('al*')]
    expect(exempt({ users: lasting })).toMatchObject({ exemptUntil: NEVER, exemptBy: { entry: lasting[1] } })
    const places = { endpoints: [entry('*', until(9))], regions: [entry('*', until(2))] }
    expect(exempt({ users, ...places })).toMatchObject({
      exemptUntil: NOON + 2 * MINUTE,
      exemptBy: { entry: users[1] },
    })
    expect(exempt(places)).toMatchObject({ exemptUntil: NOON + 2 * MINUTE })
    expect(exempt({ users: [entry('bob')] })).toMatchObject({ exemptUntil: -NEVER, exemptBy: undefined })
    expect(standingOf(aged())).toMatchObject({ exemptUntil: -NEVER, exemptBy: undefined })
  })

  it('is protected or exempt by whichever holds longer', () => {
    const [short, long] = [entry('alice', { until: NOON }), entry('alice', { until: NOON + HOUR })]
    const by = (exempt: UserEntry, protect: UserEntry) =>
      standingOf(aged({ exempt: select({ users: [exempt] }) }), connection(), [protect])
    expect(by(short, long)).toMatchObject({
      exemptUntil: NOON + HOUR,
      exemptBy: { entry: long, isProtection: true },
    })
    expect(by(long, short)).toMatchObject({
      exemptUntil: NOON + HOUR,
      exemptBy: { entry: long, isProtection: false },
    })
    expect(by(short, { ...long, until: NOON })).toMatchObject({ exemptBy: { isProtection: true } })
  })

  it('reads a bare pattern of an exemption, and of protect, against the principal alone', () => {
    const borrowed = connection({ username: 'mallory', commonName: 'alice' })
    const alice = entry('alice')
    expect(standingOf(aged({ match: select({ users: [alice] }) }), borrowed).matched).toBe('yes')
    expect(standingOf(aged({ exempt: select({ users: [alice] }) }), borrowed).exemptBy).toBeUndefined()
    expect(standingOf(aged(), borrowed, [alice]).exemptBy).toBeUndefined()
    expect(standingOf(aged(), borrowed, [entry('cn:alice')]).exemptBy).toBeDefined()
  })

  it('names the entry that names the person in part', () => {
    const ban = policy('banned-users', { users: ['alice'] })
    expect(standingOf(ban, connection({ username: 'CORP\\Alice', commonName: 'x' })).nearMiss).toBe('alice')
    expect(standingOf(ban).nearMiss).toBeUndefined()
    expect(standingOf(aged()).nearMiss).toBeUndefined()
  })

  it('keeps notes only where the kind does', () => {
    expect(standingOf(aged()).takeNote).toBeUndefined()
    expect(standingOf(policy('idle-timeout', { after: '1h' })).takeNote).toBeDefined()
  })
})

describe('a set of policies', () => {
  it('knows apart people who share one name of the two, and endpoints of one id in two Regions', () => {
    const set = createPolicySet(
      [aged({ match: select({ users: [entry('user:alice')], regions: [entry('eu-*')] }) })],
      [],
    )
    const matched = (who: Parameters<typeof connection>[0], place = PLACE) =>
      set.standings(place)(connection(who)).length
    expect(matched({ username: 'alice', commonName: 'x' })).toBe(1)
    expect(matched({ username: 'bob', commonName: 'x' })).toBe(0)
    expect(matched({ username: undefined, commonName: 'alice' })).toBe(0)
    expect(matched({ username: 'alice', commonName: undefined })).toBe(1)
    expect(matched({ username: 'alice', commonName: 'x' }, { ...PLACE, region: 'us-east-1' })).toBe(0)
    expect(matched({ username: 'alice', commonName: 'x' }, { ...PLACE, endpointId: 'cvpn-endpoint-1' })).toBe(1)
    const cn = createPolicySet([aged({ match: select({ users: [entry('cn:x')], endpoints: [entry(ENDPOINT)] }) })], [])
    expect(cn.standings(PLACE)(connection({ commonName: 'x' }))).toHaveLength(1)
    expect(cn.standings(PLACE)(connection({ commonName: 'y' }))).toHaveLength(0)
    expect(cn.standings({ ...PLACE, endpointId: 'cvpn-endpoint-1' })(connection({ commonName: 'x' }))).toHaveLength(0)
  })

  it('lists the policies in their order, and for those who ask also those that do not match', () => {
    const [one, two, other] = [
      aged({ name: 'one' }),
      aged({ name: 'two' }),
      aged({ name: 'other', match: select({ users: [entry('bob')] }) }),
    ] as const
    const set = createPolicySet([two, other, one], [])
    expect(
      set
        .standings(PLACE)(connection())
        .map((standing) => standing.policy),
    ).toEqual([two, one])
    expect(
      set
        .everyStanding(PLACE)(connection())
        .map((standing) => standing.policy),
    ).toEqual([two, other, one])
    expect(set.policies).toEqual([two, other, one])
  })

  it('protects whom protect names', () => {
    const isProtected = createPolicySet([], [entry('al*'), entry('cn:pager')]).isProtected(PLACE)
    expect([connection(), connection({ username: 'bob', commonName: 'pager' })].map(isProtected)).toEqual([true, true])
    expect([connection({ username: 'bob' }), nobody].map(isProtected)).toEqual([false, false])
    expect(createPolicySet([aged()], []).isProtected(PLACE)(connection())).toBe(false)
  })
})
