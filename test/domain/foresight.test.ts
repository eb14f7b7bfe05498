import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/domain/connection.ts'
import { createDecider } from '../../src/domain/judge/decide.ts'
import { createMemory } from '../../src/domain/judge/memory.ts'
import { isDue } from '../../src/domain/judge/verdict.ts'
import type { Policy } from '../../src/domain/policies/policy.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { DAY, HOUR, type Instant, MINUTE } from '../../src/domain/time/instant.ts'
import { connection, entry, NOON, PLACE, policy } from './build.ts'

const watch = (
  policies: readonly Policy[],
  connections: readonly Connection[],
  mode: 'audit' | 'enforce' = 'enforce',
) => {
  const set = createPolicySet(policies, [])
  const decider = createDecider(set, PLACE)
  const memory = createMemory()
  memory.observe({ begunAt: NOON, connections }, set, PLACE)
  const history = (now: Instant) =>
    memory.history(
      now,
      true,
      () => mode === 'enforce',
      () => -Infinity,
    )
  return {
    memory,
    decide: (now: Instant) => decider.decide(connections, history(now), now, mode),
    /** As the daemon does it: decides, tells, sleeps until the decision may differ. */
    told(from: Instant, until: Instant) {
      const warnings: Array<readonly [at: Instant, leadMs: number, endsAt: Instant]> = []
      for (let now = from; now <= until; ) {
        const decisions = this.decide(now)
        for (const foreseen of decisions.foreseen) {
          memory.warn(foreseen)
          warnings.push([now, foreseen.leadMs, foreseen.endsAt])
        }
        if (decisions.violating.some(({ act }) => act === 'terminate')) break
        now = decisions.wakeAt
      }
      return warnings
    },
    /** The first minute at which the policy ends the connection, by trying every one. */
    endsAt(from: Instant, until: Instant): Instant | undefined {
      const naive = createDecider(set, PLACE)
      const blank = createMemory()
      for (let now = from; now <= until; now += MINUTE) {
        const [one] = connections
        const verdicts = naive.verdictsOf(
          one?.id ?? '',
          connections,
          blank.history(
            now,
            true,
            () => true,
            () => -Infinity,
          ),
          now,
          'enforce',
        )
        if (verdicts.some((verdict) => isDue(verdict, now))) return now
      }
      return undefined
    },
  }
}

const minutes = (min: number, max: number) => fc.integer({ min, max }).map((count) => count * MINUTE)

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
    fc.option(minutes(-60, 600), { nil: undefined }),
  )
  .map(([made, warn, graceMs, exemptFor]) => ({
    ...made,
    warn,
    graceMs,
    exempt:
      exemptFor === undefined
        ? undefined
        : { users: [entry('alice', { until: NOON + exemptFor })], endpoints: undefined, regions: undefined },
  }))

describe('a policy that warns', () => {
  it('tells each lead once, at its instant, and of several that have passed the nearest', () => {
    fc.assert(
      fc.property(policies, minutes(0, 540), (made, age) => {
        const connections = [connection({ establishedAt: NOON - age })]
        const until = NOON + DAY
        const endsAt = watch([made], connections).endsAt(NOON, until)
        const expected = []
        if (endsAt !== undefined && endsAt > NOON) {
          const late = made.warn.filter((lead) => endsAt - lead < NOON)
          if (late.length > 0) expected.push([NOON, Math.min(...late), endsAt])
          const inTime = made.warn.filter((lead) => endsAt - lead >= NOON).sort((a, b) => b - a)
          // A lead that falls on the start itself is the nearest of those that have passed.
          if (inTime[0] !== undefined && endsAt - inTime[0] === NOON) expected.length = 0
          expected.push(...inTime.map((lead) => [endsAt - lead, lead, endsAt]))
        }
        expect(watch([made], connections).told(NOON, until)).toEqual(expected)
      }),
    )
  })

  it('is silent where it only audits', () => {
    const made = policy('max-session-age', { maxAge: '2h' }, { warn: [90 * MINUTE] })
    expect(watch([made], [connection()], 'audit').told(NOON, NOON + DAY)).toEqual([])
    expect(watch([{ ...made, mode: 'audit' }], [connection()]).told(NOON, NOON + DAY)).toEqual([])
    expect(watch([made], [connection()]).told(NOON, NOON + DAY)).toHaveLength(1)
  })

  it('is silent about a connection that ends now by another', () => {
    const made = policy('max-session-age', { maxAge: '2h' }, { warn: [90 * MINUTE] })
    const other = policy('max-session-age', { maxAge: '30m' }, { name: 'short' })
    expect(watch([made, other], [connection()]).decide(NOON).foreseen).toEqual([])
  })

  it('does not spend the grace of an edit to come by looking ahead', () => {
    const made = policy('max-session-age', { maxAge: '2h' }, { warn: [90 * MINUTE], graceMs: 10 * MINUTE })
    const one = connection({ establishedAt: NOON - HOUR })
    const { memory, decide } = watch([made], [one])
    expect(decide(NOON).foreseen).toHaveLength(1)
    expect(memory.kept().graceStarted).toEqual({})
  })

  it('within a grace foresees its end, however late it looks', () => {
    const made = policy('max-session-age', { maxAge: '30m' }, { warn: [8 * MINUTE, 3 * MINUTE], graceMs: 10 * MINUTE })
    const { decide } = watch([made], [connection({ establishedAt: NOON - HOUR })])
    const ends = [0, 2, 7].map((minute) => decide(NOON + minute * MINUTE).foreseen.map(({ endsAt }) => endsAt))
    expect(ends).toEqual([[], [NOON + 10 * MINUTE], [NOON + 10 * MINUTE]])
  })

  it('forgets whom it told when they are gone, and not before', () => {
    const made = policy('max-session-age', { maxAge: '2h' }, { warn: [90 * MINUTE] })
    const one = connection()
    const world = watch([made], [one])
    const { memory } = world
    const set = createPolicySet([made], [])
    expect(world.told(NOON, NOON + MINUTE)).toHaveLength(1)
    memory.observe({ begunAt: NOON, connections: [] }, set, PLACE)
    expect(memory.kept().warned).toEqual({ 'max-session-age': { [one.id]: 90 * MINUTE } })
    memory.observe({ begunAt: NOON + 1, connections: [] }, set, PLACE)
    expect(memory.kept().warned).toEqual({})
  })

  it('looks again exactly when a lead begins, and not before', () => {
    const made = policy('max-session-age', { maxAge: '2h' }, { warn: [30 * MINUTE, 5 * MINUTE] })
    const world = watch([made], [connection()])
    const endsAt = NOON + HOUR
    expect(world.decide(NOON)).toMatchObject({ foreseen: [], wakeAt: endsAt - 30 * MINUTE })
    expect(world.decide(endsAt - 30 * MINUTE - 1).foreseen).toEqual([])
    const [first] = world.decide(endsAt - 30 * MINUTE).foreseen
    expect(first).toMatchObject({ policy: made, endsAt, leadMs: 30 * MINUTE, verdict: { word: 'violated' } })
    expect(world.decide(endsAt - 30 * MINUTE).wakeAt).toBe(endsAt - 5 * MINUTE)
    if (first !== undefined) world.memory.warn(first)
    expect(world.decide(endsAt - 30 * MINUTE)).toMatchObject({ foreseen: [], wakeAt: endsAt - 5 * MINUTE })
    const [second] = world.decide(endsAt - 5 * MINUTE).foreseen
    expect(second?.leadMs).toBe(5 * MINUTE)
    if (second !== undefined) world.memory.warn(second)
    expect(world.decide(endsAt - 5 * MINUTE)).toMatchObject({ foreseen: [], wakeAt: endsAt })
    expect(world.decide(endsAt)).toMatchObject({ foreseen: [], wakeAt: Infinity })
  })

  it('says nothing of what will not be: a ban that is over before the grace is', () => {
    const shut = policy('off-hours', { timeZone: 'UTC', denied: [{ hours: '12:10-12:20' }] }, { warn: [HOUR] })
    expect(watch([shut], [connection()]).decide(NOON).foreseen).toHaveLength(1)
    expect(watch([{ ...shut, graceMs: 15 * MINUTE }], [connection()]).decide(NOON).foreseen).toEqual([])
  })
})
