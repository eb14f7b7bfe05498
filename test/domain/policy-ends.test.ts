import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countEnds } from '../../src/domain/judge/policy-ends.ts'
import { eachUpcoming, type Upcoming } from '../../src/domain/judge/upcoming.ts'
import { HOUR, MINUTE } from '../../src/domain/time/instant.ts'
import { connection, NOON, policy } from './build.ts'
import { createEndpoint } from './endpoint.ts'

const daily = policy('max-session-age', { maxAge: '8h' }, { name: 'daily' })
const closing = policy('off-hours', { timeZone: 'UTC', denied: [{ hours: '12:30-13:00' }] }, { name: 'closing' })
const rehearsed = policy('max-session-age', { maxAge: '7h' }, { name: 'rehearsed', mode: 'audit' })
const leavers = policy('banned-users', { users: ['mallory'] }, { name: 'leavers' })

const aged = (ms: number, username = 'alice') => connection({ establishedAt: NOON - ms, username })

/** The counts of an endpoint that was judged at `now`, read in parts of three. */
const endsOf = (endpoint: ReturnType<typeof createEndpoint>, judgement: ReturnType<typeof endpoint.judge>) => {
  const { view, decisions, now } = judgement
  if (decisions === undefined) throw new Error('nothing was decided')
  const count = countEnds({ view, decisions, rules: endpoint.rules, memory: endpoint.memory, now }, HOUR)
  for (let from = 0; from < count.length; from += 3) count.read(from, Math.min(from + 3, count.length))
  return count.ends()
}

describe('what policies end', () => {
  it('is counted now and later, once for each connection under the policy that ends it first', () => {
    const endpoint = createEndpoint([daily, closing, leavers])
    const judgement = endpoint.see(
      [
        aged(HOUR, 'mallory'),
        aged(9 * HOUR),
        aged(7 * HOUR + 45 * MINUTE),
        aged(7 * HOUR + 15 * MINUTE),
        aged(HOUR),
        connection({ establishedAt: undefined }),
      ],
      NOON,
    )
    expect(endsOf(endpoint, judgement)).toEqual([
      { policy: 'daily', effect: 'enforce', now: 1, later: 1, firstAt: NOON + 15 * MINUTE },
      { policy: 'closing', effect: 'enforce', now: 0, later: 3, firstAt: NOON + 30 * MINUTE },
      { policy: 'leavers', effect: 'enforce', now: 1, later: 0, firstAt: Number.POSITIVE_INFINITY },
    ])
  })

  it('is counted beside that for policies in audit, and for those that the guard holds', () => {
    const endpoint = createEndpoint([daily, rehearsed], {
      guard: { maxPercent: 50, minConnections: 1, lookAheadMs: 0 },
    })
    const people = [aged(9 * HOUR), aged(7.5 * HOUR), aged(6.5 * HOUR)]
    endpoint.see(people, NOON)
    const shorter = { ...policy('max-session-age', { maxAge: '2h' }, { name: 'daily' }), hash: 'edited' }
    const judgement = endpoint.edit([shorter, rehearsed], NOON)
    expect(judgement.acting.held).toEqual(new Set(['daily']))
    expect(endsOf(endpoint, judgement)).toEqual([
      { policy: 'daily', effect: 'held', now: 3, later: 0, firstAt: Number.POSITIVE_INFINITY },
      { policy: 'rehearsed', effect: 'audit', now: 2, later: 1, firstAt: NOON + 30 * MINUTE },
    ])
  })

  it('agrees with the deadlines of "curfew plan" about policies that act', () => {
    const policies = [
      daily,
      closing,
      policy('max-session-age', { maxAge: '90m' }, { name: 'short', graceMs: 10 * MINUTE }),
    ]
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 10 * 60 }), { maxLength: 12 }), (ages) => {
        const endpoint = createEndpoint(policies)
        const judgement = endpoint.see(
          ages.map((minutes) => aged(minutes * MINUTE)),
          NOON,
        )
        const ends = endsOf(endpoint, judgement)
        const next: Upcoming[] = []
        eachUpcoming({ judgement, rules: endpoint.rules, memory: endpoint.memory }, (one) => next.push(one))
        const within = next.filter(({ at }) => at <= NOON + HOUR)
        for (const { name } of policies) {
          const found = ends.find((one) => one.policy === name)
          expect(found?.later ?? 0).toBe(within.filter(({ policy }) => policy.name === name).length)
        }
        const now = ends.reduce((sum, one) => sum + one.now, 0)
        expect(now).toBe(judgement.plan.terminate.length)
      }),
    )
  })
})
