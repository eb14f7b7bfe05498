import { describe, expect, it } from 'vitest'
import { type Calendar, closedDates, parseDateRange, parseYearly } from '../../src/domain/time/calendar.ts'
import { DAY, HOUR, NEVER, toIso } from '../../src/domain/time/instant.ts'
import type { Parsed } from '../../src/domain/time/local-date.ts'
import {
  createTimeWindows,
  HORIZON_MS,
  knownTimeZones,
  type LocalWindow,
  parseHours,
  parseTimeZone,
  WHOLE_DAY,
} from '../../src/domain/time/time-window.ts'
import { EVERY_DAY, parseDays } from '../../src/domain/time/window-days.ts'

const value = <T>(parsed: Parsed<T>): T => {
  if ('problem' in parsed) throw new Error(parsed.problem)
  return parsed.value
}

const isRefused = (parsed: Parsed<unknown>) => 'problem' in parsed && parsed.problem.length > 0

/** A window from `mon-fri 07:30-18:30`, the notation of the policies. */
const window = (text: string): LocalWindow => {
  const [days = '', hours = ''] = text.split(' ')
  return { days: value(parseDays(days)), ...value(parseHours(hours)) }
}

const on = (from: string, to = from) => value(parseDateRange({ from, to }))

const none: Calendar = { dates: [], yearly: [] }

const windowsIn = (zone: string, texts: readonly string[], closed: Partial<Calendar> = {}) =>
  createTimeWindows(zone, texts.map(window), closedDates([{ ...none, ...closed }]))

/** Every open period from `from` until `to`, as ISO 8601 without the seconds, which are always zero. */
const openPeriods = (
  zone: string,
  texts: readonly string[],
  from: string,
  to: string,
  closed: Partial<Calendar> = {},
) => {
  const windows = windowsIn(zone, texts, closed)
  const short = (at: number) => toIso(at)?.replace(/:00\.000Z$/, 'Z') ?? 'never'
  const found: string[] = []
  for (let t = Date.parse(from); t < Date.parse(to); ) {
    const { open, since, until } = windows.at(t)
    if (open) found.push(`${short(since)}/${short(until)}`)
    if (until <= t) throw new Error(`the next change after ${short(t)} is reported as ${short(until)}`)
    t = until
  }
  return found
}

const isOpen = (zone: string, texts: readonly string[], at: string) => windowsIn(zone, texts).at(Date.parse(at)).open

describe('a window', () => {
  it('is open from its first millisecond until before its end, and reports both', () => {
    const windows = windowsIn('Europe/Berlin', ['mon-fri 07:30-18:30'])
    const openAt = Date.parse('2026-11-23T07:30:00+01:00')
    const closeAt = Date.parse('2026-11-23T18:30:00+01:00')
    expect(windows.at(openAt)).toEqual({ open: true, since: openAt, until: closeAt })
    expect(windows.at(closeAt - 1)).toEqual({ open: true, since: openAt, until: closeAt })
    expect(windows.at(openAt - 1)).toEqual({ open: false, since: openAt - 61 * HOUR, until: openAt })
    expect(windows.at(closeAt)).toEqual({ open: false, since: closeAt, until: openAt + DAY })
  })

  it('includes the last second of the day if it ends at 24:00', () => {
    expect(isOpen('Europe/Berlin', ['fri 08:00-24:00'], '2026-11-27T23:59:59.999+01:00')).toBe(true)
    expect(isOpen('Europe/Berlin', ['fri 08:00-24:00'], '2026-11-28T00:00:00+01:00')).toBe(false)
    expect(isOpen('Europe/Berlin', ['fri 08:00-23:59'], '2026-11-27T23:59:00+01:00')).toBe(false)
  })

  it('that runs past midnight belongs to the day on which it opens', () => {
    const friday = ['fri 22:00-06:00']
    expect(isOpen('Europe/Berlin', friday, '2026-11-27T01:00:00+01:00')).toBe(false)
    expect(isOpen('Europe/Berlin', friday, '2026-11-27T22:00:00+01:00')).toBe(true)
    expect(isOpen('Europe/Berlin', friday, '2026-11-28T01:00:00+01:00')).toBe(true)
    expect(isOpen('Europe/Berlin', friday, '2026-11-28T06:00:00+01:00')).toBe(false)
    expect(isOpen('Europe/Berlin', friday, '2026-11-28T22:00:00+01:00')).toBe(false)
    expect(openPeriods('UTC', ['sun 22:00-06:00'], '2026-11-23T00:00Z', '2026-11-30T00:00Z')).toEqual([
      '2026-11-22T22:00Z/2026-11-23T06:00Z',
      '2026-11-29T22:00Z/2026-11-30T06:00Z',
    ])
  })

  it('ends on the next day if its end is a minute after midnight, or a minute before its beginning', () => {
    expect(openPeriods('UTC', ['wed 23:59-00:01'], '2026-11-23T00:00Z', '2026-11-30T00:00Z')).toEqual([
      '2026-11-25T23:59Z/2026-11-26T00:01Z',
    ])
    expect(openPeriods('UTC', ['wed 12:00-11:59'], '2026-11-23T00:00Z', '2026-11-30T00:00Z')).toEqual([
      '2026-11-25T12:00Z/2026-11-26T11:59Z',
    ])
  })

  it('of 23 hours is complete in every week of a year, far west and far east', () => {
    for (const zone of ['Pacific/Pago_Pago', 'Pacific/Kiritimati']) {
      const windows = windowsIn(zone, ['mon 23:00-22:00'])
      let openAt = windows.at(Date.parse('2026-01-01T00:00Z')).until
      for (let week = 0; week < 52; week++, openAt += 7 * DAY) {
        const state = { open: true, since: openAt, until: openAt + 23 * HOUR }
        expect([windows.at(openAt), windows.at(openAt + 23 * HOUR - 1)]).toEqual([state, state])
      }
    }
  })

  it('that begins and ends at the same minute lasts a day', () => {
    const windows = createTimeWindows('UTC', [{ days: [3], fromMinute: 540, toMinute: 540 }], closedDates([]))
    const openAt = Date.parse('2026-11-25T09:00:00Z')
    expect(windows.at(openAt)).toEqual({ open: true, since: openAt, until: openAt + DAY })
  })
})

describe('several windows', () => {
  it('are one if they touch or overlap, at midnight and elsewhere', () => {
    expect(
      openPeriods(
        'UTC',
        ['mon 08:00-24:00', 'tue 00:00-12:00', 'tue 12:00-13:00', 'tue 12:30-14:00'],
        '2026-11-23T00:00Z',
        '2026-11-30T00:00Z',
      ),
    ).toEqual(['2026-11-23T08:00Z/2026-11-24T14:00Z'])
  })

  it('are two if they are a minute apart', () => {
    expect(
      openPeriods('UTC', ['mon 08:00-12:00', 'mon 12:01-13:00'], '2026-11-23T00:00Z', '2026-11-30T00:00Z'),
    ).toEqual(['2026-11-23T08:00Z/2026-11-23T12:00Z', '2026-11-23T12:01Z/2026-11-23T13:00Z'])
  })

  it('change nothing inside another window', () => {
    expect(
      openPeriods(
        'UTC',
        ['mon 08:00-18:00', 'mon 09:00-10:00', 'mon 08:00-09:00'],
        '2026-11-23T00:00Z',
        '2026-11-30T00:00Z',
      ),
    ).toEqual(['2026-11-23T08:00Z/2026-11-23T18:00Z'])
  })

  it('of five whole days are one window of five days', () => {
    expect(openPeriods('Europe/Berlin', ['mon-fri 00:00-24:00'], '2026-11-23T00:00Z', '2026-11-29T00:00Z')).toEqual([
      '2026-11-22T23:00Z/2026-11-27T23:00Z',
    ])
  })
})

describe('a day on which the clocks change', () => {
  it('does not shift the wall-clock times after the change: Berlin, spring and autumn', () => {
    expect(openPeriods('Europe/Berlin', ['sat-mon 07:30-18:30'], '2026-03-28T00:00Z', '2026-03-31T00:00Z')).toEqual([
      '2026-03-28T06:30Z/2026-03-28T17:30Z',
      '2026-03-29T05:30Z/2026-03-29T16:30Z',
      '2026-03-30T05:30Z/2026-03-30T16:30Z',
    ])
    expect(openPeriods('Europe/Berlin', ['sat-sun 07:30-18:30'], '2026-10-24T00:00Z', '2026-10-26T00:00Z')).toEqual([
      '2026-10-24T05:30Z/2026-10-24T16:30Z',
      '2026-10-25T06:30Z/2026-10-25T17:30Z',
    ])
  })

  it('has 23 or 25 hours', () => {
    expect(openPeriods('Europe/Berlin', ['sun 00:00-24:00'], '2026-03-29T12:00Z', '2026-03-30T12:00Z')).toEqual([
      '2026-03-28T23:00Z/2026-03-29T22:00Z',
    ])
    expect(openPeriods('Europe/Berlin', ['sun 00:00-24:00'], '2026-10-25T12:00Z', '2026-10-26T12:00Z')).toEqual([
      '2026-10-24T22:00Z/2026-10-25T23:00Z',
    ])
  })

  it('makes a window at night an hour shorter or longer', () => {
    expect(openPeriods('Europe/Berlin', ['sat 22:00-06:00'], '2026-03-28T22:00Z', '2026-03-29T12:00Z')).toEqual([
      '2026-03-28T21:00Z/2026-03-29T04:00Z',
    ])
    expect(openPeriods('Europe/Berlin', ['sat 22:00-06:00'], '2026-10-24T22:00Z', '2026-10-25T12:00Z')).toEqual([
      '2026-10-24T20:00Z/2026-10-25T05:00Z',
    ])
  })

  // Berlin, 2026-03-29: after 01:59:59+01:00 comes 03:00:00+02:00.
  it.each([
    {
      hours: '02:15-02:45',
      found: ['2026-03-29T01:15Z/2026-03-29T01:45Z'],
      because: 'both ends are an hour later',
    },
    { hours: '02:30-03:00', found: [], because: 'it would begin at 03:30 and end at 03:00' },
    { hours: '02:30-03:30', found: [], because: 'it would begin and end at 03:30' },
    { hours: '02:00-03:00', found: [], because: 'it would begin and end at 03:00' },
    { hours: '02:30-04:00', found: ['2026-03-29T01:30Z/2026-03-29T02:00Z'], because: 'it begins at 03:30' },
    { hours: '01:00-02:30', found: ['2026-03-29T00:00Z/2026-03-29T01:30Z'], because: 'it ends at 03:30' },
  ])('handles Sunday $hours in the skipped hour: $because', ({ hours, found }) => {
    expect(openPeriods('Europe/Berlin', [`sun ${hours}`], '2026-03-28T12:00Z', '2026-03-30T00:00Z')).toEqual(found)
  })

  it.each(['02:30-03:00', '02:30-03:30', '02:00-03:00'])(
    'causes no change where the skipped hour contains the whole of %s',
    (hours) => {
      const lastClosedAt = Date.parse(`2026-03-22T${hours.slice(6)}:00+01:00`)
      const nextOpenAt = Date.parse(`2026-04-05T${hours.slice(0, 5)}:00+02:00`)
      for (const at of [
        '2026-03-29T00:59:59.999Z',
        '2026-03-29T01:00:00Z',
        '2026-03-29T01:15:00Z',
        '2026-03-29T01:30:00Z',
      ]) {
        const state = windowsIn('Europe/Berlin', [`sun ${hours}`]).at(Date.parse(at))
        expect(state).toEqual({ open: false, since: lastClosedAt, until: nextOpenAt })
      }
    },
  )

  // Berlin, 2026-10-25: after 02:59:59+02:00 comes 02:00:00+01:00.
  it.each([
    { hours: '02:15-02:45', found: ['2026-10-25T00:15Z/2026-10-25T00:45Z'], because: 'it opens the first time only' },
    { hours: '02:30-03:30', found: ['2026-10-25T00:30Z/2026-10-25T02:30Z'], because: 'it lasts two hours' },
    { hours: '01:30-02:30', found: ['2026-10-24T23:30Z/2026-10-25T00:30Z'], because: 'it ends the first time' },
  ])('handles Sunday $hours in the repeated hour: $because', ({ hours, found }) => {
    expect(openPeriods('Europe/Berlin', [`sun ${hours}`], '2026-10-24T12:00Z', '2026-10-26T00:00Z')).toEqual(found)
  })

  it('may shift by half an hour: Lord Howe', () => {
    expect(
      openPeriods('Australia/Lord_Howe', ['sat-sun 01:45-02:15'], '2025-10-04T00:00Z', '2025-10-06T00:00Z'),
    ).toEqual([
      // The clocks go from 02:00 to 02:30, so 02:15 becomes 02:45.
      '2025-10-04T15:15Z/2025-10-04T15:45Z',
    ])
    expect(openPeriods('Australia/Lord_Howe', ['sun 01:45-02:15'], '2025-04-05T00:00Z', '2025-04-06T12:00Z')).toEqual([
      // The clocks go back from 02:00 to 01:30, and 01:45 means the first of the two.
      '2025-04-05T14:45Z/2025-04-05T15:45Z',
    ])
  })

  it('may skip midnight: Santiago, Beirut', () => {
    expect(openPeriods('America/Santiago', ['sun 00:00-08:00'], '2025-09-07T00:00Z', '2025-09-08T00:00Z')).toEqual([
      '2025-09-07T04:00Z/2025-09-07T11:00Z',
    ])
    expect(openPeriods('America/Santiago', ['sat 22:00-24:00'], '2025-09-06T12:00Z', '2025-09-08T00:00Z')).toEqual([
      '2025-09-07T02:00Z/2025-09-07T04:00Z',
    ])
    expect(openPeriods('America/Santiago', ['sat-sun 00:00-24:00'], '2025-09-06T12:00Z', '2025-09-08T12:00Z')).toEqual([
      '2025-09-06T04:00Z/2025-09-08T03:00Z',
    ])
    expect(
      openPeriods('Asia/Beirut', ['sat 20:00-24:00', 'sun 00:30-02:00'], '2025-03-29T12:00Z', '2025-03-31T00:00Z'),
    ).toEqual(['2025-03-29T18:00Z/2025-03-29T22:00Z', '2025-03-29T22:30Z/2025-03-29T23:00Z'])
  })

  it('comes in the opposite seasons in the south: Sydney', () => {
    expect(openPeriods('Australia/Sydney', ['sun 09:00-17:00'], '2025-04-05T12:00Z', '2025-04-06T12:00Z')).toEqual([
      '2025-04-05T23:00Z/2025-04-06T07:00Z',
    ])
    expect(openPeriods('Australia/Sydney', ['sun 09:00-17:00'], '2025-10-04T12:00Z', '2025-10-05T12:00Z')).toEqual([
      '2025-10-04T22:00Z/2025-10-05T06:00Z',
    ])
    expect(openPeriods('Australia/Sydney', ['sun 01:00-04:00'], '2025-04-05T12:00Z', '2025-04-06T12:00Z')).toEqual([
      '2025-04-05T14:00Z/2025-04-05T18:00Z',
    ])
  })
})

describe('a zone', () => {
  it('without summer time has the same offset all year: Kolkata', () => {
    const july = openPeriods('Asia/Kolkata', ['mon 09:00-18:00'], '2026-07-06T00:00Z', '2026-07-07T00:00Z')
    const january = openPeriods('Asia/Kolkata', ['mon 09:00-18:00'], '2026-01-05T00:00Z', '2026-01-06T00:00Z')
    expect(july).toEqual(['2026-07-06T03:30Z/2026-07-06T12:30Z'])
    expect(january).toEqual(['2026-01-05T03:30Z/2026-01-05T12:30Z'])
  })

  it('may abolish summer time: Istanbul 2016, São Paulo 2019', () => {
    expect(openPeriods('Europe/Istanbul', ['mon 09:00-10:00'], '2015-11-16T00:00Z', '2015-11-17T00:00Z')).toEqual([
      '2015-11-16T07:00Z/2015-11-16T08:00Z',
    ])
    expect(openPeriods('Europe/Istanbul', ['mon 09:00-10:00'], '2016-11-14T00:00Z', '2016-11-15T00:00Z')).toEqual([
      '2016-11-14T06:00Z/2016-11-14T07:00Z',
    ])
    expect(openPeriods('America/Sao_Paulo', ['mon 09:00-10:00'], '2018-12-10T00:00Z', '2018-12-11T00:00Z')).toEqual([
      '2018-12-10T11:00Z/2018-12-10T12:00Z',
    ])
    expect(openPeriods('America/Sao_Paulo', ['mon 09:00-10:00'], '2019-12-09T00:00Z', '2019-12-10T00:00Z')).toEqual([
      '2019-12-09T12:00Z/2019-12-09T13:00Z',
    ])
  })

  it('may skip a day: in Apia, Saturday followed Thursday 2011-12-29', () => {
    expect(openPeriods('Pacific/Apia', ['mon-sun 22:00-02:00'], '2011-12-29T00:00Z', '2012-01-01T00:00Z')).toEqual([
      '2011-12-29T08:00Z/2011-12-29T12:00Z',
      // Thursday's window: Saturday begins at its midnight, so it ends at 02:00 of Saturday instead of Friday.
      '2011-12-30T08:00Z/2011-12-30T12:00Z',
      '2011-12-31T08:00Z/2011-12-31T12:00Z',
    ])
    expect(openPeriods('Pacific/Apia', ['thu-sat 00:00-24:00'], '2011-12-29T12:00Z', '2012-01-02T00:00Z')).toEqual([
      '2011-12-29T10:00Z/2011-12-31T10:00Z',
    ])
  })

  it('may be half a day ahead or behind', () => {
    expect(openPeriods('Pacific/Kiritimati', ['wed 00:00-01:00'], '2026-11-23T00:00Z', '2026-11-30T00:00Z')).toEqual([
      '2026-11-24T10:00Z/2026-11-24T11:00Z',
    ])
    expect(openPeriods('Pacific/Pago_Pago', ['wed 23:00-24:00'], '2026-11-23T00:00Z', '2026-11-30T00:00Z')).toEqual([
      '2026-11-26T10:00Z/2026-11-26T11:00Z',
    ])
  })
})

describe('a month', () => {
  it('ends after 30 days or, in February of a leap year, after 29', () => {
    expect(openPeriods('UTC', ['mon-sun 23:00-01:00'], '2028-02-28T12:00Z', '2028-03-02T12:00Z')).toEqual([
      '2028-02-28T23:00Z/2028-02-29T01:00Z',
      '2028-02-29T23:00Z/2028-03-01T01:00Z',
      '2028-03-01T23:00Z/2028-03-02T01:00Z',
    ])
    expect(openPeriods('UTC', ['mon-sun 09:00-10:00'], '2026-04-30T00:00Z', '2026-05-02T00:00Z')).toEqual([
      '2026-04-30T09:00Z/2026-04-30T10:00Z',
      '2026-05-01T09:00Z/2026-05-01T10:00Z',
    ])
  })
})

describe('a closed date', () => {
  it('lets no window open', () => {
    const christmas = { dates: [on('2026-12-25', '2026-12-26')] }
    expect(
      openPeriods('Europe/Berlin', ['mon-fri 09:00-17:00'], '2026-12-24T00:00Z', '2026-12-29T00:00Z', christmas),
    ).toEqual(['2026-12-24T08:00Z/2026-12-24T16:00Z', '2026-12-28T08:00Z/2026-12-28T16:00Z'])
  })

  it('lets the window of the day before run to its end, and its own night window does not open', () => {
    expect(
      openPeriods('UTC', ['mon-sun 22:00-06:00'], '2026-12-24T12:00Z', '2026-12-27T12:00Z', {
        dates: [on('2026-12-25')],
      }),
    ).toEqual(['2026-12-24T22:00Z/2026-12-25T06:00Z', '2026-12-26T22:00Z/2026-12-27T06:00Z'])
  })

  it('is a date in the zone of the windows', () => {
    expect(
      openPeriods('Asia/Tokyo', ['mon-sun 00:00-24:00'], '2026-12-24T00:00Z', '2026-12-27T00:00Z', {
        dates: [on('2026-12-25')],
      }).at(0),
    ).toMatch(/\/2026-12-24T15:00Z$/)
  })

  it('may repeat every year, 02-29 in leap years only', () => {
    const yearly = { yearly: [value(parseYearly('02-29')), value(parseYearly('05-01'))] }
    const count = (year: number) =>
      openPeriods('UTC', ['mon-sun 09:00-10:00'], `${year}-01-01T00:00Z`, `${year + 1}-01-01T00:00Z`, yearly).length
    expect([2027, 2028].map(count)).toEqual([364, 364])
  })
})

describe('the horizon of ten years', () => {
  const now = Date.parse('2026-11-23T12:00:00Z')

  it('makes a state last for ever if nothing changes within it, in both directions', () => {
    const always = createTimeWindows('Europe/Berlin', [{ days: EVERY_DAY, ...WHOLE_DAY }], closedDates([]))
    expect(always.at(now)).toEqual({ open: true, since: -NEVER, until: NEVER })
    const never = createTimeWindows('Europe/Berlin', [], closedDates([]))
    expect(never.at(now)).toEqual({ open: false, since: -NEVER, until: NEVER })
  })

  it('is measured from the instant of each question, not from an earlier one', () => {
    const windows = windowsIn('UTC', ['mon-sun 00:00-24:00'], { dates: [on('2026-11-23')] })
    const closeAt = Date.parse('2026-11-23T00:00:00Z')
    const openAt = closeAt + DAY
    expect(windows.at(now)).toEqual({ open: false, since: closeAt, until: openAt })
    expect(windows.at(closeAt - HORIZON_MS)).toEqual({ open: true, since: -NEVER, until: closeAt })
    expect(windows.at(closeAt - HORIZON_MS - 1)).toEqual({ open: true, since: -NEVER, until: NEVER })
    expect(windows.at(openAt + HORIZON_MS)).toEqual({ open: true, since: openAt, until: NEVER })
    expect(windows.at(openAt + HORIZON_MS + 1)).toEqual({ open: true, since: -NEVER, until: NEVER })
  })

  it('moves with ever later questions', () => {
    const closeAt = Date.parse('2026-11-23T00:00:00Z')
    const asked = [
      [closeAt - HORIZON_MS - 60 * DAY, -NEVER, NEVER],
      [closeAt - HORIZON_MS - 1, -NEVER, NEVER],
      [closeAt - HORIZON_MS, -NEVER, closeAt],
      [closeAt - 1, -NEVER, closeAt],
      [closeAt + DAY, closeAt + DAY, NEVER],
      [closeAt + DAY + HORIZON_MS, closeAt + DAY, NEVER],
      [closeAt + DAY + HORIZON_MS + 1, -NEVER, NEVER],
    ] as const
    for (const first of asked.keys()) {
      const windows = windowsIn('UTC', ['mon-sun 00:00-24:00'], { dates: [on('2026-11-23')] })
      for (const [at, since, until] of asked.slice(first)) {
        expect(windows.at(at)).toEqual({ open: true, since, until })
      }
    }
  })

  it('does not limit the distance between two questions', () => {
    const windows = windowsIn('Europe/Berlin', ['mon-fri 07:30-18:30'])
    expect(
      ['1971-06-14', '2126-06-14', '1971-06-14'].map((date) => windows.at(Date.parse(`${date}T12:00:00Z`)).open),
    ).toEqual([true, true, true])
  })

  it('is not searched from a number that is no instant', () => {
    for (const t of [NEVER, -NEVER, Number.NaN])
      expect(() => windowsIn('UTC', ['mon 09:00-10:00']).at(t)).toThrow(RangeError)
  })
})

describe('days', () => {
  it.each([
    { written: 'sat', days: [6] },
    { written: 'mon-fri', days: [1, 2, 3, 4, 5] },
    { written: 'fri-mon', days: [1, 5, 6, 7] },
    { written: 'mon-sun', days: [1, 2, 3, 4, 5, 6, 7] },
    { written: 'tue-mon', days: [1, 2, 3, 4, 5, 6, 7] },
    { written: ['sat', 'mon'], days: [1, 6] },
    { written: ['mon-wed', 'wed-thu', 'sun'], days: [1, 2, 3, 4, 7] },
  ])('are read: $written', ({ written, days }) => expect(parseDays(written)).toEqual({ value: days }))

  it.each([
    '',
    'monday',
    'Mon',
    'mon-',
    '-fri',
    'mon-tue-wed',
    'mon,tue',
    'mon - fri',
    'weekdays',
    'mon–fri',
    '1',
    'mon-mon',
  ])('are refused: %j', (written) => expect(parseDays(written)).toSatisfy(isRefused))

  it('are refused as an empty list, or as a list with a wrong entry', () => {
    expect(parseDays([])).toSatisfy(isRefused)
    expect(parseDays(['mon', 'funday'])).toMatchObject({ problem: expect.stringContaining('funday') })
  })
})

describe('hours', () => {
  it.each([
    { text: '07:30-18:30', fromMinute: 450, toMinute: 1110 },
    { text: '22:00-02:00', fromMinute: 1320, toMinute: 120 },
    { text: '00:00-24:00', fromMinute: 0, toMinute: 1440 },
    { text: '22:00-00:00', fromMinute: 1320, toMinute: 1440 },
    { text: '23:59-24:00', fromMinute: 1439, toMinute: 1440 },
    { text: '00:01-00:00', fromMinute: 1, toMinute: 1440 },
  ])('are read: $text', ({ text, ...hours }) => expect(parseHours(text)).toEqual({ value: hours }))

  it.each([
    '',
    '7:30-18:30',
    '07:30',
    '07:30-',
    '-18:30',
    '07:30-18:30-20:00',
    '07:30 - 18:30',
    '07:60-08:00',
    '25:00-26:00',
    '00:00-24:01',
    '07:30–18:30',
  ])('are refused: %j', (text) => expect(parseHours(text)).toSatisfy(isRefused))
  it.each(['07:30:00-18:30:00', '0730-1830', '07-18', '7am-6pm', '07:30-18:30\n'])('are refused: %j', (text) =>
    expect(parseHours(text)).toSatisfy(isRefused),
  )

  it('that end where they begin are refused with the notation for the whole day', () => {
    expect(parseHours('09:00-09:00')).toMatchObject({ problem: expect.stringContaining('00:00-24:00') })
    expect(parseHours('00:00-00:00')).toMatchObject({ problem: expect.stringContaining('00:00-24:00') })
  })

  it('may have 24:00 as their end only', () => {
    expect(parseHours('24:00-02:00')).toMatchObject({ problem: expect.stringContaining('end') })
    expect(parseHours('24:00-24:00')).toSatisfy(isRefused)
  })
})

describe('a time zone', () => {
  it.each([
    'Europe/Berlin',
    'UTC',
    'Etc/UTC',
    'US/Eastern',
    'Asia/Calcutta',
    'Asia/Kolkata',
    'europe/berlin',
    'Etc/GMT+5',
    'EST5EDT',
  ])('may be %s', (name) => {
    expect(parseTimeZone(name)).toEqual({ value: name })
    expect(isOpen(name, ['mon-sun 00:00-24:00'], '2026-11-23T00:00Z')).toBe(true)
  })

  it.each(['+01:00', '-0500', '+01', 'Z', 'z', 'UTC+1', 'utc-05:00', 'GMT+1'])(
    'may not be the offset %s, which ignores summer time',
    (name) => expect(parseTimeZone(name)).toMatchObject({ problem: expect.stringContaining('Europe/Berlin') }),
  )

  it.each(['', 'Berlin', 'Europe/Belin', 'CEST', 'local', ' UTC', 'Europe/Berlin '])('may not be %j', (name) =>
    expect(parseTimeZone(name)).toSatisfy(isRefused),
  )

  // Intl accepts these names, and Temporal throws at each of them.
  const ABBREVIATIONS =
    'ACT AET AGT ART AST BET BST CAT CNT CST CTT EAT ECT IET IST JST MIT NET NST PLT PNT PRT PST SST VST'

  it.each(ABBREVIATIONS.split(' '))('may not be the abbreviation %s', (name) =>
    expect(parseTimeZone(name)).toMatchObject({ problem: expect.stringContaining('Europe/Berlin') }),
  )

  it('may not be a date with a zone, which Temporal accepts', () =>
    expect(parseTimeZone('2026-12-01T00:00Z[Europe/Berlin]')).toSatisfy(isRefused))

  it('may be each of the suggested names', () => {
    const names = knownTimeZones()
    expect(names).toContain('UTC')
    expect(names.length).toBeGreaterThan(400)
    expect(names.filter((name) => 'problem' in parseTimeZone(name))).toEqual([])
  })
})
