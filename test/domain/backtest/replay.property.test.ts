import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MINUTE } from '../../../src/domain/time/instant.ts'
import { fuzzRuns, slowRuns } from '../../fuzz-runs.ts'
import { IS_NIGHTLY } from '../../nightly.ts'
import { replay } from './build.ts'
import { type Month, month, recordingOfMonth, setOf } from './months.ts'
import { naively } from './naive.ts'

const asWritten = { modes: 'as-written' } as const

const [MONTHS, SESSIONS] = IS_NIGHTLY ? [500, 1000] : [4, 400]

describe('a replay of any month under any policies', () => {
  it('agrees with a naive reading of the policy language', () => {
    let [cut, unknown] = [0, 0]
    fc.assert(
      fc.property(month({ sessions: SESSIONS, units: 400, unitMs: 5 * MINUTE }), (one: Month) => {
        const outcome = replay(setOf(one), recordingOfMonth(one), asWritten)
        const naive = naively(one)
        const cuts = outcome.cuts.map(
          ({ session, at, policy, reason, alsoBy }) =>
            [session.connectionId, { at, policy: policy.name, reason, alsoBy }] as const,
        )
        expect(Object.fromEntries(cuts)).toEqual(Object.fromEntries(naive.cuts))
        const notJudged = outcome.policies.map((of) => [...of.notJudged.values()].reduce((sum, n) => sum + n, 0))
        expect(notJudged).toEqual(naive.notJudged.map(({ size }) => size))
        cut += cuts.length
        unknown += notJudged.reduce((sum, n) => sum + n, 0)
      }),
      { numRuns: MONTHS },
    )
    expect([cut > 10 * MONTHS, unknown > 10 * MONTHS]).toEqual([true, true])
  }, 600_000)

  it('counts the sessions that only an exemption kept from the end', () => {
    let exempted = 0
    fc.assert(
      fc.property(month({ sessions: 300, units: 150, unitMs: 5 * MINUTE }), (one: Month) => {
        const outcome = replay(setOf(one), recordingOfMonth(one), asWritten)
        const { cuts, isExempt } = naively(one)
        const expected = one.policies.map((policy, index) => {
          const alone = naively({ ...one, policies: [{ ...policy, exempt: undefined }] }, false)
          return one.sessions.filter((session) => {
            const { connectionId, endedAt } = session
            const at = alone.cuts.get(connectionId)?.at
            return at !== undefined && at < (cuts.get(connectionId)?.at ?? endedAt) && isExempt(index, session, at)
          }).length
        })
        expect(outcome.policies.map((of) => of.exempted)).toEqual(expected)
        exempted += expected.reduce((sum, n) => sum + n, 0)
      }),
      { numRuns: fuzzRuns(17) },
    )
    expect(exempted).toBeGreaterThan(fuzzRuns(34))
  })

  it('ends a session no later if there are more policies, where none counts sessions or has a cooldown', () => {
    const isAlone = ({ rule }: Month['policies'][number]) =>
      rule.kind !== 'max-sessions' && !(rule.kind === 'max-session-age' && rule.cooldown > 0)
    fc.assert(
      fc.property(month({ sessions: 200, units: 150, unitMs: 5 * MINUTE }), fc.nat(6), ({ policies, ...one }, kept) => {
        const all = { ...one, policies: policies.filter(isAlone) }
        const some = { ...one, policies: all.policies.slice(0, kept) }
        const endsUnder = (replayed: Month) =>
          new Map(
            replay(setOf(replayed), recordingOfMonth(replayed), asWritten).cuts.map(({ session, at }) => [session, at]),
          )
        const more = endsUnder(all)
        for (const [session, at] of endsUnder(some)) expect(more.get(session)).toBeLessThanOrEqual(at)
      }),
      { numRuns: slowRuns(20) },
    )
  })
})
