import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { policyWarnings } from '../../src/advice/policy-warnings.ts'
import type { DoorFacts } from '../../src/domain/door/door-facts.ts'
import { createDecider } from '../../src/domain/judge/decide.ts'
import { createMemory } from '../../src/domain/judge/memory.ts'
import { hitsAddress, parseAddressRange } from '../../src/domain/names/address-range.ts'
import type { DoorSelector } from '../../src/domain/names/door-selector.ts'
import { parseTextPattern } from '../../src/domain/names/text-pattern.ts'
import { parseVersionPattern } from '../../src/domain/names/version-pattern.ts'
import type { Policy, Selector } from '../../src/domain/policies/policy.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { HOUR, NEVER } from '../../src/domain/time/instant.ts'
import { fuzzRuns } from '../fuzz-runs.ts'
import { connection, ENFORCE, entry, NOON, PLACE, policy } from './build.ts'

/** An address as a number, in the notation `write`. */
interface Address {
  readonly bits: 32 | 128
  readonly value: bigint
  readonly write: (value: bigint) => string
}

const digits = (value: bigint, count: number, width: bigint): bigint[] =>
  Array.from({ length: count }, (_, index) => (value >> (width * BigInt(count - 1 - index))) & ((1n << width) - 1n))

const dotted = (value: bigint) => digits(value, 4, 8n).join('.')
const hex = (value: bigint) => digits(value, 8, 16n).map((group) => group.toString(16))
const whole = (value: bigint) => hex(value).join(':').toUpperCase()
/** The longest beginning of zeros is left out. */
const shortened = (value: bigint) => {
  const groups = hex(value)
  const first = groups.findIndex((group) => group !== '0')
  return first > 0 ? `::${groups.slice(first).join(':')}` : first < 0 ? '::' : groups.join(':')
}
const mapped = (value: bigint) => `::ffff:${dotted(value)}`
const mappedInHex = (value: bigint) => shortened((0xffffn << 32n) | value)

const valueOf = (groups: readonly number[], width: bigint) =>
  groups.reduce((value, group) => (value << width) | BigInt(group), 0n)
const ipv4 = fc
  .tuple(
    fc.tuple(...[10, 203, 0, 255].map((byte) => fc.constantFrom(byte, 128, 0))),
    fc.constantFrom(dotted, mapped, mappedInHex),
  )
  .map(([bytes, write]): Address => ({ bits: 32, value: valueOf(bytes, 8n), write }))
const ipv6 = fc
  .tuple(
    fc.tuple(...[0x2001, 0xdb8, 0, 0xffff, 0, 0, 0x8000, 1].map((group) => fc.constantFrom(group, 0))),
    fc.constantFrom(whole, shortened),
  )
  .map(([groups, write]): Address => ({ bits: 128, value: valueOf(groups, 16n), write }))
  // These are IPv4 addresses, or look like one of the two obsolete notations of them.
  .filter(({ value }) => value >> 48n !== 0n)
const address = fc.oneof(ipv4, ipv6)

describe('an entry of publicIp', () => {
  it('matches the addresses whose leading bits are those of its network', () => {
    let matches = 0
    fc.assert(
      fc.property(address, fc.nat(128), fc.array(address, { minLength: 1, maxLength: 5 }), (network, some, others) => {
        const prefix = some % (network.bits + 1)
        const rest = BigInt(network.bits - prefix)
        const first = (network.value >> rest) << rest
        const text = (value: bigint) => {
          const isMapped = network.write === mapped || network.write === mappedInHex
          return `${network.write(value)}/${isMapped ? prefix + 96 : prefix}`
        }
        expect('problem' in parseAddressRange(text(network.value))).toBe(first !== network.value)
        const parsed = parseAddressRange(text(first))
        if ('problem' in parsed) throw new Error(parsed.problem)
        for (const one of [network, ...others]) {
          const expected = one.bits === network.bits && one.value >> rest === first >> rest
          if (expected) matches++
          expect(hitsAddress(one.write(one.value))(parsed.pattern)).toBe(expected)
        }
      }),
      { numRuns: fuzzRuns(400) },
    )
    expect(matches).toBeGreaterThan(fuzzRuns(400))
  })

  it('without a prefix is one address', () => {
    fc.assert(
      fc.property(address, address, (one, other) => {
        const parsed = parseAddressRange(one.write(one.value))
        if ('problem' in parsed) throw new Error(parsed.problem)
        expect(hitsAddress(other.write(other.value))(parsed.pattern)).toBe(
          one.bits === other.bits && one.value === other.value,
        )
        expect(hitsAddress(one.write(one.value))(parsed.pattern)).toBe(true)
      }),
      { numRuns: fuzzRuns(100) },
    )
  })

  it.each([
    '',
    '203.0.113',
    '203.0.113.010',
    '0xcb.0.113.7',
    '3405803783',
    'fe80::1%eth0',
    '::203.0.113.7',
    'localhost',
  ])('is unknown for what is not written as an address: %s', (text) => {
    const parsed = parseAddressRange('0.0.0.0/0')
    if ('problem' in parsed) throw new Error(parsed.problem)
    expect(hitsAddress(text)(parsed.pattern)).toBe('unknown')
    expect('problem' in parseAddressRange(text)).toBe(true)
  })

  it('is a mistake where a prefix is shorter than that of all IPv4 addresses written as IPv6 ones', () => {
    expect(parseAddressRange('::ffff:0:0/96')).toMatchObject({ pattern: { network: [0, 0, 0, 0], bits: 0 } })
    expect('problem' in parseAddressRange('::ffff:0:0/95')).toBe(true)
  })
})

type Word = 'yes' | 'no' | 'unknown'

/** One match in every list that is given. */
const every = (words: readonly Word[]): Word =>
  words.includes('no') ? 'no' : words.includes('unknown') ? 'unknown' : 'yes'

const isGlobMatch = (glob: string, text: string): boolean =>
  new RegExp(`^${glob.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.')}$`, 'iu').test(text)

/** Both versions with as many numbers, each as wide as the widest. */
const isVersionMatch = (pattern: string, text: string): boolean | undefined => {
  const [, sign, wanted = ''] = /^([<>]=?)(.*)$/.exec(pattern) ?? []
  if (sign === undefined) return isGlobMatch(pattern, text)
  if (!/^[\d.]+$/.test(text)) return undefined
  const sortable = (version: string) =>
    [...version.trim().split('.'), '0', '0', '0']
      .slice(0, 4)
      .map((part) => part.padStart(12, '0'))
      .join('.')
  const [one, other] = [sortable(text), sortable(wanted)]
  return (sign.includes('=') && one === other) || (sign.startsWith('<') ? one < other : one > other)
}

const wordOf = (results: readonly (boolean | undefined)[]): Word =>
  results.includes(true) ? 'yes' : results.includes(undefined) ? 'unknown' : 'no'

interface WrittenDoor {
  readonly idpGroups: readonly string[] | undefined
  readonly platform: readonly string[] | undefined
  readonly publicIp: readonly string[] | undefined
  readonly clientVersion: readonly string[] | undefined
}

const doorWord = (written: WrittenDoor, facts: DoorFacts): Word => {
  const listWord = <Fact>(
    list: readonly string[] | undefined,
    fact: Fact | undefined,
    matches: (pattern: string, fact: Fact) => boolean | undefined,
  ): Word => {
    if (list === undefined) return 'yes'
    return fact === undefined ? 'unknown' : wordOf(list.map((pattern) => matches(pattern, fact)))
  }
  return every([
    listWord(written.idpGroups, facts.idpGroups, (pattern, groups) =>
      groups.some((group) => isGlobMatch(pattern, group)),
    ),
    listWord(written.platform, facts.platform, isGlobMatch),
    listWord(written.publicIp, facts.publicIp, (pattern, ip) => ip.startsWith(pattern.replace('0/24', ''))),
    listWord(written.clientVersion, facts.clientVersion, isVersionMatch),
  ])
}

const entryOf = <Pattern extends { readonly source: string }>(
  parsed: { readonly pattern: Pattern } | { readonly problem: string },
) => {
  if ('problem' in parsed) throw new Error(parsed.problem)
  return { pattern: parsed.pattern, from: undefined, until: undefined, reason: undefined }
}

const bound = (written: WrittenDoor): DoorSelector => ({
  idpGroups: written.idpGroups?.map((text) => entryOf(parseTextPattern(text))),
  platform: written.platform?.map((text) => entryOf(parseTextPattern(text))),
  publicIp: written.publicIp?.map((text) => entryOf(parseAddressRange(text))),
  clientVersion: written.clientVersion?.map((text) => entryOf(parseVersionPattern(text))),
})

const maybe = <Value>(one: fc.Arbitrary<Value>) => fc.option(one, { nil: undefined, freq: 2 })
const listOf = (...texts: readonly string[]) =>
  maybe(fc.subarray([...texts], { minLength: 1, maxLength: 2 })) as fc.Arbitrary<readonly string[] | undefined>

const writtenDoor: fc.Arbitrary<WrittenDoor> = fc.record({
  idpGroups: listOf('contractors', 'Staff*', '*', 'on-call-?'),
  platform: listOf('win*', 'mac', '?????'),
  publicIp: listOf('203.0.113.0/24', '198.51.100.0/24', '198.51.100.7'),
  clientVersion: listOf('5.*', '<5.2', '<= 5.2', '>5.2', '>= 5.10', '3.11.2'),
})

const someFacts: fc.Arbitrary<DoorFacts> = fc.record({
  idpGroups: maybe(fc.subarray(['CONTRACTORS', 'staff-berlin', 'on-call-1', 'guests'])),
  platform: maybe(fc.constantFrom('win', 'Mac', 'linux', '')),
  publicIp: maybe(fc.constantFrom('203.0.113.7', '198.51.100.7', '198.51.100.8', '192.0.2.1')),
  clientVersion: maybe(fc.constantFrom('5.2', '5.2.0', '5.1.9', '5.10', '3.11.2', '5.2-beta', '')),
})

const select = (lists: Partial<Selector>): Selector => ({
  users: undefined,
  endpoints: undefined,
  regions: undefined,
  ...lists,
})

describe('the facts of the door', () => {
  it('match where one entry of every given list does, under match and exempt alike', () => {
    const seen = new Map<Word, number>()
    fc.assert(
      fc.property(writtenDoor, writtenDoor, someFacts, (matching, exempting, facts) => {
        const made = policy(
          'max-session-age',
          { maxAge: '8h' },
          { match: select({ door: bound(matching) }), exempt: select({ door: bound(exempting) }) },
        )
        const [found] = createPolicySet([made], []).atTheDoor(PLACE)(connection(), facts)
        const [match, exempt] = [doorWord(matching, facts), doorWord(exempting, facts)]
        const expected = match === 'no' ? 'no' : exempt === 'unknown' ? 'unknown' : match
        seen.set(expected, (seen.get(expected) ?? 0) + 1)
        expect(found?.matched).toBe(expected)
        if (match === 'yes') expect((found?.exemptIn ?? []).length > 0).toBe(exempt === 'yes')
      }),
      { numRuns: fuzzRuns(400) },
    )
    for (const word of ['yes', 'no', 'unknown'] as const) expect(seen.get(word)).toBeGreaterThan(fuzzRuns(20))
  })

  it('that may have been cut are not known, unless what is left matches', () => {
    const door = bound({ idpGroups: ['guests'], platform: undefined, publicIp: undefined, clientVersion: undefined })
    const atTheDoor = createPolicySet(
      [policy('posture', { deny: ['old'] }, { match: select({ door }) })],
      [],
    ).atTheDoor(PLACE)
    const matched = (idpGroups: readonly string[]) =>
      atTheDoor(connection(), { idpGroups, platform: undefined, publicIp: undefined, clientVersion: undefined })[0]
        ?.matched
    const many = (count: number) => Array.from({ length: count }, (_, index) => `team-${index}`)
    expect(matched(many(199))).toBe('no')
    expect(matched(many(200))).toBe('unknown')
    expect(matched([...many(199), 'guests'])).toBe('yes')
    expect(matched(['x'.repeat(251)])).toBe('no')
    expect(matched(['x'.repeat(252)])).toBe('unknown')
  })
})

describe('the daemon', () => {
  const users = fc
    .subarray(['ann', 'bo?', 'cn:*', '*'], { minLength: 1, maxLength: 2 })
    .map((all) => all.map((one) => entry(one)))
  const selector = (hasDoor: boolean): fc.Arbitrary<Selector> =>
    fc
      .record({
        users: maybe(users),
        endpoints: maybe(fc.constantFrom([entry('*')], [entry('cvpn-9')])),
        regions: maybe(fc.constantFrom([entry('eu-*')], [entry('us-*')])),
        door: writtenDoor.map(bound),
      })
      .map(({ door, ...lists }) => (hasDoor ? { ...lists, door } : lists))
  const rule = fc.constantFrom<[string, Record<string, unknown>]>(
    ['banned-users', { users: ['ann', 'bob'] }],
    ['off-hours', { timeZone: 'UTC', allowed: [{ days: 'mon', hours: '13:00-14:00' }] }],
    ['max-session-age', { maxAge: '1h' }],
    ['max-sessions', { limit: 1 }],
    ['posture', { require: ['ok'] }],
  )
  const somePolicy = fc.tuple(rule, fc.constantFrom('none', 'match', 'exempt', 'both')).chain(([[kind, keys], door]) =>
    fc
      .record({
        match: door === 'match' || door === 'both' ? selector(true) : maybe(selector(false)),
        exempt: door === 'exempt' || door === 'both' ? selector(true) : maybe(selector(false)),
      })
      .map((selectors): Policy => policy(kind, keys, selectors)),
  )
  const person = fc.record({
    username: fc.constantFrom(undefined, 'ann', 'bob', 'boss'),
    commonName: fc.constantFrom(undefined, 'ann', 'device-7'),
    establishedAt: fc.constantFrom(NOON - 2 * HOUR, NOON - HOUR / 2),
    posture: fc.constantFrom(undefined, ['ok'], ['old']),
  })

  const endedUnder = (policies: readonly Policy[], people: readonly Parameters<typeof connection>[0][]) => {
    const set = createPolicySet(policies, [])
    const rows = people.map((one, index) => connection({ ...one, id: `${index}` }))
    const memory = createMemory()
    memory.observe({ begunAt: NOON, connections: rows }, set, PLACE)
    const history = memory.history({ now: NOON, fresh: true, acts: () => true, changedAt: () => -NEVER })
    return createDecider(set, PLACE)
      .decide(rows, history, NOON, ENFORCE)
      .violating.map(({ connection: { id }, violated }) => ({ id, by: violated.map((verdict) => verdict.policy.name) }))
  }

  /** Without the facts of the door: nobody is known to match, and whoever may be exempt is. */
  const withoutDoor = (policies: readonly Policy[]): readonly Policy[] =>
    policies
      .filter(({ match }) => match?.door === undefined)
      .map((one) => ({ ...one, exempt: one.exempt && { ...one.exempt, door: undefined } }))

  it('ends nobody by a policy if a fact of the door could make a difference, and everybody else', () => {
    let ended = 0
    fc.assert(
      fc.property(
        fc.array(somePolicy, { minLength: 1, maxLength: 5 }),
        fc.array(person, { minLength: 1, maxLength: 6 }),
        (made, people) => {
          const policies = made.map((one, index) => ({ ...one, name: `policy-${index}` }))
          const under = endedUnder(withoutDoor(policies), people)
          ended += under.length
          expect(endedUnder(policies, people)).toEqual(under)
        },
      ),
      { numRuns: fuzzRuns(100) },
    )
    expect(ended).toBeGreaterThan(fuzzRuns(50))
  })

  it('is the subject of a note or a warning about each policy that reads a fact of the door', () => {
    fc.assert(
      fc.property(somePolicy, (one) => {
        const reads = one.match?.door !== undefined || one.exempt?.door !== undefined
        const warned = policyWarnings({ policies: [one], protect: [], places: undefined, now: NOON }).filter(
          ({ path }) => path[1] === 'door',
        )
        expect(warned).toHaveLength(reads ? 1 : 0)
      }),
      { numRuns: fuzzRuns(100) },
    )
  })
})
