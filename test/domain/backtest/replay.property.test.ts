import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MINUTE } from '../../../src/domain/time/instant.ts'
import { replay } from './build.ts'
import { type Month, month, recordingOfMonth, setOf } from './months.ts'
import { naively } from './naive.ts'

const asWritten = { modes: 'as-written' } as const

const MONTHS = 100

describe('a replay of any month under any policies', () => {
  it('agrees with a naive reading of the policy language', () => {
    let [cut, unknown] = [0, 0]
    fc.assert(
      fc.property(month({ sessions: 1000, units: 400, unitMs: 5 * MINUTE }), (one: Month) => {
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
    expect([cut > 100 * MONTHS, unknown > 100 * MONTHS]).toEqual([true, true])
  })
})
