import { describe, expect, it } from 'vitest'
import type { DoorFacts } from '../../src/domain/door/door-facts.ts'
import { NO_HISTORY } from '../../src/domain/judge/memory.ts'
import { because, judge, lackOf } from '../../src/domain/judge/verdict.ts'
import type { DoorSelector } from '../../src/domain/names/door-selector.ts'
import { hitsVersion, parseVersionPattern } from '../../src/domain/names/version-pattern.ts'
import type { Selector } from '../../src/domain/policies/policy.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { connection, entry, NOON, PLACE, policy } from './build.ts'

const NOTHING: DoorFacts = { idpGroups: undefined, platform: undefined, publicIp: undefined, clientVersion: undefined }

const door = (lists: Partial<DoorSelector>, others: Partial<Selector> = {}): Selector => ({
  users: undefined,
  endpoints: undefined,
  regions: undefined,
  door: { idpGroups: undefined, platform: undefined, publicIp: undefined, clientVersion: undefined, ...lists },
  ...others,
})

const CONTRACTORS = door({ idpGroups: [entry('contractors')] })

const ban = (different: Parameters<typeof policy>[2]) => policy('banned-users', { users: ['alice'] }, different)

describe('a policy with facts of the door', () => {
  it.each(['match', 'exempt'] as const)('is unknown to the daemon, which ends nobody under it: %s', (key) => {
    const set = createPolicySet([ban({ [key]: CONTRACTORS })], [])
    const [applicability] = set.applicabilities(PLACE)(connection())
    if (applicability === undefined) throw new Error('no applicability')
    const verdict = judge(applicability, connection(), NO_HISTORY, NOON)
    expect(verdict.word).toBe('unknown')
    expect(lackOf(verdict)).toBe('the facts that only the connect handler knows')
    expect(because(verdict, connection(), NOON)).toBe(
      'kept, because only the connect handler knows the facts under "door" that the policy asks for',
    )
  })

  it('is judged at the door, where the request tells the facts', () => {
    const policies = [ban({ match: CONTRACTORS }), ban({ match: door({}, { users: [entry('bob')] }) })]
    const atTheDoor = createPolicySet(policies, []).atTheDoor(PLACE)
    const words = (facts: Partial<DoorFacts>) =>
      atTheDoor(connection(), { ...NOTHING, ...facts }).map((one) => judge(one, connection(), NO_HISTORY, NOON).word)
    expect(words({ idpGroups: ['Staff', 'CONTRACTORS'] })).toEqual(['violated', 'not-matched'])
    expect(words({ idpGroups: [] })).toEqual(['not-matched', 'not-matched'])
    const [lacking] = atTheDoor(connection(), { ...NOTHING, platform: 'mac' })
    expect(lacking?.matched).toBe('unknown')
    expect(lacking?.selectorLacks).toBe('idpGroups')
    expect(lacking && because(judge(lacking, connection(), NO_HISTORY, NOON), connection(), NOON)).toBe(
      'let in, because the fact door.idpGroups is not known and the policy asks for it',
    )
  })
})

describe('an entry of clientVersion', () => {
  it.each([
    ['< 5.2.1', '5.2', true],
    ['< 5.2', '5.2.0', false],
    ['<= 5.2', '5.2.0', true],
    ['<= 5.2', '5.2.0.1', false],
    ['> 5.2', '5.2.0.1', true],
    ['>= 5.2.0', '5.2', true],
    ['>= 5.2.1', '5.2', false],
    ['< 5.10', '5.9', true],
    ['> 5', '5.999999999', true],
    ['> 5', '5.1000000000', 'unknown'],
    ['> 5', '5.2-beta', 'unknown'],
    ['> 5', '5..2', 'unknown'],
  ])('%s on version %s: %s', (source, version, expected) => {
    const parsed = parseVersionPattern(source)
    if ('problem' in parsed) throw new Error(parsed.problem)
    expect(hitsVersion(version)(parsed.pattern)).toBe(expected)
  })

  it('has numbers of nine digits at most', () => {
    expect('problem' in parseVersionPattern('< 5.999999999')).toBe(false)
    expect('problem' in parseVersionPattern('< 5.1000000000')).toBe(true)
  })
})
