import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { beside, type Connection } from '../../src/domain/connection.ts'
import { createMemory } from '../../src/domain/judge/memory.ts'
import type { PolicyKind } from '../../src/domain/policies/policy.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { HOUR, MINUTE } from '../../src/domain/time/instant.ts'
import { connection, entry, NOON, PLACE, policy } from './build.ts'

const IDS = ['a', 'b', 'c']
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
      minutes: fc.integer({ min: -2, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ set: fc.nat(SETS.length - 1) }) },
  { weight: 1, arbitrary: fc.record({ forget: fc.constantFrom(...IDS) }) },
)

describe('a memory that is shown rows that did not change', () => {
  it('remembers the same as one that is shown new copies of them', () => {
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
          const same = shown.map((connection) => beside(structuredClone(connection), shared.shown(connection.id)))
          unchanged += same.filter((connection) => connection === shared.shown(connection.id)).length
          shared.observe({ begunAt: now, connections: same }, set, PLACE)
          copied.observe({ begunAt: now, connections: structuredClone(shown) }, set, PLACE)
          expect(shared.kept()).toEqual(copied.kept())
          expect(IDS.map(shared.isMissing)).toEqual(IDS.map(copied.isMissing))
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
})
