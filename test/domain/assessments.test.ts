import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Connection, isActive } from '../../src/domain/connection.ts'
import {
  createRules,
  type EndpointRules,
  type Judgement,
  judgeEndpoint,
  prepareJudgement,
} from '../../src/domain/judge/judge-endpoint.ts'
import { createMemory } from '../../src/domain/judge/memory.ts'
import type { EndpointView } from '../../src/domain/judge/view.ts'
import type { Mode, Policy, PolicyKind } from '../../src/domain/policies/policy.ts'
import { createPolicySet, type PolicySet } from '../../src/domain/policies/policy-set.ts'
import { HOUR, type Instant, MINUTE, NEVER, SECOND } from '../../src/domain/time/instant.ts'
import { fuzzRuns } from '../fuzz-runs.ts'
import { connection, ENDPOINT, entry, NOON, PLACE, policy, RETRY } from './build.ts'
import { takeInSnapshot } from './endpoint.ts'

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

/** An assessment under these policies has no part of its own for counters. */
const WITHOUT_COUNTERS = createPolicySet(
  SET.policies.filter(({ kind }) => kind.facts !== 'counters'),
  SET.protectedUsers,
)

/** One event at an endpoint. Most concern one of six seats, each free or taken by a connection. */
type Step =
  /** Below 0, the clock is set back. */
  | { readonly what: 'time'; readonly ms: number }
  | {
      readonly what: 'connects' | 'vanishes' | 'is terminating' | 'moves bytes' | 'was terminated' | 'reconnects'
      readonly seat: number
      readonly principal: number
    }
  | { readonly what: 'snapshot' | 'failed read' | 'mode' }

const seat = fc.integer({ min: 0, max: 5 })
const principal = fc.integer({ min: 0, max: 5 })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    what: fc.constant('time' as const),
    ms: fc.integer({ min: -2, max: 12 }).map((count) => count * 5 * MINUTE),
  }),
  fc.record({
    what: fc.constantFrom(
      'connects' as const,
      'vanishes' as const,
      'is terminating' as const,
      'moves bytes' as const,
      'was terminated' as const,
      'reconnects' as const,
    ),
    seat,
    principal,
  }),
  fc.constant({ what: 'snapshot' as const }),
  fc.record({ what: fc.constantFrom('snapshot' as const, 'failed read' as const, 'mode' as const) }),
)

const PEOPLE: readonly Partial<Connection>[] = [
  { username: 'alice', posture: ['healthy'] },
  { username: 'bob', posture: ['healthy'] },
  { username: 'carol', posture: ['sick'] },
  { username: 'dave', commonName: undefined },
  { username: 'erin', commonName: 'root', establishedAt: undefined },
  { username: undefined, commonName: undefined, ingressBytes: undefined },
]

const rulesOf = (set: PolicySet, mode: Mode = 'enforce', changedAt: Instant = NOON + 2 * HOUR): EndpointRules =>
  createRules({
    set,
    setHash: '',
    earlierSet: () => undefined,
    location: PLACE,
    mode,
    guard: { maxPercent: 30, minConnections: 0, lookAheadMs: 0 },
    staleAfterMs: NEVER,
    retry: RETRY,
    changedAt: () => changedAt,
  })

/** Judges one endpoint with a memory of its own: with one cache of assessments, or with a new one for each judgement. */
const createSide = (isCached: boolean, set = SET) => {
  const cached = rulesOf(set)
  const memory = createMemory({ ...createMemory().kept(), watchedSince: -NEVER })
  let view: EndpointView = { state: 'unseen' }
  return {
    memory,
    see(connections: readonly Connection[], now: Instant): void {
      const snapshot = takeInSnapshot(memory, cached, connections, now)
      // A view that never has to be confirmed: its assessments are found again for as long as they hold.
      view = { state: 'fresh', snapshot, confirmAt: NEVER }
    },
    fail(): void {
      if (view.state !== 'fresh') return
      view = { ...view, state: 'stale', why: 'read-failed', because: 'the read failed' }
    },
    /** A call left for the connection, under every policy. */
    terminate(one: Connection, at: Instant): void {
      for (const each of set.policies) memory.terminate(each, one, at)
    },
    judge(now: Instant, mode: Mode = 'enforce'): Judgement {
      const rules = isCached ? { ...cached, mode } : rulesOf(set, mode)
      if (isCached && (view.state === 'fresh' || view.state === 'stale')) {
        // Half of the assessments are prepared, like those of a large snapshot.
        prepareJudgement(view, rules, memory, now)(0, view.snapshot.connections.filter(isActive).length >> 1)
      }
      const judgement = judgeEndpoint(view, rules, memory, now)
      if (judgement.learned !== undefined) memory.learn(judgement.learned)
      return judgement
    },
  }
}

const violatingIn = ({ decisions }: Judgement) => decisions?.violating ?? []

const must = (row: Connection | undefined): Connection => {
  if (row === undefined) throw new Error('no connection')
  return row
}
const established = (row: Connection | undefined): Connection => ({ ...must(row), establishedAt: NOON - 2 * HOUR })

describe('cached assessments', () => {
  it('give the same judgement as new ones, whatever happens between two judgements', () => {
    let [ended, held, news] = [0, 0, 0]
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 20, maxLength: 60 }),
        fc.constantFrom(SET, WITHOUT_COUNTERS),
        (steps, set) => {
          const sides = [createSide(true, set), createSide(false, set)] as const
          const seats = new Map<number, Connection>()
          let [now, mode]: [Instant, Mode] = [NOON, 'enforce']
          for (const event of steps) {
            if (event.what === 'time') now += event.ms
            else if (event.what === 'snapshot') {
              // AWS lists a new row each time, even if nothing changed.
              const rows = [...seats.values()].map((row) => ({ ...row }))
              for (const side of sides) side.see(rows, now)
            } else if (event.what === 'failed read') for (const side of sides) side.fail()
            else if (!('seat' in event)) mode = mode === 'audit' ? 'enforce' : 'audit'
            else {
              const taken = seats.get(event.seat)
              const { ingressBytes = 0 } = taken ?? {}
              if (event.what === 'connects')
                seats.set(event.seat, connection({ establishedAt: now, ...PEOPLE[event.principal] }))
              else if (event.what === 'vanishes') seats.delete(event.seat)
              else if (taken !== undefined && event.what === 'is terminating')
                seats.set(event.seat, { ...taken, status: 'terminating' })
              else if (taken !== undefined && event.what === 'reconnects')
                seats.set(event.seat, {
                  ...taken,
                  ...(event.principal < 3 ? {} : PEOPLE[event.principal]),
                  establishedAt: now,
                })
              else if (taken !== undefined && event.what === 'moves bytes')
                seats.set(event.seat, { ...taken, ingressBytes: ingressBytes + event.principal * 300_000 })
              else if (taken !== undefined) for (const side of sides) side.terminate(taken, now)
            }
            const [cached, anew] = [sides[0].judge(now, mode), sides[1].judge(now, mode)] as const
            expect(cached).toEqual(anew)
            ended += anew.plan.terminate.length
            held += anew.plan.held.length
            news += anew.news.length
          }
        },
      ),
      // Mutation testing allows less time, in which the guard may hold nothing.
      { numRuns: fuzzRuns(40), interruptAfterTimeLimit: 60_000 },
    )
    // Otherwise an endpoint on which nothing ever happens would pass.
    expect(Math.min(ended, held, news)).toBeGreaterThan(0)
  })

  type Change = { rows: Connection[]; now: Instant; mode: Mode; isReadFailed: boolean }
  it.each<[string, (rows: Connection[]) => Partial<Change>]>([
    ['another established time', ([first, ...rest]) => ({ rows: [established(first), ...rest] })],
    ['another user name', ([first, ...rest]) => ({ rows: [{ ...must(first), username: 'dave' }, ...rest] })],
    [
      'the loss of both names',
      ([first, ...rest]) => ({ rows: [{ ...must(first), username: undefined, commonName: undefined }, ...rest] }),
    ],
    ['another common name', ([first, ...rest]) => ({ rows: [{ ...must(first), commonName: 'root' }, ...rest] })],
    ['another posture', ([first, ...rest]) => ({ rows: [{ ...must(first), posture: ['sick'] }, ...rest] })],
    ['the loss of the posture', ([first, ...rest]) => ({ rows: [{ ...must(first), posture: undefined }, ...rest] })],
    [
      'a posture that becomes healthy',
      ([a, b, ...rest]) => ({ rows: [must(a), { ...must(b), posture: ['healthy'] }, ...rest] }),
    ],
    [
      'the first posture',
      ([a, b, c, ...rest]) => ({ rows: [must(a), must(b), { ...must(c), posture: ['sick'] }, ...rest] }),
    ],
    ['a posture that becomes empty', ([first, ...rest]) => ({ rows: [{ ...must(first), posture: [] }, ...rest] })],
    [
      'one more posture status',
      ([a, b, ...rest]) => ({ rows: [must(a), { ...must(b), posture: ['sick', 'healthy'] }, ...rest] }),
    ],
    [
      'as many other posture statuses',
      ([first, ...rest]) => ({ rows: [{ ...must(first), posture: ['old', 'patched'] }, ...rest] }),
    ],
    ['counters that moved', ([first, ...rest]) => ({ rows: [{ ...must(first), ingressBytes: 2 ** 21 }, ...rest] })],
    ['a missing counter', ([first, ...rest]) => ({ rows: [{ ...must(first), egressBytes: undefined }, ...rest] })],
    [
      'another status',
      (rows) => ({ rows: rows.map((row) => (row.id === 'old' ? { ...row, status: 'terminating' } : row)) }),
    ],
    ['a new connection', (rows) => ({ rows: [...rows, connection({ id: 'e', establishedAt: NOON })] })],
    ['a connection that is gone', (rows) => ({ rows: rows.filter(({ id }) => id !== 'old') })],
    ['an empty snapshot', () => ({ rows: [] })],
    ['audit mode', () => ({ mode: 'audit' })],
    ['a failed read', () => ({ isReadFailed: true })],
    ['the last millisecond before a deadline', () => ({ now: NOON + HOUR - 1 })],
    ['a deadline', () => ({ now: NOON + HOUR })],
    ['a clock that was set back', () => ({ now: NOON - 2 * HOUR })],
  ])('follow %s', (_what, change) => {
    const first = [
      connection({ id: 'a', posture: ['healthy', 'patched'] }),
      connection({ id: 'b', username: 'bob', posture: ['sick'] }),
      connection({ id: 'c', username: 'carol', establishedAt: undefined }),
      connection({ id: 'd', establishedAt: NOON - 30 * MINUTE }),
      // Ends regardless. It would be surplus only if no policy ended it.
      connection({ id: 'old', establishedAt: NOON - 4 * HOUR, posture: ['healthy'] }),
      connection({ id: 'late', establishedAt: NOON - 5 * MINUTE, posture: ['healthy'] }),
    ]
    const after = (
      isCached: boolean,
      set: PolicySet,
      { rows, now = NOON, mode, isReadFailed = false }: Partial<Change>,
    ) => {
      const side = createSide(isCached, set)
      side.see(first, NOON)
      side.judge(NOON)
      if (rows !== undefined) side.see(rows, now)
      if (isReadFailed) side.fail()
      return side.judge(now, mode)
    }
    const changed = change([...first])
    const anew = after(false, SET, changed)
    expect(after(true, SET, changed)).toEqual(anew)
    expect(after(true, WITHOUT_COUNTERS, changed)).toEqual(after(false, WITHOUT_COUNTERS, changed))
    // The change makes a difference: the judgement of the first rows again would be another one.
    const { decisions: unchanged } = after(false, SET, {})
    expect({ ...anew.decisions, now: NOON }).not.toEqual(unchanged)
  })

  it('follow a termination that is reported later, and a later snapshot of the same rows', () => {
    const late = connection({ id: 'late', establishedAt: NOON - 5 * MINUTE, posture: ['healthy'] })
    const idle = connection({ id: 'idle', username: 'bob', commonName: 'bob', posture: ['healthy'] })
    const busy = (bytes: number) => connection({ id: 'busy', username: 'carol', ingressBytes: bytes })
    const [cached, anew] = [createSide(true), createSide(false)].map((side) => {
      side.see([late, idle, busy(0)], NOON)
      const judgements = [side.judge(NOON)]
      side.terminate(late, NOON - 6 * MINUTE)
      judgements.push(side.judge(NOON))
      const later = NOON + 16 * MINUTE
      judgements.push(side.judge(later))
      side.see([late, idle, busy(1)], later)
      judgements.push(side.judge(later))
      return judgements
    })
    expect(cached).toEqual(anew)
    const violating = anew?.map((one) => violatingIn(one).map((decision) => decision.connection.id))
    expect(violating?.map((ids) => ids.filter((id) => id !== 'busy'))).toEqual([[], ['late'], [], ['idle']])
  })

  it('follow a termination where every policy has a cooldown', () => {
    const side = createSide(true, createPolicySet([policy('max-session-age', { maxAge: '8h' }, cooldown)], []))
    const row = connection({ establishedAt: NOON - 5 * MINUTE })
    side.see([row], NOON)
    expect(violatingIn(side.judge(NOON))).toHaveLength(0)
    side.terminate(row, NOON - 6 * MINUTE)
    expect(violatingIn(side.judge(NOON))).toHaveLength(1)
  })

  it('date a violation anew while the established time is missing or ahead of the clock', () => {
    const sinceIn = (judgement: Judgement) => violatingIn(judgement)[0]?.violated[0]?.since
    const required = createPolicySet([policy('posture', { require: ['healthy'] })], [])
    const ahead = createSide(true, required)
    ahead.see([connection({ posture: ['sick'], establishedAt: NOON + MINUTE })], NOON)
    expect([0, 1, 2].map((minute) => sinceIn(ahead.judge(NOON + minute * MINUTE)))).toEqual([
      NOON,
      NOON + MINUTE,
      NOON + MINUTE,
    ])

    const missing = createSide(true, required)
    const rows = [connection({ posture: ['sick'], establishedAt: undefined })]
    missing.see(rows, NOON)
    const setBackTo = NOON - 30 * SECOND
    expect(sinceIn(missing.judge(setBackTo))).toBe(NOON)
    missing.see(rows, setBackTo)
    expect(sinceIn(missing.judge(setBackTo))).toBe(setBackTo)
  })

  it('give each warning once', () => {
    const side = createSide(true)
    side.see([connection({ posture: ['healthy'] })], NOON)
    const judgements = [29, 30, 30, 31].map((minute) => side.judge(NOON + minute * MINUTE))
    expect(judgements.map(({ decisions }) => decisions?.foreseen.length)).toEqual([0, 1, 0, 0])
    expect(judgements.map(({ news }) => news.filter(({ what }) => what === 'warning').length)).toEqual([0, 1, 0, 0])
  })

  it('show a connection as the last snapshot shows it', () => {
    const side = createSide(true, createPolicySet([policy('max-session-age', { maxAge: '30m' })], []))
    const decide = (row: Connection, now: Instant) => {
      side.see([row], now)
      return violatingIn(side.judge(now))[0]?.connection
    }
    const row = connection()
    expect(decide(row, NOON)).toBe(row)
    const later = { ...row, status: 'failed-to-terminate', ingressBytes: 7 }
    expect(decide(later, NOON + MINUTE)).toBe(later)
  })

  /** Judges some connections, and counts the assessments that are made for it. */
  const createCounter = () => {
    let found = 0
    const sessionAge: Policy = policy('max-session-age', { maxAge: '2h' }, { warn: [MINUTE] })
    const judgeOf = sessionAge.kind.judge(sessionAge.rule, sessionAge.name)
    const kind: PolicyKind = {
      ...sessionAge.kind,
      judge: () => (one) => {
        const judge = judgeOf(one)
        const find: typeof judge.find = (...args) => {
          found++
          return judge.find(...args)
        }
        return { ...judge, find }
      },
    }
    const rules = rulesOf(createPolicySet([{ ...sessionAge, kind }, policy('max-sessions', { limit: 2 })], []))
    const memory = createMemory()
    const viewOf = (connections: readonly Connection[]): EndpointView => ({
      state: 'fresh',
      snapshot: { endpointId: ENDPOINT, begunAt: NOON, completedAt: NOON, connections },
      confirmAt: NEVER,
    })
    // The guard compares connections at the first judgement. It is not counted here.
    const { learned } = judgeEndpoint(viewOf([]), rules, memory, NOON)
    if (learned !== undefined) memory.learn(learned)
    const countIn = (work: () => unknown): number => {
      found = 0
      work()
      return found
    }
    return {
      judge: (connections: readonly Connection[], now = NOON) =>
        countIn(() => judgeEndpoint(viewOf(connections), rules, memory, now)),
      prepare: (connections: readonly Connection[], from: number, to: number) =>
        countIn(() => prepareJudgement(viewOf(connections), rules, memory, NOON)(from, to)),
    }
  }
  const hundred = Array.from({ length: 100 }, (_, index) =>
    connection({ username: `user-${index}`, posture: ['healthy'] }),
  )

  it('are kept for connections that did not change', () => {
    const { judge } = createCounter()
    expect(judge(hundred)).toBe(100)
    expect(judge(hundred, NOON + MINUTE)).toBe(0)
    const moved = hundred.map((one, index) => (index === 7 ? { ...one, establishedAt: NOON } : { ...one }))
    expect(judge(moved.toReversed(), NOON + 2 * MINUTE)).toBe(1)
    expect(judge([...moved, connection()], NOON + 3 * MINUTE)).toBe(1)
  })

  it('are prepared one part at a time', () => {
    const { judge, prepare } = createCounter()
    expect([prepare(hundred, 0, 30), prepare(hundred, 30, 60)]).toEqual([30, 30])
    expect(judge(hundred)).toBe(40)
    const more = [...hundred, connection({ username: 'late' })]
    expect(prepare(more, 60, 1000)).toBe(1)
    expect(judge(more)).toBe(0)
  })

  it('are dropped once more than half of their connections are gone', () => {
    const { judge } = createCounter()
    judge(hundred)
    expect([judge(hundred.slice(50)), judge(hundred)]).toEqual([0, 0])
    expect([judge(hundred.slice(51)), judge(hundred)]).toEqual([0, 51])
  })
})
