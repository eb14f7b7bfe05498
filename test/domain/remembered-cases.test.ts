import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Connection, isActive } from '../../src/domain/connection.ts'
import { groundOf } from '../../src/domain/judge/case.ts'
import { createCases } from '../../src/domain/judge/cases.ts'
import { createDecider, type Decisions } from '../../src/domain/judge/decide.ts'
import { createMemory } from '../../src/domain/judge/memory.ts'
import { createRememberedCases } from '../../src/domain/judge/remembered-cases.ts'
import type { Verdict } from '../../src/domain/judge/verdict.ts'
import { acts, type Mode, type PolicyKind } from '../../src/domain/policies/policy.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { HOUR, type Instant, MINUTE } from '../../src/domain/time/instant.ts'
import { connection, entry, NOON, PLACE, policy } from './build.ts'

const cooldown = { cooldownMs: 20 * MINUTE }
const onlyBob = { users: [entry('bob')], endpoints: undefined, regions: undefined }
const untilLater = { users: [entry('carol', { until: NOON + HOUR })], endpoints: undefined, regions: undefined }

const SET = createPolicySet(
  [
    policy('max-session-age', { maxAge: '2h' }, { ...cooldown, warn: [30 * MINUTE, 5 * MINUTE], exempt: untilLater }),
    policy('max-session-age', { maxAge: '3h' }, { name: 'audited', mode: 'audit', graceMs: 10 * MINUTE }),
    policy('off-hours', { timeZone: 'UTC', denied: [{ hours: '13:30-14:00' }] }, { graceMs: 5 * MINUTE }),
    policy('idle-timeout', { after: '15m' }, { ...cooldown, match: onlyBob }),
    policy('max-sessions', { limit: 2 }),
    policy('max-transfer', { total: '1MiB' }),
    policy('posture', { require: ['healthy'] }),
    policy('banned-users', { users: ['dave', { pattern: 'erin', from: '2026-11-23T13:00:00Z' }] }),
  ],
  [entry('cn:root')],
)

/** One thing that happens, to one of six places where somebody may be connected. */
type Step =
  | { readonly what: 'time'; readonly ms: number }
  | {
      readonly what: 'comes' | 'goes' | 'ends' | 'moves bytes' | 'is cut' | 'is another'
      readonly seat: number
      readonly who: number
    }
  | { readonly what: 'snapshot' | 'stale' | 'mode' }

const seat = fc.integer({ min: 0, max: 5 })
const who = fc.integer({ min: 0, max: 5 })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    what: fc.constant('time' as const),
    ms: fc.integer({ min: 0, max: 12 }).map((count) => count * 5 * MINUTE),
  }),
  fc.record({
    what: fc.constantFrom(
      'comes' as const,
      'goes' as const,
      'ends' as const,
      'moves bytes' as const,
      'is cut' as const,
      'is another' as const,
    ),
    seat,
    who,
  }),
  fc.constant({ what: 'snapshot' as const }),
  fc.record({ what: fc.constantFrom('snapshot' as const, 'stale' as const, 'mode' as const) }),
)

const PEOPLE: readonly Partial<Connection>[] = [
  { username: 'alice', posture: ['healthy'] },
  { username: 'bob', posture: ['healthy'] },
  { username: 'carol', posture: ['sick'] },
  { username: 'dave', commonName: undefined },
  { username: 'erin', commonName: 'root', establishedAt: undefined },
  { username: undefined, commonName: undefined, ingressBytes: undefined },
]

/** All that is said, as plain values; the connections as they are now. */
const plain = ({ unknown, ...decisions }: Decisions) => {
  const verdict = ({ policy: { name }, word, reason, since, deadline, nextAt, finding }: Verdict) => ({
    name,
    word,
    reason,
    since,
    deadline,
    nextAt,
    finding,
  })
  return {
    ...decisions,
    unknown: new Map([...unknown].map(([{ name }, ids]) => [name, ids])),
    nearMisses: decisions.nearMisses.map(({ connection: { id }, entry: near }) => [id, near]),
    violating: decisions.violating.map(({ connection: one, act, lead, violated }) => ({
      one,
      act,
      lead: lead && verdict(lead),
      violated: violated.map(verdict).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    })),
    foreseen: decisions.foreseen.map(({ connection: { id }, endsAt, leadMs }) => ({ id, endsAt, leadMs })),
  }
}

/** Decides as the daemon does, with a memory of its own. */
const startSide = (remembering: boolean) => {
  const remembered = createRememberedCases(SET, PLACE)
  const decider = createDecider(SET, PLACE, remembering ? remembered : createCases(SET, PLACE))
  const memory = createMemory()
  return {
    observe: (begunAt: Instant, connections: readonly Connection[]) =>
      memory.observe({ begunAt, connections }, SET, PLACE),
    cut: (one: Connection, at: Instant) => SET.policies.forEach((made) => memory.terminate(made, one, at)),
    decide(connections: readonly Connection[], now: Instant, mode: Mode, fresh: boolean) {
      const history = memory.history(
        now,
        fresh,
        (made) => acts(made, mode),
        () => NOON,
      )
      // Some of them are made ahead, as those of a large endpoint are.
      const active = connections.filter(isActive)
      remembered.prepare(active, 0, active.length >> 1, groundOf(history, now, mode))
      const decisions = decider.decide(connections, history, now, mode)
      for (const foreseen of decisions.foreseen) memory.warn(foreseen)
      return plain(decisions)
    },
  }
}

const must = (row: Connection | undefined): Connection => {
  if (row === undefined) throw new Error('no connection')
  return row
}
const renewed = (row: Connection | undefined): Connection => ({ ...must(row), establishedAt: NOON - 2 * HOUR })

describe('cases that are remembered', () => {
  it('say what cases made anew say, whatever happened in between', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 60 }), (steps) => {
        const sides = [startSide(true), startSide(false)] as const
        const seats = new Map<number, Connection>()
        let [now, mode, fresh]: [Instant, Mode, boolean] = [NOON, 'enforce', true]
        let seen: readonly Connection[] = []
        const snapshot = () => {
          // AWS gives a new row each time, also of what has not changed.
          seen = [...seats.values()].map((row) => ({ ...row }))
          fresh = true
          for (const side of sides) side.observe(now, seen)
        }
        for (const happened of steps) {
          if (happened.what === 'time') now += happened.ms
          else if (happened.what === 'snapshot') snapshot()
          else if (happened.what === 'stale') fresh = false
          else if (!('seat' in happened)) mode = mode === 'audit' ? 'enforce' : 'audit'
          else {
            const there = seats.get(happened.seat)
            const { ingressBytes = 0 } = there ?? {}
            if (happened.what === 'comes')
              seats.set(happened.seat, connection({ establishedAt: now, ...PEOPLE[happened.who] }))
            else if (happened.what === 'goes') seats.delete(happened.seat)
            else if (there !== undefined && happened.what === 'ends')
              seats.set(happened.seat, { ...there, status: 'terminating' })
            else if (there !== undefined && happened.what === 'is another')
              seats.set(happened.seat, {
                ...there,
                ...(happened.who < 3 ? {} : PEOPLE[happened.who]),
                establishedAt: now,
              })
            else if (there !== undefined && happened.what === 'moves bytes')
              seats.set(happened.seat, { ...there, ingressBytes: ingressBytes + happened.who * 300_000 })
            else if (there !== undefined) for (const side of sides) side.cut(there, now)
          }
          const [remembered, anew] = sides.map((side) => side.decide(seen, now, mode, fresh))
          expect(remembered).toEqual(anew)
        }
      }),
      { numRuns: 300 },
    )
  })

  it.each<[string, (rows: Connection[]) => Partial<{ rows: Connection[]; now: Instant; mode: Mode; fresh: boolean }>]>([
    ['a connection that is established anew', ([first, ...rest]) => ({ rows: [renewed(first), ...rest] })],
    ['another user name', ([first, ...rest]) => ({ rows: [{ ...must(first), username: 'dave' }, ...rest] })],
    [
      'no name any more',
      ([first, ...rest]) => ({ rows: [{ ...must(first), username: undefined, commonName: undefined }, ...rest] }),
    ],
    ['another common name', ([first, ...rest]) => ({ rows: [{ ...must(first), commonName: 'root' }, ...rest] })],
    ['another posture', ([first, ...rest]) => ({ rows: [{ ...must(first), posture: ['sick'] }, ...rest] })],
    ['no posture', ([first, ...rest]) => ({ rows: [{ ...must(first), posture: undefined }, ...rest] })],
    [
      'a posture of which nothing is left',
      ([a, b, ...rest]) => ({ rows: [must(a), { ...must(b), posture: ['healthy'] }, ...rest] }),
    ],
    [
      'a posture where there was none',
      ([a, b, c, ...rest]) => ({ rows: [must(a), must(b), { ...must(c), posture: ['sick'] }, ...rest] }),
    ],
    ['a posture that shrank', ([first, ...rest]) => ({ rows: [{ ...must(first), posture: [] }, ...rest] })],
    [
      'a posture that grew',
      ([a, b, ...rest]) => ({ rows: [must(a), { ...must(b), posture: ['sick', 'healthy'] }, ...rest] }),
    ],
    [
      'another posture of as many',
      ([first, ...rest]) => ({ rows: [{ ...must(first), posture: ['old', 'patched'] }, ...rest] }),
    ],
    ['counters that moved', ([first, ...rest]) => ({ rows: [{ ...must(first), ingressBytes: 2 ** 21 }, ...rest] })],
    [
      'counters that are missing',
      ([first, ...rest]) => ({ rows: [{ ...must(first), egressBytes: undefined }, ...rest] }),
    ],
    ['another status', ([first, ...rest]) => ({ rows: [...rest, { ...must(first), status: 'terminating' }] })],
    ['one that came', (rows) => ({ rows: [...rows, connection({ id: 'e', establishedAt: NOON })] })],
    ['one that went', ([, ...rest]) => ({ rows: rest })],
    ['nobody', () => ({ rows: [] })],
    ['audit', () => ({ mode: 'audit' })],
    ['a snapshot that failed', () => ({ fresh: false })],
    ['the last millisecond before a deadline', () => ({ now: NOON + HOUR - 1 })],
    ['a deadline', () => ({ now: NOON + HOUR })],
    ['a clock that went back', () => ({ now: NOON - 2 * HOUR })],
  ])('take in %s', (_what, change) => {
    const first = [
      connection({ id: 'a', posture: ['healthy', 'patched'] }),
      connection({ id: 'b', username: 'bob', posture: ['sick'] }),
      connection({ id: 'c', username: 'carol', establishedAt: undefined }),
      connection({ id: 'd', establishedAt: NOON - 30 * MINUTE }),
      // Goes in any case, and is one too many only where nothing ends it.
      connection({ id: 'old', establishedAt: NOON - 4 * HOUR, posture: ['healthy'] }),
      connection({ id: 'late', establishedAt: NOON - 5 * MINUTE, posture: ['healthy'] }),
    ]
    const [remembered, anew] = [startSide(true), startSide(false)].map((side) => {
      side.observe(NOON, first)
      const before = side.decide(first, NOON, 'enforce', true)
      const { rows = first, now = NOON, mode = 'enforce', fresh = true } = change([...first])
      if (rows !== first) side.observe(now, rows)
      return { before, after: side.decide(rows, now, mode, fresh) }
    })
    expect(remembered).toEqual(anew)
    expect(anew?.after).not.toEqual(anew?.before)
  })

  it('take in a cut that is heard of later, and a later snapshot of the very same rows', () => {
    const came = connection({ id: 'came', establishedAt: NOON - 5 * MINUTE, posture: ['healthy'] })
    const still = connection({ id: 'still', username: 'bob', commonName: 'bob', posture: ['healthy'] })
    const busy = (bytes: number) => connection({ id: 'busy', username: 'carol', ingressBytes: bytes })
    const [remembered, anew] = [startSide(true), startSide(false)].map((side) => {
      side.observe(NOON, [came, still, busy(0)])
      const told = [side.decide([came, still, busy(0)], NOON, 'enforce', true)]
      side.cut(came, NOON - 6 * MINUTE)
      told.push(side.decide([came, still, busy(0)], NOON, 'enforce', true))
      const later = NOON + 16 * MINUTE
      told.push(side.decide([came, still, busy(0)], later, 'enforce', true))
      side.observe(later, [came, still, busy(1)])
      told.push(side.decide([came, still, busy(1)], later, 'enforce', true))
      return told
    })
    expect(remembered).toEqual(anew)
    expect(anew?.map(({ violating }) => violating.map(({ one }) => one.id).filter((id) => id !== 'busy'))).toEqual([
      [],
      ['came'],
      [],
      ['still'],
    ])
  })

  it('take in a cut where every policy has a cooldown', () => {
    const cooling = policy('max-session-age', { maxAge: '8h' }, cooldown)
    const set = createPolicySet([cooling], [])
    const decider = createDecider(set, PLACE, createRememberedCases(set, PLACE))
    const memory = createMemory()
    const row = connection({ establishedAt: NOON - 5 * MINUTE })
    const violating = () => {
      const history = memory.history(
        NOON,
        true,
        () => true,
        () => undefined,
      )
      return decider.decide([row], history, NOON, 'enforce').violating.length
    }
    expect(violating()).toBe(0)
    memory.terminate(cooling, row, NOON - 6 * MINUTE)
    expect(violating()).toBe(1)
  })

  it('tell of what is ahead once', () => {
    const side = startSide(true)
    const row = connection({ posture: ['healthy'] })
    side.observe(NOON, [row])
    const told = [29, 30, 30, 31].map((minute) => side.decide([row], NOON + minute * MINUTE, 'enforce', true).foreseen)
    expect(told.map(({ length }) => length)).toEqual([0, 1, 0, 0])
  })

  it('show a connection as the last snapshot did', () => {
    const set = createPolicySet([policy('max-session-age', { maxAge: '30m' })], [])
    const decider = createDecider(set, PLACE, createRememberedCases(set, PLACE))
    const memory = createMemory()
    const decide = (row: Connection, now: Instant) =>
      decider.decide(
        [row],
        memory.history(
          now,
          true,
          () => true,
          () => undefined,
        ),
        now,
        'enforce',
      ).violating[0]?.connection
    const row = connection()
    expect(decide(row, NOON)).toBe(row)
    const later = { ...row, status: 'failed-to-terminate', ingressBytes: 7 }
    expect(decide(later, NOON + MINUTE)).toBe(later)
  })

  /** Decides about some connections, and counts how many cases are made for it. */
  const counting = () => {
    let asked = 0
    const aged = policy('max-session-age', { maxAge: '2h' }, { warn: [MINUTE] })
    const judgeOf = aged.kind.judge(aged.rule, aged.name)
    const kind: PolicyKind = {
      ...aged.kind,
      judge: () => (person) => {
        const judge = judgeOf(person)
        const find: typeof judge.find = (...args) => {
          asked++
          return judge.find(...args)
        }
        return { ...judge, find }
      },
    }
    const set = createPolicySet([{ ...aged, kind }, policy('max-sessions', { limit: 2 })], [])
    const remembered = createRememberedCases(set, PLACE)
    const decider = createDecider(set, PLACE, remembered)
    const memory = createMemory()
    const historyAt = (now: Instant) =>
      memory.history(
        now,
        true,
        () => true,
        () => NOON,
      )
    const made = (work: () => unknown) => {
      asked = 0
      work()
      return asked
    }
    return {
      decide: (connections: readonly Connection[], now = NOON) =>
        made(() => decider.decide(connections, historyAt(now), now, 'enforce')),
      prepare: (connections: readonly Connection[], from: number, to: number) =>
        made(() => remembered.prepare(connections, from, to, groundOf(historyAt(NOON), NOON, 'enforce'))),
    }
  }
  const hundred = Array.from({ length: 100 }, (_, index) =>
    connection({ username: `user-${index}`, posture: ['healthy'] }),
  )

  it('are not made again for what nothing happened to', () => {
    const { decide } = counting()
    expect(decide(hundred)).toBe(100)
    expect(decide(hundred, NOON + MINUTE)).toBe(0)
    const moved = hundred.map((one, index) => (index === 7 ? { ...one, establishedAt: NOON } : { ...one }))
    expect(decide(moved.toReversed(), NOON + 2 * MINUTE)).toBe(1)
    expect(decide([...moved, connection()], NOON + 3 * MINUTE)).toBe(1)
  })

  it('are made ahead a part at a time', () => {
    const { decide, prepare } = counting()
    expect([prepare(hundred, 0, 30), prepare(hundred, 30, 60)]).toEqual([30, 30])
    expect(decide(hundred)).toBe(40)
    const more = [...hundred, connection({ username: 'late' })]
    expect(prepare(more, 60, 1000)).toBe(1)
    expect(decide(more)).toBe(0)
  })

  it('are let go once more than half of their connections are', () => {
    const { decide } = counting()
    decide(hundred)
    expect([decide(hundred.slice(50)), decide(hundred)]).toEqual([0, 0])
    expect([decide(hundred.slice(51)), decide(hundred)]).toEqual([0, 51])
  })
})
