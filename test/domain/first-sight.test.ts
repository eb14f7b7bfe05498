import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/domain/connection.ts'
import { imaginedView } from '../../src/domain/judge/imagined.ts'
import { createRules, judgeEndpoint } from '../../src/domain/judge/judge-endpoint.ts'
import { createMemory } from '../../src/domain/judge/memory.ts'
import { createMayLookLike, lookOf } from '../../src/domain/names/look.ts'
import { HashFilter, hashOf } from '../../src/domain/names/text-hash.ts'
import { createTypingErrorIndex, differsByTypingError } from '../../src/domain/names/typing-error.ts'
import type { Judge, Policy } from '../../src/domain/policies/policy.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { DAY, HOUR, NEVER } from '../../src/domain/time/instant.ts'
import { fuzzRuns } from '../fuzz-runs.ts'
import { connection, ENDPOINT, entry, NOON, PLACE, policy, RETRY } from './build.ts'

const TEAMS = 4
const people = (count: number, different: Partial<Connection> = {}): readonly Connection[] =>
  Array.from({ length: count }, (_, at) => {
    const name = `team${at % TEAMS}-person-${at}@corp.example`
    return connection({ id: `c-${at}`, username: name, commonName: name, posture: ['healthy'], ...different })
  })
const forTeam = (team: number) => ({ users: [entry(`team${team}-*`)], endpoints: undefined, regions: undefined })
const forMembers = (count: number) => ({
  users: people(count).map(({ username = '' }) => entry(username)),
  endpoints: undefined,
  regions: undefined,
})

/** Judges an endpoint for the first time, and counts how often a policy was resolved for principals and asked about one. */
const firstSight = (policies: readonly Policy[], connections: readonly Connection[], lookAheadMs = 0) => {
  const counts = { resolved: 0, asked: 0 }
  const counted = policies.map((one): Policy => {
    const judgeOf = one.kind.judge(one.rule, one.name)
    const judge = () => (named: Parameters<typeof judgeOf>[0]) => {
      counts.resolved++
      const made = judgeOf(named)
      const find: Judge['find'] = (...args) => {
        counts.asked++
        return made.find(...args)
      }
      return { ...made, find }
    }
    return { ...one, kind: { ...one.kind, judge } }
  })
  const rules = createRules({
    set: createPolicySet(counted, [entry('root')]),
    setHash: '',
    earlierSet: () => undefined,
    location: PLACE,
    mode: 'enforce',
    guard: { maxPercent: 30, minConnections: 0, lookAheadMs },
    staleAfterMs: NEVER,
    retry: RETRY,
    changedAt: () => NOON,
  })
  const memory = createMemory()
  memory.observe({ begunAt: NOON, connections }, rules.set, PLACE)
  memory.confirmClock(NOON)
  const { decisions } = judgeEndpoint(imaginedView(ENDPOINT, connections, NOON), rules, memory, NOON)
  return { ...counts, ended: decisions?.violating.length }
}

const SET = [
  policy('max-session-age', { maxAge: '20h' }, { name: 'age' }),
  policy('off-hours', { timeZone: 'Europe/Berlin', denied: [{ hours: '20:00-24:00' }] }, { name: 'hours' }),
  policy('max-transfer', { total: '1TiB' }, { name: 'transfer' }),
  ...Array.from({ length: 40 }, (_, at) =>
    policy('banned-users', { users: [`leaver-${at}`] }, { name: `ban-${at}`, match: forTeam(at % TEAMS) }),
  ),
]
/** Three policies for everybody, and ten for each team. */
const PER_PERSON = 13

describe('at first sight', () => {
  it('policies are resolved once for each team, however many are in it', () => {
    const resolved = [100, 1_000].map((count) => firstSight(SET, people(count)).resolved)
    expect(resolved).toEqual([TEAMS * PER_PERSON, TEAMS * PER_PERSON])
  })

  it('the members of a group share what the policies are to them, and whom an exemption names has its own', () => {
    const group = policy('max-session-age', { maxAge: '20h' }, { name: 'group', match: forMembers(500) })
    const exempt = { ...forMembers(2), regions: undefined }
    expect(firstSight([group], people(1_000)).resolved).toBe(1)
    expect(firstSight([{ ...group, exempt }], people(1_000)).resolved).toBe(3)
  })

  it('each policy is asked once about each connection, also where the guard looks a day ahead', () => {
    const connections = people(200)
    for (const lookAheadMs of [0, DAY]) {
      expect(firstSight(SET, connections, lookAheadMs)).toMatchObject({ asked: 200 * PER_PERSON, ended: 0 })
    }
  })

  it('connections that violate a policy are asked about as often each, however many there are', () => {
    const askedOf = (count: number) => {
      const { asked, ended } = firstSight(SET, people(count, { establishedAt: NOON - 21 * HOUR }), DAY)
      expect(ended).toBe(count)
      return asked / count
    }
    expect(askedOf(400)).toBe(askedOf(40))
    expect(askedOf(40)).toBeLessThan(6 * PER_PERSON)
  })
})

describe('a name is refused by hashes', () => {
  const word = fc.stringMatching(/^[a-eiml01@/\\|.-]{0,6}$/)

  it('only if it and none of its parts look like a text', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), fc.array(word, { maxLength: 4 }), (texts, parts) => {
        const filter = new HashFilter(texts.length)
        const looks = new Set(texts.map(lookOf))
        for (const look of looks) filter.add(hashOf(look))
        const mayLookLike = createMayLookLike(filter)
        for (const separator of ['@', '/', '\\', '']) {
          const name = parts.join(separator)
          const look = lookOf(name)
          const isAlike = looks.has(look) || look.split(/[\\@/]/).some((part) => part !== '' && looks.has(part))
          if (isAlike) expect(mayLookLike(name)).toBe(true)
        }
      }),
      { numRuns: fuzzRuns(300) },
    )
    expect(createMayLookLike(new HashFilter(1))('mallory@corp.example')).toBe(false)
  })

  it('only if no typing error makes a text of it', () => {
    const texts = fc.array(fc.stringMatching(/^[abc]{3,9}$/), { minLength: 1, maxLength: 4 })
    const edit = fc.record({ at: fc.nat(9), left: fc.nat(2), typed: fc.stringMatching(/^[abc]{0,2}$/) })
    fc.assert(
      fc.property(texts, edit, (all, { at, left, typed }) => {
        const [first = ''] = all
        const name = first.slice(0, at) + typed + first.slice(at + left)
        const expected = all.flatMap((text, at) => (differsByTypingError(text, name) ? [at] : []))
        const index = createTypingErrorIndex(all)
        for (const at of all.keys()) index.add(at)
        expect([...new Set(index.find(name))].toSorted((a, b) => a - b)).toEqual(expected)
      }),
      { numRuns: fuzzRuns(2_000) },
    )
  })
})
