import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { firstJudgements } from '../../src/app/first-judgement.ts'
import { endpointKey } from '../../src/app/site.ts'
import type { Connection } from '../../src/domain/connection.ts'
import type { Decisions } from '../../src/domain/judge/decide.ts'
import type { Policy } from '../../src/domain/policies/policy.ts'
import type { TerminateCall } from '../../src/domain/terminate/plan.ts'
import { HOUR, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { connection, ENDPOINT, NOON, policy } from '../domain/build.ts'
import { rememberedSet } from '../domain/policy-sets.ts'
import { fuzzRuns } from '../fuzz-runs.ts'
import { assignment, SITE, startWorld } from './world.ts'

/** A configuration as an operator may write it: policies, the daemon's mode and the guard's limits. */
interface Written {
  readonly maxAgeMinutes: number
  readonly graceMinutes: number
  readonly cooldownMinutes: number
  readonly guard: 'on' | 'off'
  readonly limit: number
  readonly banned: readonly string[]
  readonly banMode: 'audit' | 'enforce'
  readonly mode: 'audit' | 'enforce'
  readonly maxPercent: number
  readonly minConnections: number
  readonly lookAheadHours: number
}

const written: fc.Arbitrary<Written> = fc.record({
  maxAgeMinutes: fc.constantFrom(30, 60, 120, 600),
  graceMinutes: fc.constantFrom(0, 0, 5, 20),
  cooldownMinutes: fc.constantFrom(0, 30),
  guard: fc.constantFrom('on' as const, 'on' as const, 'off' as const),
  limit: fc.constantFrom(1, 2, 5),
  banned: fc.constantFrom([], ['user-1'], ['user-1', 'user-2', 'user-3'], ['user-*']),
  banMode: fc.constantFrom('audit' as const, 'enforce' as const),
  mode: fc.constantFrom('audit' as const, 'enforce' as const, 'enforce' as const),
  maxPercent: fc.constantFrom(5, 20, 100),
  minConnections: fc.constantFrom(0, 2, 5),
  lookAheadHours: fc.constantFrom(0, 1, 24),
})

/** A file and an edit of it, which leaves most of it as it was. */
const edited: fc.Arbitrary<readonly [before: Written, after: Written]> = fc
  .tuple(
    written,
    written,
    fc.subarray(['maxAgeMinutes', 'graceMinutes', 'banned', 'mode', 'maxPercent', 'guard'] as const, { maxLength: 2 }),
  )
  .map(([before, other, keys]) => [before, { ...before, ...Object.fromEntries(keys.map((key) => [key, other[key]])) }])

const hashed = (made: Policy, of: unknown): Policy => ({ ...made, hash: JSON.stringify(of) })

const assignmentOf = (file: Written) => {
  const { maxAgeMinutes, graceMinutes, cooldownMinutes, guard, limit, banned, banMode, mode } = file
  const timing = { graceMs: graceMinutes * MINUTE, cooldownMs: cooldownMinutes * MINUTE, guard }
  const policies = [
    hashed(policy('max-session-age', { maxAge: `${maxAgeMinutes}m` }, timing), [maxAgeMinutes, timing]),
    hashed(policy('max-sessions', { limit }), limit),
    ...(banned.length === 0 ? [] : [hashed(policy('banned-users', { users: banned }, { mode: banMode }), banned)]),
  ]
  const made = assignment(policies, mode)
  const { maxPercent, minConnections, lookAheadHours } = file
  const limits = { maxPercent, minConnections, lookAheadMs: lookAheadHours * HOUR }
  return { ...made, settings: { ...made.settings, guard: limits } }
}

const connections: fc.Arbitrary<readonly Connection[]> = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 300 })), { minLength: 6, maxLength: 20 })
  .map((all) =>
    all.map(([user, ageMinutes], index) =>
      connection({
        id: `cvpn-connection-${String(index).padStart(17, '0')}`,
        username: `user-${user}`,
        commonName: `device-${index}`,
        establishedAt: NOON - ageMinutes * MINUTE,
      }),
    ),
  )

/** What is decided, without the objects that differ from process to process. */
const plain = ({ violating, unknown }: Decisions) => ({
  violating: violating.map(({ connection: { id }, act, lead, violated, held }) => ({
    id,
    act,
    lead: lead?.policy.name,
    violated: violated.map(({ policy: { name }, reason, since, deadline }) => ({ name, reason, since, deadline })),
    held: held.map(({ policy: { name } }) => name),
  })),
  unknown: [...unknown].map(([{ name }, ids]) => [name, [...ids]]),
})

const targetOf = ({ username, decisions: [first] }: TerminateCall) => username ?? first.connection.id

/** How long the first daemon lives, and for how long none runs after it. */
interface Times {
  readonly upMinutes: number
  readonly downMinutes: number
  /** Whether the first daemon no longer watched the endpoint at its end. Default: false. */
  readonly isLeft?: boolean
}

/** A daemon lives on the first file, stops, the file is edited, and a daemon is started on the second one. */
const live = async (
  rows: readonly Connection[],
  before: Written,
  after: Written,
  { upMinutes: minutes, downMinutes, isLeft = false }: Times,
) => {
  const first = startWorld({ assignment: assignmentOf(before), connections: rows })
  // Some terminations are still followed when the first daemon stops.
  first.aws.behaviour.lies = (id) => id.endsWith('3')
  await first.clock.advance(minutes * MINUTE)
  const reading = first.aws.vpn.snapshot(ENDPOINT, new AbortController().signal)
  await first.clock.advance(0)
  const seen = await reading
  if (isLeft) await first.daemon.reload({ ...assignmentOf(before), watch: [] })
  await first[Symbol.asyncDispose]()
  const state = first.saved()

  const now = first.clock.now() + SECOND + downMinutes * MINUTE
  const snapshot = { endpointId: ENDPOINT, begunAt: now, completedAt: now, connections: seen.connections }
  const started = assignmentOf(after)
  const endpoint = { id: ENDPOINT, name: 'office' }
  const location = { endpointId: ENDPOINT, region: SITE.region, name: 'office' }
  const [judged] = firstJudgements({
    assignment: started,
    state,
    readPolicySet: rememberedSet,
    endpoints: [{ key: endpointKey(SITE.region, ENDPOINT), endpoint, location, locationAfter: location, snapshot }],
    now,
  })
  if (judged === undefined) throw new Error('no judgement')
  const { judgement } = judged
  await using second = startWorld({ assignment: started, connections: seen.connections, state, startAt: now })
  await second.clock.advance(0)
  const [decided] = second.of('decided')
  return { judgement, decided: decided?.decisions, calls: second.endedIds() }
}

const times: fc.Arbitrary<Times> = fc.record({
  upMinutes: fc.integer({ min: 0, max: 12 }),
  downMinutes: fc.constantFrom(0, 0, 20, 60, 120),
})

const FILE: Written = {
  maxAgeMinutes: 600,
  graceMinutes: 0,
  cooldownMinutes: 0,
  guard: 'on',
  limit: 5,
  banned: [],
  banMode: 'enforce',
  mode: 'enforce',
  maxPercent: 50,
  minConnections: 10,
  lookAheadHours: 24,
}

describe('the judgement that plan shows', () => {
  it('is the first one of a daemon started on the same files, state and snapshot', async () => {
    let [ended, held] = [0, 0]
    await fc.assert(
      fc.asyncProperty(connections, edited, times, async (rows, [before, after], upAndDown) => {
        const { judgement, decided, calls } = await live(rows, before, after, upAndDown)
        if (judgement.decisions === undefined || decided === undefined) throw new Error('nothing was decided')
        expect(plain(decided)).toEqual(plain(judgement.decisions))
        // The queue sends the calls of the plan, in its order; as many as the rate allows at once.
        expect(calls).toEqual(judgement.plan.calls.map(targetOf).slice(0, calls.length))
        expect(calls.length > 0).toBe(judgement.plan.calls.length > 0)
        ended += calls.length
        held += judgement.plan.held.length
      }),
      { numRuns: fuzzRuns(25) },
    )
    // Otherwise the law would hold of a judge that does nothing.
    expect(
      [ended, held].map((count) => count > fuzzRuns(5)),
      `${ended} ended, ${held} held`,
    ).toEqual([true, true])
  })

  it('ends 40 held connections once the file has wider limits, as the daemon does', async () => {
    const rows = Array.from({ length: 40 }, (_, index) =>
      connection({ username: `user-${index}`, establishedAt: NOON - 4 * HOUR }),
    )
    const soon = { upMinutes: 5, downMinutes: 0 }
    const strict = { ...FILE, maxAgeMinutes: 120 }
    const { judgement, calls } = await live(rows, strict, { ...strict, maxPercent: 100 }, soon)
    expect(judgement.plan).toMatchObject({ held: [] })
    expect(judgement.plan.terminate).toHaveLength(40)
    expect(calls.length).toBeGreaterThan(0)
    const unchanged = await live(rows, strict, strict, soon)
    expect(unchanged.judgement.plan.held).toHaveLength(40)
    expect(unchanged.calls).toEqual([])
  })

  it('holds what became overdue while the endpoint was not watched, as the daemon does', async () => {
    const rows = Array.from({ length: 40 }, (_, index) =>
      connection({ username: `user-${index}`, establishedAt: NOON - HOUR }),
    )
    const [file, later] = [
      { ...FILE, maxAgeMinutes: 120 },
      { upMinutes: 1, downMinutes: 120 },
    ]
    const { judgement, calls } = await live(rows, file, file, { ...later, isLeft: true })
    expect([judgement.plan.held.length, calls]).toEqual([40, []])
    const watched = await live(rows, file, file, later)
    expect([watched.judgement.plan.held, watched.calls.length > 0]).toEqual([[], true])
  })
})
