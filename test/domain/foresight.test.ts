import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/domain/connection.ts'
import { NO_GUARD_MEMORY } from '../../src/domain/guard/guard.ts'
import { imaginedView } from '../../src/domain/judge/imagined.ts'
import { judgeEndpoint } from '../../src/domain/judge/judge-endpoint.ts'
import { isDue } from '../../src/domain/judge/verdict.ts'
import type { Mode, Policy } from '../../src/domain/policies/policy.ts'
import { DAY, HOUR, type Instant, MINUTE } from '../../src/domain/time/instant.ts'
import { slowRuns } from '../fuzz-runs.ts'
import { connection, ENDPOINT, entry, NOON, policy } from './build.ts'
import { createEndpoint } from './endpoint.ts'

/** An endpoint with these connections. The first `decide` takes in a snapshot, and all others judge that snapshot again. */
const watch = (policies: readonly Policy[], connections: readonly Connection[], mode: Mode = 'enforce') => {
  const endpoint = createEndpoint(policies, { mode })
  let isSeen = false
  const decide = (now: Instant) => {
    const { decisions } = isSeen ? endpoint.judge(now) : endpoint.see(connections, now)
    isSeen = true
    if (decisions === undefined) throw new Error('nothing was decided')
    return decisions
  }
  return {
    ...endpoint,
    decide,
    /** The warnings that the daemon sends: it judges, sends, and waits until a verdict or a warning may change. */
    warningsBetween(from: Instant, until: Instant) {
      const warnings: Array<readonly [at: Instant, leadMs: number, endsAt: Instant]> = []
      for (let now = from; now <= until; ) {
        const { foreseen, violating, wakeAt } = decide(now)
        warnings.push(...foreseen.map(({ leadMs, endsAt }) => [now, leadMs, endsAt] as const))
        if (violating.some(({ act }) => act === 'terminate')) break
        expect(wakeAt).toBeGreaterThan(now)
        now = wakeAt
      }
      return warnings
    },
  }
}

/** The first minute at which the policy ends the connection, found by trying each, without foresight. */
const endOf = (tested: Policy, one: Connection, from: Instant, until: Instant): Instant | undefined => {
  const endpoint = createEndpoint([tested])
  endpoint.see([one], from)
  for (let now = from; now <= until; now += MINUTE) {
    const [verdict] = endpoint.verdictsOf(one.id, now)
    if (verdict === undefined) throw new Error('no verdict')
    if (isDue(verdict, now)) return now
    const { policy, graceStartedAt: at } = verdict
    const graceStarted = at === undefined ? [] : [{ policy: policy.name, connectionId: one.id, at }]
    endpoint.memory.learn({
      graceStarted,
      warned: [],
      guard: NO_GUARD_MEMORY,
      facts: { name: undefined, tags: undefined, reselectedAt: {} },
      mayEnd: new Set([policy.name]),
      news: [],
    })
  }
  return undefined
}

const minutes = (min: number, max: number) => fc.integer({ min, max }).map((count) => count * MINUTE)

/** From an instant on, until an instant, or both: of a policy, or of an entry that names alice. */
const instant = minutes(-60, 600).map((offset) => NOON + offset)
const period = fc.record({
  from: fc.option(instant, { nil: undefined }),
  until: fc.option(instant, { nil: undefined }),
})
const alices = fc.option(
  fc.array(
    period.map((at) => entry('alice', at)),
    { minLength: 1, maxLength: 2 },
  ),
  { nil: undefined, freq: 2 },
)

const policies: fc.Arbitrary<Policy> = fc
  .tuple(
    fc.oneof(
      fc.integer({ min: 1, max: 600 }).map((age) => policy('max-session-age', { maxAge: `${age}m` })),
      fc
        .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
        .map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`)
        .map((closes) => policy('off-hours', { timeZone: 'Europe/Berlin', denied: [{ hours: `${closes}-24:00` }] })),
    ),
    fc.uniqueArray(minutes(1, 90), { minLength: 1, maxLength: 3 }),
    minutes(0, 30),
    fc.record({ match: alices, exempt: alices, period }),
  )
  .map(([made, warn, graceMs, { match, exempt, period: inForce }]) => ({
    ...made,
    warn,
    graceMs,
    match: match && { users: match, endpoints: undefined, regions: undefined },
    exempt: exempt && { users: exempt, endpoints: undefined, regions: undefined },
    ...inForce,
  }))

describe('a policy that warns', () => {
  it('warns once for each lead, at its instant, and of several passed leads only for the shortest', () => {
    fc.assert(
      fc.property(policies, minutes(0, 540), (made, age) => {
        const one = connection({ establishedAt: NOON - age })
        const until = NOON + DAY
        const endsAt = endOf(made, one, NOON, until)
        const expected = []
        if (endsAt !== undefined && endsAt > NOON) {
          const late = made.warn.filter((lead) => endsAt - lead < NOON)
          if (late.length > 0) expected.push([NOON, Math.min(...late), endsAt])
          const inTime = made.warn.filter((lead) => endsAt - lead >= NOON).sort((a, b) => b - a)
          // A lead that begins with the first judgement is the shortest of the passed ones.
          if (inTime[0] !== undefined && endsAt - inTime[0] === NOON) expected.length = 0
          expected.push(...inTime.map((lead) => [endsAt - lead, lead, endsAt]))
        }
        expect(watch([made], [one]).warningsBetween(NOON, until)).toEqual(expected)
      }),
      { numRuns: slowRuns(20) },
    )
  })

  it('sends no warning where it does not act', () => {
    const made = policy('max-session-age', { maxAge: '2h' }, { warn: [90 * MINUTE] })
    expect(watch([made], [connection()], 'audit').warningsBetween(NOON, NOON + DAY)).toEqual([])
    expect(watch([{ ...made, mode: 'audit' }], [connection()]).warningsBetween(NOON, NOON + DAY)).toEqual([])
    expect(watch([made], [connection()]).warningsBetween(NOON, NOON + DAY)).toHaveLength(1)
  })

  it('sends no warning about a connection that another policy ends now', () => {
    const made = policy('max-session-age', { maxAge: '2h' }, { warn: [90 * MINUTE] })
    const other = policy('max-session-age', { maxAge: '30m' }, { name: 'short' })
    expect(watch([made, other], [connection()]).decide(NOON).foreseen).toEqual([])
  })

  it('tells no end later than the first, and offers no extension that would not move it', () => {
    const sooner = fc.integer({ min: 40, max: 90 })
    fc.assert(
      fc.property(policies, sooner, sooner, fc.constantFrom('enforce', 'audit'), (made, age, other, mode) => {
        const extend = { byMs: HOUR, times: 1 }
        const warned = { ...made, warn: [HOUR], extend }
        const daily = policy('max-session-age', { maxAge: `${age}m` }, { name: 'daily', warn: [HOUR], extend })
        const silent = policy('max-session-age', { maxAge: `${other}m` }, { name: 'silent', mode })
        const one = connection({ establishedAt: NOON })
        const ends = [warned, daily, ...(mode === 'enforce' ? [silent] : [])].map(
          (tested) => endOf(tested, one, NOON, NOON + 2 * HOUR) ?? Infinity,
        )
        const first = Math.min(...ends)
        const alone = ends.filter((at) => at === first).length === 1
        const { foreseen, violating } = watch([warned, daily, silent], [one]).decide(NOON)
        const isDueNow = violating.some(({ act }) => act === 'terminate')
        const told = [warned, daily].filter((_, index) => ends[index] === first && first <= NOON + HOUR && !isDueNow)
        expect(foreseen.map(({ policy: { name }, endsAt, extension }) => [name, endsAt, extension])).toEqual(
          told.map(({ name }) => [name, first, alone ? 1 : undefined]),
        )
      }),
      { numRuns: slowRuns(40) },
    )
  })

  it('warns once no other policy ends the connection earlier any more', () => {
    const daily = policy('max-session-age', { maxAge: '2h' }, { name: 'daily', warn: [90 * MINUTE] })
    const earlier = policy('max-session-age', { maxAge: '90m' }, { name: 'earlier' })
    const one = connection()
    const world = watch([daily, earlier], [one])
    expect(world.decide(NOON).foreseen).toEqual([])
    world.edit([daily], NOON + MINUTE)
    expect(world.memory.kept().warned).toEqual({ daily: { [one.id]: 90 * MINUTE } })
  })

  it('counts the deadline of a surplus connection, but no pause of its user', () => {
    const daily = policy('max-session-age', { maxAge: '2h' }, { name: 'daily', warn: [90 * MINUTE] })
    const single = policy('max-sessions', { limit: 1, evict: 'oldest' }, { name: 'single', graceMs: 5 * MINUTE })
    const idle = policy('idle-timeout', { after: '5m' }, { name: 'idle' })
    const [old, young] = [connection(), connection({ establishedAt: NOON })]
    expect(watch([daily, idle], [old]).decide(NOON).foreseen).toHaveLength(1)
    expect(watch([daily, single], [old]).decide(NOON).foreseen).toHaveLength(1)
    expect(watch([daily, single], [old, young]).decide(NOON).foreseen).toEqual([])
  })

  it('does not begin a grace by looking ahead', () => {
    const made = policy('max-session-age', { maxAge: '2h' }, { warn: [90 * MINUTE], graceMs: 10 * MINUTE })
    const one = connection({ establishedAt: NOON - HOUR })
    const { memory, decide } = watch([made], [one])
    expect(decide(NOON).foreseen).toHaveLength(1)
    expect(memory.kept().graceStarted).toEqual({})
  })

  it('foresees the end of a grace that has begun, however late it is judged', () => {
    const made = policy('max-session-age', { maxAge: '30m' }, { warn: [8 * MINUTE, 3 * MINUTE], graceMs: 10 * MINUTE })
    const { decide } = watch([made], [connection({ establishedAt: NOON - HOUR })])
    const ends = [0, 2, 7].map((minute) => decide(NOON + minute * MINUTE).foreseen.map(({ endsAt }) => endsAt))
    expect(ends).toEqual([[], [NOON + 10 * MINUTE], [NOON + 10 * MINUTE]])
  })

  it('forgets its warnings when the connection is gone, and not before', () => {
    const made = policy('max-session-age', { maxAge: '2h' }, { warn: [90 * MINUTE] })
    const one = connection()
    const world = watch([made], [one])
    const { memory } = world
    expect(world.warningsBetween(NOON, NOON + MINUTE)).toHaveLength(1)
    world.see([], NOON)
    expect(memory.kept().warned).toEqual({ 'max-session-age': { [one.id]: 90 * MINUTE } })
    world.see([], NOON + 1)
    expect(memory.kept().warned).toEqual({})
  })

  it('is judged again exactly when a lead begins, and not before', () => {
    const made = policy('max-session-age', { maxAge: '2h' }, { warn: [30 * MINUTE, 5 * MINUTE] })
    const { decide } = watch([made], [connection()])
    const endsAt = NOON + HOUR
    expect(decide(NOON)).toMatchObject({ foreseen: [], wakeAt: endsAt - 30 * MINUTE })
    expect(decide(endsAt - 30 * MINUTE - 1).foreseen).toEqual([])
    const first = { policy: made, endsAt, leadMs: 30 * MINUTE, verdict: { word: 'violated' } }
    expect(decide(endsAt - 30 * MINUTE)).toMatchObject({ foreseen: [first], wakeAt: endsAt - 5 * MINUTE })
    expect(decide(endsAt - 30 * MINUTE)).toMatchObject({ foreseen: [], wakeAt: endsAt - 5 * MINUTE })
    expect(decide(endsAt - 5 * MINUTE - 1)).toMatchObject({ foreseen: [], wakeAt: endsAt - 5 * MINUTE })
    const second = { ...first, leadMs: 5 * MINUTE }
    expect(decide(endsAt - 5 * MINUTE)).toMatchObject({ foreseen: [second], wakeAt: endsAt })
    expect(decide(endsAt - 5 * MINUTE)).toMatchObject({ foreseen: [], wakeAt: endsAt })
    expect(decide(endsAt)).toMatchObject({ foreseen: [], wakeAt: Infinity })
  })

  it('foresees the same end until the memory learns of the warning', () => {
    const made = policy('max-session-age', { maxAge: '2h' }, { warn: [30 * MINUTE] })
    const { rules, memory } = watch([made], [connection()])
    const now = NOON + 30 * MINUTE
    const view = imaginedView(ENDPOINT, [connection()], now)
    const judgements = [1, 2].map(() => judgeEndpoint(view, rules, memory, now))
    expect(judgements.map(({ decisions }) => decisions?.foreseen.length)).toEqual([1, 1])
    expect(judgements.map(({ news }) => news.map(({ what }) => what))).toEqual([['warning'], ['warning']])
    expect(memory.kept().warned).toEqual({})
  })

  it('sends no warning where the violation is over before its grace', () => {
    const shut = policy('off-hours', { timeZone: 'UTC', denied: [{ hours: '12:10-12:20' }] }, { warn: [HOUR] })
    expect(watch([shut], [connection()]).decide(NOON).foreseen).toHaveLength(1)
    expect(watch([{ ...shut, graceMs: 15 * MINUTE }], [connection()]).decide(NOON).foreseen).toEqual([])
  })
})
