import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { closedDates } from '../../src/domain/time/calendar.ts'
import type { Hours } from '../../src/domain/time/hours.ts'
import { DAY, HOUR, MINUTE, NEVER } from '../../src/domain/time/instant.ts'
import { ALL_TIME } from '../../src/domain/time/period.ts'
import { createTimeWindows } from '../../src/domain/time/time-window.ts'
import { weekOf } from '../../src/domain/time/week.ts'
import { EVERY_DAY } from '../../src/domain/time/window-days.ts'
import { NOON } from './build.ts'

const [always = { from: -NEVER, until: NEVER }] = ALL_TIME

const office: Hours = {
  zone: 'Europe/Berlin',
  open: 'fine',
  windows: [{ days: [1, 2, 3, 4, 5], fromMinute: 7 * 60 + 30, toMinute: 18 * 60 + 30 }],
  calendars: [],
}

const night: Hours = {
  ...office,
  open: 'violated',
  windows: [{ days: EVERY_DAY, fromMinute: 22 * 60, toMinute: 6 * 60 }],
}

/** The days as text: `Mon allowed 07:30-18:30`. */
const texts = (hours: Hours, now = NOON, inForce = always) =>
  weekOf(hours, inForce, now).map(({ weekday, isClosed, spans }) =>
    [
      weekday,
      ...(isClosed ? ['closed'] : []),
      ...spans.map(({ state, fromText, untilText }) => `${state} ${fromText}-${untilText}`),
    ].join(', '),
  )

describe('the week of a policy of hours', () => {
  it('begins with the day of the instant in its zone, and says of each part of a day whether a connection may be up', () => {
    expect(texts(office)).toEqual([
      'Mon, ends 00:00-07:30, allowed 07:30-18:30, ends 18:30-24:00',
      'Tue, ends 00:00-07:30, allowed 07:30-18:30, ends 18:30-24:00',
      'Wed, ends 00:00-07:30, allowed 07:30-18:30, ends 18:30-24:00',
      'Thu, ends 00:00-07:30, allowed 07:30-18:30, ends 18:30-24:00',
      'Fri, ends 00:00-07:30, allowed 07:30-18:30, ends 18:30-24:00',
      'Sat, ends 00:00-24:00',
      'Sun, ends 00:00-24:00',
    ])
    const lateOnSunday = Date.parse('2026-11-22T23:30:00Z')
    expect(weekOf(office, always, lateOnSunday)[0]).toMatchObject({ weekday: 'Mon' })
  })

  it('shows denied windows, over midnight', () => {
    expect(texts(night)[0]).toBe('Mon, ends 00:00-06:00, allowed 06:00-22:00, ends 22:00-24:00')
  })

  it('shows closed dates', () => {
    const calendar = { dates: [], yearly: [{ month: 11, day: 24 }] }
    const closed = { ...office, calendars: [calendar] }
    expect(texts(closed)[1]).toBe('Tue, closed, ends 00:00-24:00')
  })

  it('shows when the policy is not in force', () => {
    const inForce = { from: NOON, until: NOON + DAY }
    expect(texts(office, NOON, inForce).slice(0, 3)).toEqual([
      'Mon, not-in-force 00:00-13:00, allowed 13:00-18:30, ends 18:30-24:00',
      'Tue, ends 00:00-07:30, allowed 07:30-13:00, not-in-force 13:00-24:00',
      'Wed, not-in-force 00:00-24:00',
    ])
  })

  it('shows a change of the clocks and the real length of its day', () => {
    const sunday = weekOf(night, always, Date.parse('2026-10-25T12:00:00Z'))[0]
    expect(sunday?.clockChangesAt).toBe(Date.parse('2026-10-25T01:00:00Z'))
    expect((sunday?.until ?? 0) - (sunday?.from ?? 0)).toBe(25 * HOUR)
    expect(sunday?.quarters.map((at) => (at - (sunday?.from ?? 0)) / HOUR)).toEqual([7, 13, 19])
    expect(weekOf(night, always, NOON).every(({ clockChangesAt }) => clockChangesAt === undefined)).toBe(true)
  })

  it('agrees with the windows by which connections are judged, at every minute, in zones with odd days', () => {
    const zones = ['Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe', 'Pacific/Apia', 'Africa/Cairo']
    const anyHours = fc.record({
      zone: fc.constantFrom(...zones),
      open: fc.constantFrom('fine' as const, 'violated' as const),
      windows: fc.array(
        fc.record({
          days: fc.subarray([...EVERY_DAY], { minLength: 1 }),
          fromMinute: fc.nat(1439),
          toMinute: fc.integer({ min: 1, max: 1440 }),
          zone: fc.option(fc.constantFrom(...zones), { nil: undefined }),
        }),
        { minLength: 1, maxLength: 3 },
      ),
    })
    const year = fc.integer({ min: Date.parse('2011-12-01T00:00:00Z'), max: Date.parse('2027-12-31T00:00:00Z') })
    fc.assert(
      fc.property(anyHours, year, fc.array(fc.nat(7 * 24 * 60), { maxLength: 40 }), (some, now, minutes) => {
        const hours = { ...some, calendars: [] }
        const judge = createTimeWindows(hours.zone, hours.windows, closedDates([]))
        const week = weekOf(hours, always, now)
        for (const [index, day] of week.entries()) {
          expect(day.spans.map(({ from }) => from)).toEqual(
            [day.from, ...day.spans.map(({ until }) => until)].slice(0, -1),
          )
          expect(day.spans.at(-1)?.until).toBe(day.until)
          if (index > 0) expect(day.from).toBe(week[index - 1]?.until)
        }
        for (const minute of minutes) {
          const at = Math.floor((week[0]?.from ?? 0) / MINUTE) * MINUTE + minute * MINUTE
          const span = week.flatMap(({ spans }) => spans).find(({ from, until }) => from <= at && at < until)
          if (span !== undefined) {
            expect(span.state).toBe(judge.at(at).open === (hours.open === 'fine') ? 'allowed' : 'ends')
          }
        }
      }),
    )
  })
})
