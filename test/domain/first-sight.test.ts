import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/domain/connection.ts'
import { deadlinesOf } from '../../src/domain/judge/deadlines.ts'
import { createEarliest } from '../../src/domain/judge/earliest.ts'
import { imaginedView } from '../../src/domain/judge/imagined.ts'
import { createRules, judgeEndpoint } from '../../src/domain/judge/judge-endpoint.ts'
import { createMemory } from '../../src/domain/judge/memory.ts'
import { createMayLookLike, lookOf } from '../../src/domain/names/look.ts'
import { HashFilter, hashOf } from '../../src/domain/names/text-hash.ts'
import { createTypingErrorIndex, differsByTypingError } from '../../src/domain/names/typing-error.ts'
import type { Judge, Policy } from '../../src/domain/policies/policy.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { type Places, placed } from '../../src/domain/snapshot.ts'
import { DAY, HOUR, NEVER } from '../../src/domain/time/instant.ts'
import { fuzzRuns } from '../fuzz-runs.ts'
import { connection, ENDPOINT, entry, NOON, PLACE, policy, RETRY } from './build.ts'
import { lookUpsOf } from './look-ups.ts'

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
const judgedAtFirst = (
  policies: readonly Policy[],
  connections: readonly Connection[],
  lookAheadMs = 0,
  places?: Places,
) => {
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
  memory.observe({ begunAt: NOON, connections, places }, rules.set, PLACE)
  memory.confirmClock(NOON)
  const judgement = judgeEndpoint(imaginedView(ENDPOINT, connections, NOON), rules, memory, NOON)
  const seen = { ...counts, ended: judgement.decisions?.violating.length }
  return { seen, counts, judged: { judgement, rules, memory } }
}

const firstSight = (...of: Parameters<typeof judgedAtFirst>) => judgedAtFirst(...of).seen

/** The same, and the first twenty deadlines to come. */
const planned = (policies: readonly Policy[], connections: readonly Connection[]) => {
  const { counts, judged } = judgedAtFirst(policies, connections)
  const { next, nextTotal } = deadlinesOf(judged, 20)
  expect(nextTotal).toBe(connections.length)
  return { asked: counts.asked, rows: next.length }
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

  it('a map is written for each new principal, and none for each connection', () => {
    const age = [policy('max-session-age', { maxAge: '20h' })]
    const writtenFor = (rows: readonly Connection[]) => {
      const { places } = placed(rows)
      return lookUpsOf(() => judgedAtFirst(age, rows, 0, places)).written
    }
    const again = (rows: readonly Connection[]) => rows.map((row) => ({ ...row, id: `${row.id}-again` }))
    // The looks of characters are remembered for good.
    writtenFor(people(1))
    const once = writtenFor(people(200))
    expect(writtenFor([...people(200), ...again(people(200))])).toBe(once)
    expect(writtenFor(people(400))).toBe(once + 200)
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

describe('the deadlines to come', () => {
  const instants = fc.array(fc.nat(30), { maxLength: 60 })

  it('that are listed are the first of all, and all are counted', () => {
    fc.assert(
      fc.property(instants, fc.constantFrom(0, 1, 3, 20, NEVER), (rows, most) => {
        const earliest = createEarliest<readonly [number, number]>(most, ([a, i], [b, j]) => a - b || i - j)
        const all = rows.map((at, index) => [at, index] as const)
        for (const row of all) earliest.add(row)
        expect(earliest.rows()).toEqual(all.toSorted(([a, i], [b, j]) => a - b || i - j).slice(0, most))
        expect(earliest.total()).toBe(rows.length)
      }),
    )
  })

  it('that are not listed are compared once and not kept', () => {
    const comparedOf = (count: number) => {
      let compared = 0
      const earliest = createEarliest<number>(20, (a, b) => {
        compared++
        return a - b
      })
      for (let at = 0; at < count; at++) earliest.add(at)
      expect(earliest.rows()).toHaveLength(20)
      return compared
    }
    expect(comparedOf(2_000) - comparedOf(1_000)).toBe(1_000)
  })

  it('ask each policy as often for each connection, whether there are n or 2n', () => {
    const askedOf = (count: number) => {
      const { asked, rows } = planned(SET, people(count))
      expect(rows).toBe(20)
      return asked / count
    }
    expect(askedOf(400)).toBe(askedOf(200))
    expect(askedOf(200)).toBeLessThan(4 * PER_PERSON)
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
