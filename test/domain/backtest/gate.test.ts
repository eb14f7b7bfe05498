import { describe, expect, it } from 'vitest'
import { failuresOf, numbersOf, parseLimit } from '../../../src/domain/backtest/gate.ts'
import { summaryOf } from '../../../src/domain/backtest/summary.ts'
import { HOUR } from '../../../src/domain/time/instant.ts'
import { NOON, policy } from '../build.ts'
import { cut, NO_LINES, outcome, recording, session, WHOLE } from './recorded.ts'

const named = (name: string) => policy('max-session-age', { maxAge: '1h' }, { name })
const daily = named('daily')
const odd = named('a > b.sessions')
const sub = named('daily.principals')

const sessions = Array.from({ length: 5 }, () => session())
const cuts = sessions.map((one, index) => cut(one, NOON + HOUR, index < 3 ? daily : odd))
const summary = summaryOf({
  recording: recording(sessions),
  outcome: outcome([daily, odd, sub], cuts),
  scope: { ...WHOLE, notWatched: 3 },
  lines: { ...NO_LINES, failed: 7 },
  rate: { burst: 2, perSecond: 4 },
  budgetOf: () => 'one',
  against: { newlyEnded: 2, noLongerEnded: 0, earlier: 1, later: 0 },
})

/** The paths of the limits that hold. */
const holds = (...written: readonly string[]) =>
  failuresOf(
    written.map((one) => {
      const limit = parseLimit(one)
      if (limit === undefined) throw new Error(`${one} is no limit`)
      return limit
    }),
    summary,
  ).map(({ limit, found }) => `${limit.path} is ${found}`)

describe('the gate', () => {
  it('compares each number with each comparison', () => {
    expect(holds('ended>5', 'ended>4', 'ended >= 5', 'ended<5', 'ended<=5', 'ended==5', 'ended!=5')).toEqual(
      Array.from({ length: 4 }, () => 'ended is 5'),
    )
    expect(
      holds(
        'lines.failed>0',
        'scope.notWatched>2',
        'against.newlyEnded>1.5',
        'notJudged>0',
        'ended.byReason.session-age>4',
      ),
    ).toEqual([
      'lines.failed is 7',
      'scope.notWatched is 3',
      'against.newlyEnded is 2',
      'ended.byReason.session-age is 5',
    ])
  })

  it('takes the names of policies with any character, and prefers the whole name', () => {
    expect(
      holds('ended.policy.daily>2', 'ended.policy.a > b.sessions>1', 'ended.policy.a > b.sessions.principals == 1'),
    ).toEqual([
      'ended.policy.daily is 3',
      'ended.policy.a > b.sessions is 2',
      'ended.policy.a > b.sessions.principals is 1',
    ])
    expect(holds('ended.policy.daily.principals==0')).toEqual(['ended.policy.daily.principals is 0'])
  })

  it('names every number of the summary outside its lists', () => {
    const paths = new Set(numbersOf(summary).keys())
    const numbers = (value: unknown, path: string): readonly string[] => {
      if (typeof value === 'number') return [path]
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return []
      return Object.entries(value).flatMap(([field, one]) => numbers(one, path === '' ? field : `${path}.${field}`))
    }
    const found = numbers(summary, '')
    expect(found.filter((path) => !paths.has(path))).toEqual([])
    expect(found.length).toBeGreaterThan(20)
  })

  it.each(['ended', 'ended>', '>5', 'ended=5', 'ended>five', 'ended>1e3', ''])('refuses "%s"', (written) => {
    expect(parseLimit(written)).toBeUndefined()
  })
})
