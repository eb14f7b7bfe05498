import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concurrencyOf } from '../../../src/domain/backtest/concurrency.ts'
import { endsOf } from '../../../src/domain/backtest/ends.ts'
import { MINUTE } from '../../../src/domain/time/instant.ts'
import { NOON, policy } from '../build.ts'
import { cut, recording, session } from './recorded.ts'

const daily = policy('max-session-age', { maxAge: '1h' })

/** Minutes after noon: the begin of a session, its length, and after how much of it a policy ends it. */
const lives = fc.array(fc.record({ begin: fc.nat(50), length: fc.nat(20), kept: fc.option(fc.nat(19)) }), {
  maxLength: 12,
})
const edges = fc.uniqueArray(fc.nat(60), { minLength: 2, maxLength: 6 }).map((list) => list.sort((a, b) => a - b))

describe('the sessions up at once', () => {
  it('are as many as a count minute by minute finds, as recorded and with the policies', () => {
    fc.assert(
      fc.property(lives, edges, (list, minutes) => {
        const at = (minute: number) => NOON + minute * MINUTE
        const sessions = list.map(({ begin, length }) =>
          session({ establishedAt: at(begin), endedAt: at(begin + length) }),
        )
        const cuts = list.flatMap(({ begin, length, kept }, index) => {
          const one = sessions[index]
          return one === undefined || kept === null || kept >= length ? [] : [cut(one, at(begin + kept), daily)]
        })
        const found = concurrencyOf(
          recording(sessions),
          endsOf({ cuts: cuts.slice(1), outside: cuts.slice(0, 1) }),
          minutes.map(at),
        )
        const mostIn = (from: number, until: number, lengthOf: (one: (typeof list)[number]) => number) =>
          Math.max(
            ...Array.from(
              { length: until - from },
              (_, ahead) =>
                list.filter((one) => one.begin <= from + ahead && from + ahead < one.begin + lengthOf(one)).length,
            ),
          )
        expect(found).toEqual(
          minutes.slice(0, -1).map((from, index) => {
            const until = minutes[index + 1] ?? from
            return {
              from: at(from),
              until: at(until),
              recorded: mostIn(from, until, ({ length }) => length),
              kept: mostIn(from, until, ({ length, kept }) => Math.min(length, kept ?? length)),
            }
          }),
        )
      }),
    )
  })
})
