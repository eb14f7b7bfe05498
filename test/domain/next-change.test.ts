import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createDecider, decisionOf } from '../../src/domain/judge/decide.ts'
import { NO_HISTORY } from '../../src/domain/judge/memory.ts'
import { nextAtOfDecision, nextAtOfVerdict, type Scene } from '../../src/domain/judge/next-change.ts'
import { isDue } from '../../src/domain/judge/verdict.ts'
import type { Policy } from '../../src/domain/policies/policy.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { DAY, HOUR, MINUTE, NEVER } from '../../src/domain/time/instant.ts'
import { connection, entry, NOON, PLACE, policy } from './build.ts'

const step = 30 * MINUTE
const iso = (at: number) => new Date(at).toISOString()

const scene = (policies: readonly Policy[], connections: Scene['connections'], now = NOON): Scene => ({
  policies,
  decider: createDecider(createPolicySet(policies, []), PLACE),
  connections,
  history: NO_HISTORY,
  now,
  mode: 'enforce',
})

const offset = fc.integer({ min: -48, max: 48 })
const anyPolicy: fc.Arbitrary<Policy> = fc.oneof(
  fc.integer({ min: 1, max: 96 }).map((halves) => policy('max-session-age', { maxAge: `${halves * 30}m` })),
  fc.tuple(offset, fc.integer({ min: 1, max: 48 })).map(([from, length]) =>
    policy('banned-users', {
      users: [{ pattern: 'alice', from: iso(NOON + from * step), until: iso(NOON + (from + length) * step) }],
    }),
  ),
  // Two days a week: what never changes is followed for ten years, from one window to the next.
  fc
    .constantFrom('allowed', 'denied')
    .map((list) => policy('off-hours', { timeZone: 'UTC', [list]: [{ days: 'mon-tue', hours: '08:00-18:00' }] })),
  fc.constantFrom('oldest', 'newest').map((evict) => policy('max-sessions', { limit: 1, evict })),
)
const policies = fc
  .array(
    fc.record({
      base: anyPolicy,
      grace: fc.integer({ min: 0, max: 3 }),
      mode: fc.constantFrom('audit' as const, 'enforce' as const, 'enforce' as const),
      exemptUntil: fc.option(offset, { nil: undefined }),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((list) =>
    list.map(({ base, grace, mode, exemptUntil }, index): Policy => {
      const users = exemptUntil === undefined ? undefined : [entry('alice', { until: NOON + exemptUntil * step })]
      const exempt = users && { users, endpoints: undefined, regions: undefined }
      return { ...base, name: `policy-${index}`, graceMs: base.kind.noGrace ? 0 : grace * step, mode, exempt }
    }),
  )

describe('what changes next', () => {
  it('is the first instant at which a verdict, or the decision, differs', () => {
    const ages = fc.array(offset, { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(policies, ages, offset, (set, established, asked) => {
        const rows = established.map((halves) => connection({ establishedAt: NOON + halves * step }))
        const now = NOON + asked * step
        const [who] = rows
        if (who === undefined) return
        const asIs = scene(set, rows, now)
        const verdictsAt = (at: number) => asIs.decider.verdictsOf(who.id, rows, NO_HISTORY, at, 'enforce')
        const states = (at: number) => {
          const verdicts = verdictsAt(at)
          return [
            ...verdicts.map((verdict) => `${verdict.word} ${isDue(verdict, at)}`),
            String(decisionOf(who, verdicts, at, 'enforce').act === 'terminate'),
          ]
        }
        const found = [
          ...verdictsAt(now).map((verdict) => nextAtOfVerdict(asIs, who.id, verdict)),
          nextAtOfDecision(asIs, who),
        ]
        // Everything here changes on half hours only: looking at each of them finds the first change.
        const first = states(now)
        const naive = first.map((): number => NEVER)
        const until = now + 3 * DAY
        for (let at = now + step; at <= until; at += step) {
          states(at).forEach((state, index) => {
            if (state !== first[index] && naive[index] === NEVER) naive[index] = at
          })
        }
        found.forEach((at, index) => {
          if (at <= until || naive[index] !== NEVER) expect(at).toBe(naive[index])
        })
      }),
      { numRuns: 60 },
    )
  })

  it('is never, where one policy condemns for good while another comes and goes', () => {
    const who = connection({ establishedAt: NOON - 20 * HOUR })
    const set = [
      policy('max-session-age', { maxAge: '8h' }),
      policy('off-hours', { timeZone: 'UTC', allowed: [{ hours: '08:00-18:00' }] }),
    ]
    expect(nextAtOfDecision(scene(set, [who]), who)).toBe(NEVER)
  })

  it('takes in that another policy makes room: the limit is kept again when the older one goes', () => {
    const [older, newer] = [connection({ establishedAt: NOON - 7 * HOUR }), connection()]
    const set = [policy('max-sessions', { limit: 1, evict: 'newest' }), policy('max-session-age', { maxAge: '8h' })]
    const asIs = scene(set, [older, newer])
    const [verdict] = asIs.decider.verdictsOf(newer.id, [older, newer], NO_HISTORY, NOON, 'enforce')
    expect(verdict && nextAtOfVerdict(asIs, newer.id, verdict)).toBe(NOON + HOUR)
  })

  it('is looked for ten years ahead, to the millisecond, and no further', () => {
    const horizon = 3653 * DAY
    const who = connection()
    const until = (from: number) =>
      policy('banned-users', { users: [{ pattern: 'alice', from: iso(from) }] }, { name: 'ban' })
    const nextOf = (from: number) => {
      const asIs = scene([until(from)], [who])
      const [verdict] = asIs.decider.verdictsOf(who.id, [who], NO_HISTORY, NOON, 'enforce')
      return [verdict && nextAtOfVerdict(asIs, who.id, verdict), nextAtOfDecision(asIs, who)]
    }
    expect(nextOf(NOON + horizon)).toEqual([NOON + horizon, NOON + horizon])
    expect(nextOf(NOON + horizon + 1)).toEqual([NEVER, NEVER])
  })

  it('of a decision is never where nothing acts', () => {
    const aged = policy('max-session-age', { maxAge: '8h' })
    const who = connection()
    expect(nextAtOfDecision(scene([aged], [who]), who)).toBe(NOON + 7 * HOUR)
    expect(nextAtOfDecision(scene([{ ...aged, mode: 'audit' }], [who]), who)).toBe(NEVER)
    expect(nextAtOfDecision({ ...scene([aged], [who]), mode: 'audit' }, who)).toBe(NEVER)
  })
})
