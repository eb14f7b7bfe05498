import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseSchedule } from '../../src/config/schema/poll-schedule.ts'
import { scheduleDoubts } from '../../src/config/schema/schedule-doubts.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../../src/domain/time/instant.ts'

const gapOf = (expression: string) => {
  const parsed = parseSchedule(expression)
  return 'problem' in parsed ? parsed.problem : parsed.longestGapMs
}

/** The longest gap, found by checking every second of two days, which include a midnight. */
const naiveGapMs = (seconds: readonly number[], minutes: readonly number[], hours: readonly number[]) => {
  const [s, m, h] = [new Set(seconds), new Set(minutes), new Set(hours)]
  let last: number | undefined
  let longest = 0
  for (let hour = 0; hour < 48; hour++) {
    if (!h.has(hour % 24)) continue
    for (let minute = 0; minute < 60; minute++) {
      if (!m.has(minute)) continue
      for (let second = 0; second < 60; second++) {
        if (!s.has(second)) continue
        const now = (hour * 60 + minute) * 60 + second
        if (last !== undefined) longest = Math.max(longest, now - last)
        last = now
      }
    }
  }
  return longest * SECOND
}

describe('a schedule', () => {
  it.each([
    ['*/15 * * * * *', 15 * SECOND],
    ['* * * * * *', SECOND],
    ['* * * * *', MINUTE],
    ['*/7 * * * * *', 7 * SECOND],
    ['0,1 * * * * *', 59 * SECOND],
    ['0 */5 * * * *', 5 * MINUTE],
    ['0 0-29 * * * *', 31 * MINUTE],
    ['0 * 8-17 * * *', 14 * HOUR + MINUTE],
    ['0 0 0 * * *', DAY],
    ['0 0 0 1-31 1-12 0-6', DAY],
    ['0 0 0 * jan-dec sun-sat', DAY],
  ])('%s has gaps of %d ms', (expression, gapMs) => {
    expect(gapOf(expression)).toBe(gapMs)
  })

  it.each(['* * * * * mon-fri', '* * * 1 * *', '* * * * 2 *', '* * * l * *', '* * * 1-30 * *'])(
    '%s has gaps of at least a day',
    (expression) => {
      expect(gapOf(expression)).toBeGreaterThanOrEqual(DAY)
    },
  )

  it('has the same longest gap as a check of every second of two days', () => {
    const some = (max: number) => fc.uniqueArray(fc.integer({ min: 0, max }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(some(59), some(59), some(23), (seconds, minutes, hours) => {
        const expression = `${seconds.join()} ${minutes.join()} ${hours.join()} * * *`
        expect(gapOf(expression)).toBe(naiveGapMs(seconds, minutes, hours))
      }),
    )
  })

  it.each([
    ['61 * * * * *', ['seconds "61"', '0-59']],
    ['* 60 * * * *', ['minutes "60"', '0-59']],
    ['* * 24 * * *', ['hours "24"', '0-23']],
    ['* * * 32 * *', ['day of the month "32"', '1-31']],
    ['* * * * 13 *', ['month "13"', '1-12']],
    ['* * * * * mo', ['day of the week "mo"', 'sun-sat']],
    ['61 60 * * * *', ['seconds "61"', 'minutes "60"']],
    ['* * *', ['six fields']],
    ['30 2', ['"30 2"', 'six fields']],
    ['*/90 * * * * *', ['seconds "*/90"', '0-59']],
    ['0 */90 * * * *', ['minutes "*/90"', '0-59']],
    ['0 0 0 31W 2 *', ['never comes due', 'that day and month']],
    ['0 0 0 30 2 *', ['never comes due']],
    ['0 0 0 31 2,4,6 *', ['never comes due']],
    ['every minute', ['six fields']],
    ['', ['six fields']],
  ])('%s is refused with the field and what is expected', (expression, words) => {
    for (const word of words) expect(gapOf(expression)).toContain(word)
  })
})

describe('a schedule with a step that is longer than its field', () => {
  it.each([
    ['*/90 * * * * *', 'the seconds "*/90"'],
    ['0 */90 * * * *', 'the minutes "*/90"'],
    ['*/90 * * * *', 'the minutes "*/90"'],
    ['0 0 */25 * * *', 'the hours "*/25"'],
  ])('is refused: %s', (expression, part) => {
    expect(gapOf(expression)).toContain(part)
  })
})

describe('a valid schedule has a doubt', () => {
  it.each([
    ['*/60 * * * * *', ['60 in the seconds']],
    ['*/60 * * * *', ['60 in the minutes']],
    ['0 0 */24 * * *', ['24 in the hours']],
    ['* * * 13 * fri', ['a day of the month and a day of the week']],
    ['* * 1,15 * mon', ['a day of the month and a day of the week']],
  ])('as %s', (expression, parts) => {
    expect(gapOf(expression)).toBeTypeOf('number')
    expect(scheduleDoubts(expression)).toEqual(parts.map((part) => expect.stringContaining(part) as string))
  })

  it.each([
    '*/15 * * * * *',
    '*/59 * * * * *',
    '*/5 * * * *',
    '0 0 0 ? * mon',
    '* * * 13 * *',
    '0 0 0 13 * ?',
    '0,30 * * * * *',
  ])('but not as %s', (expression) => {
    expect(scheduleDoubts(expression)).toEqual([])
  })
})
