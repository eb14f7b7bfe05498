import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Extend } from '../../src/domain/policies/extension.ts'
import { HOUR, type Instant, MINUTE, NEVER } from '../../src/domain/time/instant.ts'
import { slowRuns } from '../fuzz-runs.ts'
import { connection, NOON, policy } from './build.ts'
import { createEndpoint } from './endpoint.ts'

type Step =
  /** The button of a link of which only the ordinal and the time are guessed. */
  | { readonly what: 'press'; readonly ordinal: number; readonly validForMs: number }
  | { readonly what: 'time'; readonly ms: number }
  | { readonly what: 'ban' | 'pardon' | 'forbid' | 'allow' | 'restart' | 'snapshot' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('press'),
      ordinal: fc.constantFrom(1, 1, 2, 3, 4),
      validForMs: fc.constantFrom(0, MINUTE, HOUR),
    }),
  },
  { weight: 6, arbitrary: fc.record({ what: fc.constant('time'), ms: fc.integer({ min: 0, max: 20 * MINUTE }) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constantFrom('restart', 'snapshot') }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constantFrom('ban', 'pardon', 'pardon', 'forbid', 'allow', 'allow') }) },
)

const terms = fc.record({
  extend: fc.record({
    byMs: fc.integer({ min: 1, max: 90 }).map((minutes) => minutes * MINUTE),
    times: fc.integer({ min: 1, max: 3 }),
  }),
  graceMs: fc.constantFrom(0, 7 * MINUTE),
  /** When the policy ends the connection without extensions. Its violation begins while it is watched. */
  endsAt: fc.integer({ min: 7, max: 60 }).map((minutes) => NOON + minutes * MINUTE),
})

const LEAD = 15 * MINUTE
const BAN = policy('banned-users', { users: ['alice'] }, { name: 'ban' })

describe('extensions', () => {
  it('are as many as the policy allows, move the end by as much, and stop no ban: every end is on time', () => {
    let [grants, ends] = [0, 0]
    fc.assert(
      fc.property(terms, fc.array(step, { maxLength: 40 }), ({ extend, graceMs, endsAt }, steps) => {
        const daily = (allowed: Extend | undefined) =>
          policy(
            'max-session-age',
            { maxAge: '8h' },
            { name: 'daily', graceMs, warn: [LEAD, 5 * MINUTE], extend: allowed },
          )
        const one = connection({ establishedAt: endsAt - graceMs - 8 * HOUR })
        let [isBanned, isAllowed, granted, until, now] = [false, true, 0, endsAt, NOON]
        const policies = () => [daily(isAllowed ? extend : undefined), ...(isBanned ? [BAN] : [])]
        let endpoint = createEndpoint(policies())
        let wakeAt: Instant = NEVER

        /** The second implementation: the end of the connection as it must be. */
        const expectedEnd = () => (isBanned ? -NEVER : isAllowed ? until : endsAt)
        const isOver = () => now >= expectedEnd()
        const check = (judgement: ReturnType<typeof endpoint.judge>) => {
          const acts = judgement.decisions?.violating.map(({ act }) => act) ?? []
          expect(acts.includes('terminate')).toBe(isOver())
          wakeAt = judgement.outlook.verdictsChangeAt
          if (!isOver()) expect(wakeAt).toBeLessThanOrEqual(expectedEnd())
        }

        check(endpoint.see([one], now))
        for (const next of steps) {
          if (isOver()) break
          switch (next.what) {
            case 'press': {
              const isOffered =
                isAllowed &&
                next.ordinal === granted + 1 &&
                granted < extend.times &&
                next.validForMs > 0 &&
                until - now <= LEAD
              const request = {
                connectionId: one.id,
                policy: 'daily',
                ordinal: next.ordinal,
                endsAt: now + next.validForMs,
              }
              expect(endpoint.extend(request, now).state === 'open').toBe(isOffered)
              if (!isOffered) break
              granted++
              grants++
              until += extend.byMs
              check(endpoint.judge(now))
              break
            }
            case 'time': {
              const target = now + next.ms
              while (wakeAt <= target && !isOver()) {
                now = Math.max(now, wakeAt)
                check(endpoint.judge(now))
              }
              if (isOver()) break
              now = target
              check(endpoint.judge(now))
              break
            }
            case 'restart':
              endpoint = createEndpoint(policies(), { kept: structuredClone(endpoint.memory.kept()) })
              check(endpoint.see([one], now))
              break
            case 'snapshot':
              check(endpoint.see([one], now))
              break
            default:
              isBanned = next.what === 'ban' || (next.what !== 'pardon' && isBanned)
              isAllowed = next.what === 'allow' || (next.what !== 'forbid' && isAllowed)
              check(endpoint.edit(policies(), now))
          }
        }
        if (isOver()) ends++
        expect(granted).toBeLessThanOrEqual(extend.times)
        expect(until).toBeLessThanOrEqual(endsAt + extend.times * extend.byMs)
      }),
      { numRuns: slowRuns(150) },
    )
    // Where Stryker's time limit has cut the runs short, few of both are enough.
    expect([grants > 0, ends > 0]).toEqual([true, true])
  })
})
