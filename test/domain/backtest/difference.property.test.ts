import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { differenceOf } from '../../../src/domain/backtest/difference.ts'
import { MINUTE } from '../../../src/domain/time/instant.ts'
import { NOON, policy } from '../build.ts'
import { cut, outcome, session } from './recorded.ts'

const daily = policy('max-session-age', { maxAge: '1h' })
const sessions = Array.from({ length: 8 }, () => session())

/** For each session the minute of its end; undefined: it does not end. */
const ends = fc.array(fc.option(fc.nat(3), { nil: undefined }), {
  minLength: sessions.length,
  maxLength: sessions.length,
})
/** The period has the minutes 1 and 2. */
const isInPeriod = (minute: number | undefined) => minute === 1 || minute === 2

const outcomeOf = (minutes: ReadonlyArray<number | undefined>) => {
  const cutsOf = (counts: (minute: number) => boolean) =>
    sessions.flatMap((one, index) => {
      const minute = minutes[index]
      return minute === undefined || !counts(minute) ? [] : [cut(one, NOON + minute * MINUTE, daily)]
    })
  return outcome(
    [daily],
    cutsOf(isInPeriod),
    cutsOf((minute) => !isInPeriod(minute)),
  )
}

describe('the difference of two outcomes', () => {
  it('has each session that ends otherwise than before, once, under its own word', () => {
    fc.assert(
      fc.property(ends, ends, (now, before) => {
        const { totals, changed } = differenceOf(outcomeOf(now), outcomeOf(before))
        const words = sessions.flatMap(({ connectionId }, index): ReadonlyArray<readonly [string, string]> => {
          const [a, b] = [now[index], before[index]]
          if (a === b || !(isInPeriod(a) || isInPeriod(b))) return []
          if (b === undefined) return [[connectionId, 'newlyEnded']]
          if (a === undefined) return [[connectionId, 'noLongerEnded']]
          return [[connectionId, a < b ? 'earlier' : 'later']]
        })
        expect(new Map(changed.map(({ session: { connectionId }, change }) => [connectionId, change]))).toEqual(
          new Map(words),
        )
        const firsts = changed.map(({ now: a, before: b }) => Math.min(a?.at ?? Infinity, b?.at ?? Infinity))
        expect(firsts).toEqual(firsts.toSorted((a, b) => a - b))
        expect(Object.values(totals).reduce((sum, one) => sum + one)).toBe(changed.length)
      }),
    )
  })

  it('is empty for a set and itself, and swapping the two swaps the answer', () => {
    fc.assert(
      fc.property(ends, ends, (one, other) => {
        expect(differenceOf(outcomeOf(one), outcomeOf(one))).toEqual({
          totals: { newlyEnded: 0, noLongerEnded: 0, earlier: 0, later: 0 },
          changed: [],
        })
        const { newlyEnded, noLongerEnded, earlier, later } = differenceOf(outcomeOf(one), outcomeOf(other)).totals
        expect(differenceOf(outcomeOf(other), outcomeOf(one)).totals).toEqual({
          newlyEnded: noLongerEnded,
          noLongerEnded: newlyEnded,
          earlier: later,
          later: earlier,
        })
      }),
    )
  })
})
