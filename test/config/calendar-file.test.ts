import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type IcsCalendar, parseIcs } from '../../src/config/bind/ics-events.ts'
import { loadConfiguration, loadPolicies } from '../../src/config/load.ts'
import { bindWritten } from '../../src/config/written-policies.ts'
import { closedDates } from '../../src/domain/time/calendar.ts'
import type { Hours } from '../../src/domain/time/hours.ts'
import { DAY } from '../../src/domain/time/instant.ts'
import { fuzzRuns } from '../fuzz-runs.ts'
import { GOOD_CURFEW, PEOPLE } from './good-configuration.ts'
import { memoryFiles } from './memory-files.ts'

const calendar = (...lines: readonly string[]) =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', ...lines, 'END:VCALENDAR', ''].join('\r\n')
const event = (...lines: readonly string[]) => ['BEGIN:VEVENT', 'UID:one@example', ...lines, 'END:VEVENT'].join('\r\n')

const read = (text: string): IcsCalendar => {
  const parsed = parseIcs(text)
  if ('faults' in parsed) throw new Error(JSON.stringify(parsed.faults))
  return parsed
}

const faults = (text: string) => {
  const parsed = parseIcs(text)
  return 'faults' in parsed ? parsed.faults.map(({ line, problem }) => `${line} ${problem}`) : []
}

/** The days of six years. */
const DAYS = Array.from({ length: 6 * 366 }, (_, index) => {
  const text = new Date(Date.UTC(2026, 0, 1) + index * DAY).toISOString().slice(0, 10)
  const [year = 0, month = 0, day = 0] = text.split('-').map(Number)
  return { text, date: { year, month, day } }
})

/** The dates of a calendar from 1 January 2026 on, for some years. */
const datesOf = ({ dates, recurring }: IcsCalendar, years = 1): readonly string[] => {
  const closed = closedDates([{ dates, yearly: [], recurring }])
  return DAYS.filter(({ date }) => date.year < 2026 + years && closed.has(date)).map(({ text }) => text)
}

const dates = (text: string, years?: number) => datesOf(read(text), years)

const GOOGLE = calendar(
  'PRODID:-//Google Inc//Google Calendar 70.9054//EN',
  'X-WR-CALNAME:Feiertage in Deutschland',
  event('DTSTART;VALUE=DATE:20261225', 'DTEND;VALUE=DATE:20261226', 'SUMMARY:1. Weihnachtstag', 'TRANSP:TRANSPARENT'),
  event(
    'DTSTART;VALUE=DATE:20261226',
    'DTEND;VALUE=DATE:20261227',
    'SUMMARY:2. Weihnachtstag \\(gesetzlich\\, ',
    '  bundesweit\\)',
  ),
)

const APPLE = calendar(
  'PRODID:-//Apple Inc.//macOS 14.5//EN',
  'X-APPLE-CALENDAR-COLOR:#FF2968',
  event('DTSTART;VALUE=DATE:20200501', 'DURATION:P1D', 'RRULE:FREQ=YEARLY', 'SUMMARY;LANGUAGE=de:Tag der Arbeit'),
  event(
    'DTSTART;VALUE=DATE:20200410',
    'RDATE;VALUE=DATE:20210402,20260403',
    'SUMMARY:Karfreitag',
    'BEGIN:VALARM',
    'ACTION:DISPLAY',
    'TRIGGER:-P1D',
    'DURATION:PT5M',
    'END:VALARM',
  ),
)

const OUTLOOK = calendar(
  'PRODID:-//Microsoft Corporation//Outlook 16.0 MIMEDIR//EN',
  'METHOD:PUBLISH',
  'BEGIN:VTIMEZONE',
  'TZID:W. Europe Standard Time',
  'BEGIN:STANDARD',
  'DTSTART:16011028T030000',
  'RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10',
  'TZOFFSETFROM:+0200',
  'TZOFFSETTO:+0100',
  'END:STANDARD',
  'END:VTIMEZONE',
  event(
    'DTSTART;TZID="W. Europe Standard Time":20261224T000000',
    'DTEND;TZID="W. Europe Standard Time":20261228T000000',
    'X-MICROSOFT-CDO-ALLDAYEVENT:TRUE',
    'SUMMARY:Betriebsferien',
  ),
)

describe('the events of whole days', () => {
  it('are read as Google, Apple and Outlook write them', () => {
    expect(dates(GOOGLE)).toEqual(['2026-12-25', '2026-12-26'])
    expect(dates(APPLE)).toEqual(['2026-04-03', '2026-05-01'])
    expect(dates(OUTLOOK)).toEqual(['2026-12-24', '2026-12-25', '2026-12-26', '2026-12-27'])
  })

  it('are read with line ends LF, and in two calendars of one file', () => {
    expect(dates((GOOGLE + APPLE).replaceAll('\r\n', '\n'))).toHaveLength(4)
  })

  it('last until before their DTEND, and one day without it', () => {
    const from = 'DTSTART;VALUE=DATE:20260101'
    expect(dates(calendar(event(from)))).toEqual(['2026-01-01'])
    expect(dates(calendar(event(from, 'DTEND;VALUE=DATE:20260101')))).toEqual(['2026-01-01'])
    expect(dates(calendar(event(from, 'DTEND;VALUE=DATE:20260103')))).toEqual(['2026-01-01', '2026-01-02'])
    expect(dates(calendar(event(from, 'DURATION:P1W1D')))).toHaveLength(8)
  })

  it('may lack VALUE=DATE', () => {
    expect(dates(calendar(event('DTSTART:20260101', 'DTEND:20260103')))).toEqual(['2026-01-01', '2026-01-02'])
  })

  it('are left out and counted if they have times, and left out if they are cancelled', () => {
    const parsed = read(
      calendar(
        event('DTSTART;VALUE=DATE:20260101'),
        event('DTSTART:20260102T090000Z', 'DTEND:20260102T100000Z'),
        event('DTSTART;TZID=Europe/Berlin:20260103T000000', 'DTEND;TZID=Europe/Berlin:20260104T000000'),
        event('DTSTART;VALUE=DATE:20260105', 'STATUS:CANCELLED'),
      ),
    )
    expect(datesOf(parsed)).toEqual(['2026-01-01'])
    expect(parsed.timed).toBe(2)
  })
})

describe('the events that recur', () => {
  const recurring = (start: string, ...lines: readonly string[]) =>
    calendar(
      event(`DTSTART;VALUE=DATE:${start}`, ...lines.map((line) => (/^\w+[:;]/.test(line) ? line : `RRULE:${line}`))),
    )

  it.each([
    [
      'the fourth Thursday of November',
      '20201126',
      'FREQ=YEARLY;BYMONTH=11;BYDAY=4TH',
      ['2026-11-26', '2027-11-25', '2028-11-23'],
    ],
    [
      'the last Monday of May',
      '20200525',
      'FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO',
      ['2026-05-25', '2027-05-31', '2028-05-29'],
    ],
    [
      'the Tuesday after the first Monday of November, in even years',
      '20201103',
      'FREQ=YEARLY;INTERVAL=2;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8',
      ['2026-11-03', '2028-11-07'],
    ],
    ['29 February, in leap years only', '20240229', 'FREQ=YEARLY', ['2028-02-29']],
    [
      'the 31st, in long months only',
      '20260731',
      'FREQ=MONTHLY;COUNT=4',
      ['2026-07-31', '2026-08-31', '2026-10-31', '2026-12-31'],
    ],
    [
      'every other week',
      '20260105',
      'FREQ=WEEKLY;INTERVAL=2;UNTIL=20260202',
      ['2026-01-05', '2026-01-19', '2026-02-02'],
    ],
  ])('have the dates of the calendar: %s', (_what, start, rule, expected) => {
    expect(dates(recurring(start, rule), 3)).toEqual(expected)
  })

  it('count the week from WKST, as in RFC 5545', () => {
    const rule = 'FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU'
    const from = '20260804'
    expect(dates(recurring(from, `${rule};WKST=MO`))).toEqual(['2026-08-04', '2026-08-09', '2026-08-18', '2026-08-23'])
    expect(dates(recurring(from, `${rule};WKST=SU`))).toEqual(['2026-08-04', '2026-08-16', '2026-08-18', '2026-08-30'])
  })

  it('have no occurrence on the dates of EXDATE, which COUNT counts all the same', () => {
    const text = recurring('20260101', 'FREQ=DAILY;COUNT=4', 'EXDATE;VALUE=DATE:20260101,20260103')
    expect(dates(text)).toEqual(['2026-01-02', '2026-01-04'])
  })

  describe('with an UNTIL that has a time', () => {
    /** A series as Outlook writes it: from midnight in a zone. */
    const daily = (zone: string, until: string, start = `DTSTART${zone}:20260101T000000`) =>
      calendar(event(start, 'X-MICROSOFT-CDO-ALLDAYEVENT:TRUE', `RRULE:FREQ=DAILY;UNTIL=${until}`))

    it.each([
      ['midnight in Berlin, in UTC', ';TZID=Europe/Berlin', '20260131T230000Z', '2026-02-01'],
      ['the end of a day in New York, in UTC', ';TZID=America/New_York', '20260202T045959Z', '2026-02-01'],
      [
        'midnight in UTC, which is the evening before in New York',
        ';TZID=America/New_York',
        '20260202T000000Z',
        '2026-02-01',
      ],
      ['the time of the event', ';TZID=Asia/Tokyo', '20260201T000000', '2026-02-01'],
      ['the end of a day, in the time of the event', '', '20260201T235959', '2026-02-01'],
      ['midnight of an event without a zone', '', '20260201T000000Z', '2026-02-01'],
    ])('end on its date: %s', (_what, zone, until, last) => {
      expect(dates(daily(zone, until)).at(-1)).toBe(last)
    })

    it('end on its date if their own is without a time', () => {
      const untilMidnight = (start: string) => dates(daily('', '20260201T000000Z', start)).at(-1)
      expect(untilMidnight('DTSTART;VALUE=DATE:20260101')).toBe('2026-02-01')
      expect(untilMidnight('DTSTART;TZID=America/New_York:20260101')).toBe('2026-02-01')
    })

    it('end on the date that each zone has at an instant in UTC', () => {
      const zones = ['Pacific/Kiritimati', 'Asia/Kolkata', 'Africa/Cairo', 'Europe/Berlin', 'UTC']
      const western = ['Atlantic/Azores', 'America/St_Johns', 'America/New_York', 'Pacific/Pago_Pago']
      const seconds = fc.integer({ min: Date.UTC(2026, 0, 3) / 1000, max: Date.UTC(2026, 11, 29) / 1000 })
      fc.assert(
        fc.property(fc.constantFrom(...zones, ...western), seconds, (zone, second) => {
          const at = new Date(second * 1000)
          const until = at.toISOString().replaceAll(/[:-]|\.000/g, '')
          const parts = new Intl.DateTimeFormat('en', { timeZone: zone, dateStyle: 'short' }).formatToParts(at)
          const part = (name: string) => parts.find(({ type }) => type === name)?.value.padStart(2, '0')
          const last = `20${part('year')}-${part('month')}-${part('day')}`
          expect(dates(daily(`;TZID=${zone}`, until)).at(-1)).toBe(last)
        }),
        { numRuns: fuzzRuns(150) },
      )
    })

    it('cannot be read if the time is in UTC and the zone of the event is not known', () => {
      expect(faults(daily(';TZID=W. Europe Standard Time', '20260131T230000Z'))).toEqual([
        '3 UNTIL=20260131T230000Z is in UTC, and the zone W. Europe Standard Time of DTSTART is not an IANA name: ' +
          'write the last date, such as UNTIL=20271231',
      ])
      const floating = '3 UNTIL=20260131T230000Z is in UTC, and DTSTART has no zone: write the last date'
      expect(faults(daily('', '20260131T230000Z'))).toEqual([expect.stringContaining(floating)])
      expect(faults(daily('', '20260131T230000Z', 'DTSTART;VALUE=DATE:20260101'))).toEqual([
        expect.stringContaining(floating),
      ])
      expect(faults(daily(';TZID=Europe/Berlin', '20260131T250000Z'))).toEqual([
        expect.stringContaining('3 UNTIL=20260131T250000Z does not exist'),
      ])
    })
  })

  it('last several days', () => {
    expect(dates(recurring('20201230', 'DTEND;VALUE=DATE:20210103', 'FREQ=YEARLY'))).toEqual([
      '2026-01-01',
      '2026-01-02',
      '2026-12-30',
      '2026-12-31',
    ])
  })

  it('may have one occurrence moved to a time of the day', () => {
    const text = calendar(
      event('DTSTART;VALUE=DATE:20260105', 'RRULE:FREQ=WEEKLY;COUNT=3'),
      event('DTSTART:20260112T090000Z', 'DTEND:20260112T100000Z', 'RECURRENCE-ID;VALUE=DATE:20260112'),
    )
    expect(dates(text)).toEqual(['2026-01-05', '2026-01-19'])
  })

  it('may have one occurrence moved, and one cancelled', () => {
    const text = calendar(
      event('DTSTART;VALUE=DATE:20260105', 'RRULE:FREQ=WEEKLY;COUNT=3'),
      event('DTSTART;VALUE=DATE:20260113', 'RECURRENCE-ID;VALUE=DATE:20260112'),
      event('DTSTART;VALUE=DATE:20260119', 'RECURRENCE-ID;VALUE=DATE:20260119', 'STATUS:CANCELLED'),
    )
    expect(dates(text)).toEqual(['2026-01-05', '2026-01-13'])
  })

  it('may have one occurrence of a series with times that lasts the whole day', () => {
    const text = calendar(
      event('DTSTART;TZID=Europe/Berlin:20260105T090000', 'RRULE:FREQ=WEEKLY;COUNT=3'),
      event('DTSTART;VALUE=DATE:20260112', 'RECURRENCE-ID;TZID=Europe/Berlin:20260112T090000'),
    )
    expect(dates(text)).toEqual(['2026-01-12'])
  })

  it.each(['DTSTART;VALUE=DATE:20260105', 'DTSTART:20260105T090000Z'])(
    'have no moved occurrence once they are cancelled: %s',
    (start) => {
      const moved = event('DTSTART;VALUE=DATE:20260113', 'RECURRENCE-ID;VALUE=DATE:20260112')
      const other = event('DTSTART;VALUE=DATE:20260201').replace('one@', 'two@')
      const series = (...lines: readonly string[]) => event(start, 'RRULE:FREQ=WEEKLY;COUNT=2', ...lines)
      expect(dates(calendar(other, moved, series('STATUS:CANCELLED')))).toEqual(['2026-02-01'])
      expect(dates(calendar(other, moved, series()))).toContain('2026-01-13')
    },
  )

  it('may have a semicolon at the end of their rule', () => {
    expect(dates(recurring('20260101', 'FREQ=YEARLY;COUNT=2;'), 3)).toEqual(['2026-01-01', '2027-01-01'])
  })

  it('have the dates of a list of all days of each period', () => {
    const WEEKDAYS = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA']
    const utc = (year: number, month: number, day: number) => Date.UTC(year, month - 1, day)
    const text = (at: number) => new Date(at).toISOString().slice(0, 10)
    const some = <Value>(one: fc.Arbitrary<Value>) =>
      fc.option(fc.uniqueArray(one, { minLength: 1, maxLength: 3 }), { nil: undefined })
    const rule = fc.record({
      freq: fc.constantFrom('DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'),
      interval: fc.integer({ min: 1, max: 3 }),
      months: some(fc.integer({ min: 1, max: 12 })),
      monthDays: some(fc.constantFrom(1, 2, 15, 29, 30, 31, -1, -2, -30)),
      weekdays: some(fc.constantFrom(...WEEKDAYS)),
      week: fc.option(fc.constantFrom(1, 2, 5, -1, -5), { nil: undefined }),
      start: fc.integer({ min: 0, max: 700 }),
      count: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
      skipped: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }),
    })
    const calendarMonths = [2024, 2025, 2026, 2027, 2028, 2029, 2030, 2031].flatMap((year) =>
      Array.from({ length: 12 }, (_, index) => ({
        month: index + 1,
        days: Array.from({ length: 31 }, (__, day) => new Date(utc(year, index + 1, day + 1)))
          .filter((day) => day.getUTCMonth() === index)
          .map((day) => ({ at: day.getTime(), weekday: WEEKDAYS[day.getUTCDay()] })),
      })),
    )
    let found = 0
    fc.assert(
      fc.property(rule, ({ freq, interval, months, monthDays, weekdays, week, start, count, skipped }) => {
        fc.pre(freq !== 'WEEKLY' || monthDays === undefined)
        const isInMonth = freq === 'MONTHLY' || (freq === 'YEARLY' && months !== undefined)
        const ordinal = isInMonth && weekdays !== undefined ? week : undefined
        const startAt = utc(2024, 1, 1) + start * DAY
        const first = new Date(startAt)
        // The days of the month, in order, from which each period takes its own.
        const daysOfMonth = ({ days }: (typeof calendarMonths)[number]) => {
          const isDated = freq === 'MONTHLY' || freq === 'YEARLY'
          const chosen = monthDays ?? (isDated && weekdays === undefined ? [first.getUTCDate()] : undefined)
          const byDate = chosen === undefined ? days : chosen.map((each) => days.at(each > 0 ? each - 1 : each))
          const names = weekdays ?? (freq === 'WEEKLY' ? [WEEKDAYS[first.getUTCDay()]] : WEEKDAYS)
          const byWeekday = names.flatMap((name) => {
            const alike = days.filter(({ weekday }) => weekday === name)
            return ordinal === undefined ? alike : [alike.at(ordinal > 0 ? ordinal - 1 : ordinal)]
          })
          return days.filter((day) => byDate.includes(day) && byWeekday.includes(day)).map(({ at }) => at)
        }
        const isOpenMonth =
          months ?? (freq === 'YEARLY' && (monthDays ?? weekdays) === undefined ? [first.getUTCMonth() + 1] : undefined)
        const mondayOf = (at: number) => at - ((new Date(at).getUTCDay() + 6) % 7) * DAY
        const periods: Readonly<Record<string, (at: number) => number>> = {
          DAILY: (at) => (at - startAt) / DAY,
          WEEKLY: (at) => (mondayOf(at) - mondayOf(startAt)) / (7 * DAY),
          MONTHLY: (at) =>
            new Date(at).getUTCMonth() -
            first.getUTCMonth() +
            12 * (new Date(at).getUTCFullYear() - first.getUTCFullYear()),
          YEARLY: (at) => new Date(at).getUTCFullYear() - first.getUTCFullYear(),
        }
        const occurrences = calendarMonths
          .filter(({ month }) => isOpenMonth?.includes(month) !== false)
          .flatMap(daysOfMonth)
          .filter((at) => at >= startAt && (periods[freq]?.(at) ?? 0) % interval === 0)
          .slice(0, count)
        // What RFC 5545 leaves open: an event whose first day does not fit its own rule.
        fc.pre(occurrences[0] === startAt)
        found++
        const except = skipped === undefined ? undefined : occurrences[skipped]
        const part = (name: string, values: readonly (string | number)[] | undefined) =>
          values === undefined ? '' : `;${name}=${values.join(',')}`
        const written = [
          `FREQ=${freq};INTERVAL=${interval}`,
          part('BYMONTH', months),
          part('BYMONTHDAY', monthDays),
          part(
            'BYDAY',
            weekdays?.map((name) => `${ordinal ?? ''}${name}`),
          ),
          count === undefined ? '' : `;COUNT=${count}`,
        ].join('')
        const plain = (at: number) => text(at).replaceAll('-', '')
        const lines = except === undefined ? [] : [`EXDATE;VALUE=DATE:${plain(except)}`]
        expect(dates(recurring(plain(startAt), written, ...lines), 5)).toEqual(
          occurrences.filter((at) => at !== except && at >= utc(2026, 1, 1) && at < utc(2031, 1, 1)).map(text),
        )
      }),
      { numRuns: fuzzRuns(60) },
    )
    expect(found).toBeGreaterThan(fuzzRuns(20))
  })

  it('cost nothing before they are asked for, whatever the rule', () => {
    const never = recurring('20260301', 'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30')
    expect(dates(never, 5)).toEqual(['2026-03-01'])
    expect(dates(recurring('20260301', 'FREQ=DAILY;INTERVAL=999999999;COUNT=5'), 5)).toEqual(['2026-03-01'])
  })
})

describe('a calendar that cannot be read', () => {
  const whole = 'DTSTART;VALUE=DATE:20260101'

  it.each([
    ['nothing', '', '1 this is not a calendar: expected BEGIN:VCALENDAR'],
    ['a page that asks to sign in', '<!DOCTYPE html>\n<html>\n', '1 this is not a calendar'],
    ['a calendar without an end', 'BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n', '1 this cannot be read as iCalendar'],
    ['no event', calendar(), '1 the calendar has no event of whole days: is this the right file?'],
    [
      'meetings',
      calendar(event('DTSTART:20260101T090000Z')),
      '1 the calendar has no event of whole days, only 1 with times',
    ],
    ['no start', calendar(event(whole), event('SUMMARY:x')), '7 this event has no DTSTART'],
    [
      'no such day',
      calendar(event(whole), event('DTSTART;VALUE=DATE:20260231')),
      '7 2026-02-31 is not in the calendar',
    ],
    [
      'an end before the start',
      calendar(event(whole, 'DTEND;VALUE=DATE:20251231')),
      '3 this event ends before it begins',
    ],
    ['hours', calendar(event(whole, 'DURATION:PT24H')), '3 DURATION:PT24H does not count whole days'],
    [
      'no such month',
      calendar(event(whole), event(whole, 'RRULE:FREQ=YEARLY;BYMONTH=13')),
      '7 this cannot be read as iCalendar: BYMONTH',
    ],
    [
      'every second',
      calendar(event(whole, 'RRULE:FREQ=SECONDLY')),
      '3 an event of whole days cannot recur with FREQ=SECONDLY',
    ],
    [
      'a place in the set',
      calendar(event(whole, 'RRULE:FREQ=MONTHLY;BYDAY=MO;BYSETPOS=-1')),
      '3 BYSETPOS is not supported: write the dates with RDATE',
    ],
    [
      'a moved occurrence without a date',
      calendar(event(whole, 'RRULE:FREQ=DAILY'), event(whole, 'RECURRENCE-ID:20260104T230000Z')),
      '8 RECURRENCE-ID of an event of whole days must be a date',
    ],
    [
      'a year as the end',
      calendar(event(whole, 'RRULE:FREQ=YEARLY;UNTIL=2027')),
      '3 UNTIL=2027 is not a date: write the last date, such as UNTIL=20271231',
    ],
    [
      'a week of the year',
      calendar(event(whole, 'RRULE:FREQ=YEARLY;BYDAY=20MO')),
      '3 BYDAY=20MO counts the weeks of a year',
    ],
    [
      'a period',
      calendar(event(whole, 'RDATE;VALUE=PERIOD:20260105T000000Z/P1D')),
      '3 RDATE of an event of whole days must be a date',
    ],
    ['a time', calendar(event(whole, 'EXDATE:20260105T090000Z')), '3 EXDATE of an event of whole days must be a date'],
    [
      'a month of vacation, each year',
      calendar(event(whole, 'DURATION:P40D', 'RRULE:FREQ=YEARLY')),
      '3 a recurring event of 40 days is too long',
    ],
    [
      'a line without an end',
      calendar(`X-LONG${';A=b'.repeat(20_000)}:x`),
      '3 this line has more than 50000 characters',
    ],
  ])('has its fault at the line of its event: %s', (_what, text, expected) => {
    expect(faults(text)).toEqual([expect.stringContaining(expected)])
  })

  it('has all its faults at once', () => {
    expect(
      faults(calendar(event('SUMMARY:x'), event(whole), event('SUMMARY:y'))).map((each) => each.slice(0, 2)),
    ).toEqual(['3 ', '11'])
  })
})

describe('a policy whose calendar is a file', () => {
  const POLICIES = `version: 1
calendars:
  holidays: { file: ./holidays.ics, dates: [2026-12-31] }
policies:
  - name: office
    kind: off-hours
    timeZone: Europe/Berlin
    allowed: [{ days: mon-fri }]
    closed: [holidays]
`
  const CURFEW = GOOD_CURFEW.replace('[./policies, ./more.yml]', '[./policies]').replace(/^protect:.*$/m, '')
  const tree = (ics: string | Uint8Array) => ({
    'curfew.yaml': CURFEW,
    'policies/a.yaml': POLICIES,
    'policies/holidays.ics': ics,
    'people.csv': PEOPLE,
  })
  const load = (ics: string | Uint8Array) => loadConfiguration(memoryFiles(tree(ics)), 'curfew.yaml')
  const closedOn = (rule: unknown, year: number, month: number, day: number) =>
    closedDates((rule as Hours).calendars).has({ year, month, day })

  it('closes on its dates and on those beside it', () => {
    const { configuration, problems, sources } = load(`\ufeff${APPLE}`)
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
    const [policy] = configuration?.policies ?? []
    expect([26, 31].map((day) => closedOn(policy?.rule, 2026, 12, day))).toEqual([false, true])
    expect(closedOn(policy?.rule, 2031, 5, 1)).toBe(true)
    expect(sources).toContain('policies/holidays.ics')
  })

  it('changes with what its file decides, and not with its words', () => {
    const hashes = (ics: string) => {
      const { configuration } = load(ics)
      return [configuration?.policySetHash, configuration?.policies[0]?.hash]
    }
    const before = hashes(APPLE)
    expect(hashes(APPLE.replace('Tag der Arbeit', 'Maifeiertag').replaceAll('\r\n', '\n'))).toEqual(before)
    expect(hashes(APPLE.replaceAll('one@example', 'two@example'))).toEqual(before)
    const edited = hashes(APPLE.replace('20260403', '20260404'))
    expect(edited[0]).not.toBe(before[0])
    expect(edited[1]).not.toBe(before[1])
    expect(hashes(APPLE.replace('RRULE:FREQ=YEARLY', 'RRULE:FREQ=YEARLY;COUNT=2'))[1]).not.toBe(before[1])
  })

  it.each([
    ['Google', GOOGLE],
    ['Apple', APPLE],
    ['Outlook', OUTLOOK],
    ['a date without its type', calendar(event('DTSTART:20260101'))],
    [
      'an occurrence of a series with times that lasts the whole day',
      calendar(
        event('DTSTART:20260105T090000Z', 'RRULE:FREQ=WEEKLY'),
        event('DTSTART;VALUE=DATE:20260112', 'RECURRENCE-ID:20260112T090000Z'),
      ),
    ],
    [
      'a moved occurrence of a cancelled series',
      calendar(
        event('DTSTART;VALUE=DATE:20260101').replace('one@', 'two@'),
        event('DTSTART;VALUE=DATE:20260105', 'RRULE:FREQ=WEEKLY', 'STATUS:CANCELLED'),
        event('DTSTART;VALUE=DATE:20260113', 'RECURRENCE-ID;VALUE=DATE:20260112'),
      ),
    ],
    ['a semicolon at the end', calendar(event('DTSTART;VALUE=DATE:20260101', 'RRULE:FREQ=YEARLY;'))],
    [
      'an end in UTC',
      calendar(
        event(
          'DTSTART;TZID=Europe/Berlin:20260101T000000',
          'X-MICROSOFT-CDO-ALLDAYEVENT:TRUE',
          'RRULE:FREQ=YEARLY;UNTIL=20271231T230000Z',
        ),
      ),
    ],
    [
      'an end in UTC of dates without their type',
      calendar(event('DTSTART;TZID=Europe/Berlin:20260101', 'RRULE:FREQ=YEARLY;UNTIL=20280101T000000Z')),
    ],
    [
      'a moved occurrence',
      calendar(
        event('DTSTART;VALUE=DATE:20260105', 'RRULE:FREQ=WEEKLY;COUNT=3'),
        event('DTSTART;VALUE=DATE:20260113', 'RECURRENCE-ID;VALUE=DATE:20260112'),
      ),
    ],
  ])('is bound again from the state: %s', (_what, ics) => {
    const { configuration } = load(ics)
    const bound = bindWritten(JSON.parse(JSON.stringify(configuration?.written)))
    expect(bound?.policies.map(({ hash }) => hash)).toEqual(configuration?.policies.map(({ hash }) => hash))
    expect(configuration).toBeDefined()
  })

  it('has a warning that counts the events with times', () => {
    const { problems } = load(
      calendar(
        event('DTSTART;VALUE=DATE:20260101'),
        event('DTSTART:20260101T090000Z'),
        event('DTSTART:20260102T090000Z'),
      ),
    )
    const [warning] = problems.filter(({ message }) => message.includes('times of the day'))
    expect(warning).toMatchObject({ severity: 'warning', file: 'policies/a.yaml', line: 3, column: 21 })
    expect(warning?.message).toContain('2 events of policies/holidays.ics')
  })

  it('is invalid if its file is not UTF-8, too large, or outside the folder', () => {
    const problemsOf = (files: Parameters<typeof memoryFiles>[0]) =>
      loadPolicies(memoryFiles(files), ['policies/a.yaml']).problems.map(
        ({ file, line, message }) => `${file}:${line} ${message}`,
      )
    const latin = Buffer.from(GOOGLE).map((byte, index) => (index === 40 ? 0xfc : byte))
    expect(problemsOf(tree(latin))).toEqual([expect.stringContaining('this byte is not UTF-8')])
    expect(problemsOf(tree(`${GOOGLE}${' '.repeat(1_000_000)}`))).toEqual([expect.stringContaining('more than 1 MB')])
    const linked = { ...tree(GOOGLE), 'policies/holidays.ics': { link: '/elsewhere.ics' }, '/elsewhere.ics': GOOGLE }
    expect(problemsOf(linked)).toEqual([expect.stringContaining('outside of')])
  })
})
