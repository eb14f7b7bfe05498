import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/domain/connection.ts'
import { NO_OUTLOOK } from '../../src/domain/judge/agenda.ts'
import { createRules, judgeEndpoint, prepareJudgement } from '../../src/domain/judge/judge-endpoint.ts'
import { createMemory, ELSEWHERE_NOT_KNOWN } from '../../src/domain/judge/memory.ts'
import { takeIn } from '../../src/domain/judge/take-in.ts'
import { type EndpointView, nextView } from '../../src/domain/judge/view.ts'
import { violationOf } from '../../src/domain/judge/violation.ts'
import type { Policy } from '../../src/domain/policies/policy.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { EMPTY_PLAN } from '../../src/domain/terminate/plan.ts'
import { HOUR, type Instant, MINUTE, NEVER } from '../../src/domain/time/instant.ts'
import { slowRuns } from '../fuzz-runs.ts'
import { connection, ENDPOINT, ENFORCE, entry, NOON, PLACE, policy, RETRY } from './build.ts'
import { createEndpoint } from './endpoint.ts'

const STALE_AFTER = 15 * MINUTE

const POLICIES: readonly Policy[] = [
  policy('max-session-age', { maxAge: '2h' }, { warn: [30 * MINUTE], graceMs: 10 * MINUTE, cooldownMs: HOUR }),
  policy('banned-users', { users: ['dave', 'carol'] }, { cooldownMs: HOUR, guard: 'off' }),
  policy('idle-timeout', { after: '15m' }),
  policy('max-sessions', { limit: 2 }, { graceMs: 5 * MINUTE }),
  policy('max-transfer', { total: '1MiB' }),
  policy('posture', { require: ['healthy'] }, { mode: 'audit' }),
]

/** One event at an endpoint. `calls`: the calls of the plan leave, and AWS accepts them. */
type Step =
  | { readonly what: 'snapshot'; readonly rows: readonly Connection[] }
  | { readonly what: 'failed read' | 'calls' | 'nothing' }

const row = fc.record({
  id: fc.integer({ min: 0, max: 7 }).map((seat) => `cvpn-connection-${seat}`),
  username: fc.constantFrom('alice', 'alice', 'bob', 'carol', 'CORP\\dave', 'root', undefined),
  establishedAt: fc.option(
    fc.integer({ min: -40, max: 0 }).map((count) => NOON + count * 5 * MINUTE),
    { nil: undefined },
  ),
  status: fc.constantFrom('active', 'active', 'active', 'terminating', 'terminated'),
  ingressBytes: fc.constantFrom(0, 1000, 2 ** 21, undefined),
  posture: fc.constantFrom(['healthy'], ['sick'], undefined),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    what: fc.constant('snapshot' as const),
    rows: fc
      .uniqueArray(row, { selector: ({ id }) => id, maxLength: 8 })
      .map((rows) => rows.map((different) => connection(different))),
  }),
  fc.record({ what: fc.constantFrom('failed read' as const, 'calls' as const, 'nothing' as const) }),
)
const steps = fc.array(fc.record({ event: step, minutes: fc.integer({ min: 0, max: 8 }) }), {
  minLength: 5,
  maxLength: 30,
})

describe('a judgement', () => {
  it('only reads the memory and the view: made twice, it is the same', () => {
    const met = { ended: 0, held: 0, byName: 0, news: 0, graceStarted: 0, warned: 0 }
    fc.assert(
      fc.property(steps, fc.constantFrom('audit' as const, 'enforce' as const, 'enforce' as const), (events, mode) => {
        const set = createPolicySet(POLICIES, [entry('root')])
        const rules = createRules({
          set,
          setHash: '',
          earlierSet: () => undefined,
          location: PLACE,
          mode,
          guard: { maxPercent: 40, minConnections: 1, lookAheadMs: 0 },
          staleAfterMs: STALE_AFTER,
          retry: RETRY,
          changedAt: () => NOON - HOUR,
        })
        const memory = createMemory()
        let view: EndpointView = { state: 'unseen' }
        let now: Instant = NOON
        for (const { event, minutes } of events) {
          now += minutes * MINUTE
          const limits = { staleAfterMs: STALE_AFTER, isClockTrusted: true }
          view = nextView(view, { what: 'time' }, now, limits)
          if (event.what === 'snapshot') {
            const snapshot = { endpointId: ENDPOINT, begunAt: now, completedAt: now, connections: event.rows }
            const observation = memory.begin(snapshot, set, PLACE)
            observation.read(0, event.rows.length)
            takeIn(memory, snapshot, observation, rules)
            view = nextView(view, { what: 'snapshot', snapshot }, now, limits)
            memory.confirmClock(now)
          }
          if (event.what === 'failed read') view = nextView(view, { what: 'failure', because: 'failed' }, now, limits)

          const [kept, seen] = [structuredClone(memory.kept()), structuredClone(view)]
          prepareJudgement(view, rules, memory, now)(0, 3)
          const first = judgeEndpoint(view, rules, memory, now)
          expect(memory.kept()).toEqual(kept)
          expect(view).toEqual(seen)
          const second = judgeEndpoint(view, rules, memory, now)
          expect(second).toEqual(first)
          expect(memory.kept()).toEqual(kept)

          view = first.view
          if (first.learned !== undefined) memory.learn(first.learned)
          if (event.what === 'calls') {
            for (const { selector, decisions } of first.plan.calls) {
              for (const decision of decisions) {
                const { id } = decision.connection
                const violation = violationOf(decision, now, decision.lead)
                memory.terminations.happen(id, { what: 'taken', violation, callId: id, selector }, now, RETRY)
                memory.terminations.happen(id, { what: 'left' }, now, RETRY)
                memory.terminations.happen(id, { what: 'accepted', requestId: undefined }, now, RETRY)
                memory.terminate(decision.lead.policy, decision.connection, now)
              }
            }
          }
          met.ended += first.plan.terminate.length
          met.held += first.plan.held.length
          met.byName += first.plan.calls.filter(({ selector }) => selector === 'username').length
          met.news += first.news.length
          met.graceStarted += first.learned?.graceStarted.length ?? 0
          met.warned += first.learned?.warned.length ?? 0
        }
      }),
      // Mutation testing allows less time, in which some of these may not be met.
      { numRuns: slowRuns(67), interruptAfterTimeLimit: 60_000 },
    )
    // Otherwise an endpoint on which nothing ever happens would pass.
    expect(Object.entries(met).filter(([, count]) => count === 0)).toEqual([])
  })

  it.each<EndpointView>([
    { state: 'unseen' },
    { state: 'blind', snapshot: undefined, because: 'the read failed' },
    {
      state: 'blind',
      snapshot: { endpointId: ENDPOINT, begunAt: NOON, completedAt: NOON, connections: [connection()] },
      because: 'the last snapshot is too old',
    },
    { state: 'retired' },
  ])('decides, plans and learns nothing in the view %j', (view) => {
    const { rules, memory } = createEndpoint([policy('banned-users', { users: ['alice'] })])
    expect(judgeEndpoint(view, rules, memory, NOON)).toEqual({
      now: NOON,
      view,
      acting: ENFORCE,
      elsewhere: ELSEWHERE_NOT_KNOWN,
      decisions: undefined,
      plan: EMPTY_PLAN,
      newlyEnded: [],
      reselected: new Set(),
      news: [],
      learned: undefined,
      outlook: NO_OUTLOOK,
    })
  })

  it('says when the view has to be confirmed, when it is too old, and until when the plan is valid', () => {
    const policies = [
      policy('max-session-age', { maxAge: '2h' }),
      policy('idle-timeout', { after: '10m' }),
      policy('off-hours', { timeZone: 'UTC', denied: [{ hours: '12:00-12:12' }] }),
    ]
    const endpoint = createEndpoint(policies, { staleAfterMs: STALE_AFTER })
    const { view, outlook } = endpoint.see([connection()], NOON)
    const confirmAt = NOON + 10 * MINUTE
    expect(view).toMatchObject({ state: 'fresh', confirmAt })
    expect(outlook).toEqual({
      judgedAt: NOON,
      verdictsChangeAt: confirmAt,
      tooOldAt: NOON + STALE_AFTER + 1,
      confirmAt,
      planUntil: NOON + 12 * MINUTE,
      withdrawnAt: NEVER,
      extendedAt: NEVER,
      elsewhereAt: NEVER,
    })
    const later = endpoint.judge(confirmAt)
    expect(later.view).toMatchObject({ state: 'stale', why: 'to-be-confirmed', confirmAt })
    expect(later.plan.terminate).toHaveLength(1)
  })

  it('limits a plan to the age of its snapshot where its verdicts last', () => {
    const endpoint = createEndpoint([policy('banned-users', { users: ['alice'] })], { staleAfterMs: STALE_AFTER })
    expect(endpoint.see([connection()], NOON).outlook.planUntil).toBe(NOON + STALE_AFTER + 1)
  })

  it('treats an endpoint that comes under watch as an edit of all policies', () => {
    const policies = [policy('max-session-age', { maxAge: '30m' })]
    const options = { guard: { maxPercent: 0, minConnections: 0, lookAheadMs: 0 }, changedAt: NOON - 20 * HOUR }
    const rows = [connection()]
    const { plan: watched } = createEndpoint(policies, options).see(rows, NOON)
    expect([watched.terminate.length, watched.held.length]).toEqual([1, 0])
    const { plan: unwatched } = createEndpoint(policies, { ...options, kept: createMemory().kept() }).see(rows, NOON)
    expect([unwatched.terminate.length, unwatched.held.length]).toEqual([0, 1])
  })

  it('learns the begin of a grace once, and keeps it', () => {
    const endpoint = createEndpoint([policy('max-session-age', { maxAge: '30m' }, { graceMs: 10 * MINUTE })])
    const rows = [connection({ id: 'a' })]
    const first = endpoint.see(rows, NOON)
    expect(first.learned?.graceStarted).toEqual([{ policy: 'max-session-age', connectionId: 'a', at: NOON }])
    const second = endpoint.see(rows, NOON + MINUTE)
    expect(second.learned?.graceStarted).toEqual([])
    expect(second.decisions?.violating[0]?.violated[0]?.deadline).toBe(NOON + 10 * MINUTE)
  })

  it('counts grace from the first snapshot where the established time is ahead of the clock', () => {
    const endpoint = createEndpoint([policy('posture', { require: ['healthy'] }, { graceMs: 5 * MINUTE })])
    const rows = [connection({ posture: ['sick'], establishedAt: NOON + 24 * HOUR })]
    const acts = [0, 4, 5].map((minute) => endpoint.see(rows, NOON + minute * MINUTE).decisions?.violating[0]?.act)
    expect(acts).toEqual(['keep', 'keep', 'terminate'])
  })

  it('reports a violation once', () => {
    const endpoint = createEndpoint([policy('banned-users', { users: ['alice'] })])
    const rows = [connection()]
    const counts = [0, 1, 2].map((minute) => endpoint.see(rows, NOON + minute * MINUTE).news.length)
    expect(counts).toEqual([1, 0, 0])
  })
})
