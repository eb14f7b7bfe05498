import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { beside, type Connection } from '../../src/domain/connection.ts'
import { createMemory, type Memory } from '../../src/domain/judge/memory.ts'
import type { PolicyKind } from '../../src/domain/policies/policy.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { placed } from '../../src/domain/snapshot.ts'
import { HOUR, MINUTE } from '../../src/domain/time/instant.ts'
import { connection, entry, NOON, PLACE, policy } from './build.ts'
import { lookUpsOf } from './look-ups.ts'

const IDS = ['a', 'b', 'c', 'd']
const idle = policy('idle-timeout', { after: '30m', below: '10B' })
const alices = { users: [entry('alice')], endpoints: undefined, regions: undefined }
const limit = policy('max-transfer', { total: '15B' }, { match: alices })
const SETS = [
  createPolicySet([idle, limit], []),
  createPolicySet([policy('idle-timeout', { after: '30m', below: '3B' })], []),
  createPolicySet([policy('max-session-age', { maxAge: '8h' })], []),
]

const row = fc.record({
  username: fc.constantFrom('alice', 'bob'),
  establishedAt: fc.constantFrom(undefined, NOON - HOUR, NOON + 2 * MINUTE),
  ingressBytes: fc.constantFrom(0, 2, 12, 20, undefined),
})
const rows = fc.tuple(...IDS.map(() => fc.option(row, { nil: undefined, freq: 4 })))
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      shows: fc.option(rows, { nil: undefined, freq: 2 }),
      order: fc.shuffledSubarray(IDS, { minLength: IDS.length }),
      minutes: fc.integer({ min: -2, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ set: fc.nat(SETS.length - 1) }) },
  { weight: 1, arbitrary: fc.record({ forget: fc.constantFrom(...IDS) }) },
)

const lastOf = (memory: Memory, id: string) => memory.shown()(id)

describe('a memory that is shown rows that did not change', () => {
  it('remembers the same, in whatever order they come, as one that is shown new copies of them in one order', () => {
    let [unchanged, moved] = [0, 0]
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 30, size: 'max' }), (steps) => {
        const [shared, copied] = [createMemory(), createMemory()]
        let set = SETS[0]
        let shown: readonly Connection[] = []
        let now = NOON
        for (const one of steps) {
          if ('set' in one) set = SETS[one.set]
          if ('forget' in one) for (const memory of [shared, copied]) memory.forget(one.forget)
          if (!('minutes' in one) || set === undefined) continue
          now += one.minutes * MINUTE
          // Without rows of its own, a snapshot shows the same ones again.
          shown =
            one.shows?.flatMap((facts, at) => (facts ? [connection({ id: IDS[at] ?? '', ...facts })] : [])) ?? shown
          const listed = shown.toSorted((left, right) => one.order.indexOf(left.id) - one.order.indexOf(right.id))
          const earlier = shared.shown()
          const same = listed.map((connection) => beside(structuredClone(connection), earlier(connection.id)))
          unchanged += same.filter(({ id }, at) => same[at] === lastOf(shared, id)).length
          shared.observe({ begunAt: now, connections: same }, set, PLACE)
          copied.observe({ begunAt: now, connections: structuredClone(shown) }, set, PLACE)
          expect(shared.kept()).toEqual(copied.kept())
          expect(IDS.map(shared.isMissing)).toEqual(IDS.map(copied.isMissing))
          expect(IDS.map((id) => lastOf(shared, id))).toEqual(IDS.map((id) => shown.find((row) => row.id === id)))
          if (shared.kept().countersMovedAt !== null) moved++
        }
      }),
    )
    expect(unchanged).toBeGreaterThan(100)
    expect(moved).toBeGreaterThan(100)
  })

  it('asks no policy for a note of them', () => {
    let asked = 0
    const kind: PolicyKind = { ...idle.kind, note: () => (before) => (asked++, before) }
    const set = createPolicySet([{ ...idle, kind }], [])
    const memory = createMemory()
    const see = (minute: number, connections: readonly Connection[], by = set) => {
      asked = 0
      memory.observe({ begunAt: NOON + minute * MINUTE, connections }, by, PLACE)
      return asked
    }
    const all = Array.from({ length: 100 }, () => connection())
    expect(see(0, all)).toBe(100)
    expect(see(1, all)).toBe(0)
    expect(
      see(
        2,
        all.map((one, at) => (at < 7 ? { ...one, ingressBytes: 1 } : one)),
      ),
    ).toBe(7)
    // Other policies may keep other notes, and instants that lie ahead become now.
    expect(see(3, all, createPolicySet([{ ...idle, kind }], []))).toBe(100)
    expect(see(1, all)).toBe(100)
  })

  const people = Array.from({ length: 1000 }, (_, at) => connection({ id: `c-${at}`, username: `user-${at}` }))
  const age = createPolicySet([policy('max-session-age', { maxAge: '8h' })], [])

  it.each<[string, (rows: readonly Connection[]) => readonly Connection[], { read: number; written: number }]>([
    ['the same rows', (rows) => rows, { read: 0, written: 0 }],
    ['other counters of all', (rows) => rows.map((row) => ({ ...row, ingressBytes: 7 })), { read: 0, written: 0 }],
    ['one that is gone', (rows) => rows.toSpliced(500, 1), { read: 2, written: 1 }],
    [
      'one that has come',
      (rows) => rows.toSpliced(500, 0, connection({ id: 'new', establishedAt: NOON })),
      { read: 2, written: 0 },
    ],
    ['pages that changed places', (rows) => [...rows.slice(500), ...rows.slice(0, 500)], { read: 4, written: 0 }],
  ])('looks up and writes only what changed: %s', (_what, next, expected) => {
    const memory = createMemory()
    memory.observe({ begunAt: NOON, connections: people }, age, PLACE)
    const listed = structuredClone(next(people))
    const { places } = placed(listed)
    const counts = lookUpsOf(() => {
      const earlier = memory.shown()
      const connections = listed.map((row) => beside(row, earlier(row.id)))
      memory.observe({ begunAt: NOON + MINUTE, connections, places }, age, PLACE)
    })
    expect(counts).toEqual(expected)
    expect(listed.every((row) => lastOf(memory, row.id)?.ingressBytes === row.ingressBytes)).toBe(true)
  })

  it('writes no map by id for a first snapshot, whose places its reader has found', () => {
    const memory = createMemory()
    const { places } = placed(people)
    const counts = lookUpsOf(() => memory.observe({ begunAt: NOON, connections: people, places }, age, PLACE))
    expect(counts.written).toBe(0)
    expect(people.every((row) => lastOf(memory, row.id) === row)).toBe(true)
  })

  it('takes the later of two rows of one connection', () => {
    const memory = createMemory()
    const [before, after] = [connection({ id: 'a' }), connection({ id: 'a', ingressBytes: 7 })]
    const see = (minute: number, ...connections: readonly Connection[]) =>
      memory.observe({ begunAt: NOON + minute * MINUTE, connections }, age, PLACE)
    for (const first of [0, 1]) {
      see(first, before, connection({ id: 'b' }), after)
      expect(lastOf(memory, 'a')).toBe(after)
      expect(memory.isMissing('a')).toBe(false)
    }
    see(2)
    expect([lastOf(memory, 'a'), memory.isMissing('a')]).toEqual([undefined, true])
  })
})
