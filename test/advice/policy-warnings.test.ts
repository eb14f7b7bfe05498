import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { coversGlob, globTokens } from '../../src/advice/glob-cover.ts'
import { minuteGapWarnings } from '../../src/advice/minute-gaps.ts'
import { policyWarnings, type Reviewed } from '../../src/advice/policy-warnings.ts'
import { parseAddressRange } from '../../src/domain/names/address-range.ts'
import { parseEndpointPattern } from '../../src/domain/names/endpoint-pattern.ts'
import { matchesGlob } from '../../src/domain/names/pattern.ts'
import type { UserEntry } from '../../src/domain/names/user-list.ts'
import { parseVersionPattern } from '../../src/domain/names/version-pattern.ts'
import type { Policy, Selector } from '../../src/domain/policies/policy.ts'
import { POLICY_KINDS } from '../../src/domain/policies/registry.ts'
import { type Calendar, closedDates } from '../../src/domain/time/calendar.ts'
import { DAY, HOUR, type Instant, MINUTE } from '../../src/domain/time/instant.ts'
import { createTimeWindows } from '../../src/domain/time/time-window.ts'
import type { Weekday } from '../../src/domain/time/window-days.ts'
import { ENDPOINT, entry, NOON, PLACE, policy } from '../domain/build.ts'
import { fuzzRuns } from '../fuzz-runs.ts'

const OTHER_PLACE = { endpointId: 'cvpn-endpoint-0123456789abcdef1', region: 'us-east-1' }
const PLACES = [PLACE, OTHER_PLACE]

type ListKey = Exclude<keyof Selector, 'door'>

const select = (lists: Readonly<Partial<Record<ListKey, readonly (string | UserEntry)[]>>>): Selector => {
  const of = (list: ListKey) => lists[list]?.map((one) => (typeof one === 'string' ? entry(one) : one))
  return { users: of('users'), endpoints: of('endpoints'), regions: of('regions') }
}

const selectEndpoints = (source: string): Selector => {
  const parsed = parseEndpointPattern(source)
  if ('problem' in parsed) throw new Error(parsed.problem)
  const endpoints = [{ pattern: parsed.pattern, from: undefined, until: undefined, reason: undefined }]
  return { users: undefined, endpoints, regions: undefined }
}

const review = (policies: readonly Policy[], different: Partial<Reviewed> = {}) =>
  policyWarnings({ policies, protect: [], places: PLACES, now: NOON, ...different })

/** The policy and the path of each warning. */
const places = (policies: readonly Policy[], different: Partial<Reviewed> = {}) =>
  review(policies, different).map((warning) => [warning.policy?.name, ...warning.path].join(' '))

const aged = (different: Partial<Policy> = {}, maxAge = '8h') => policy('max-session-age', { maxAge }, different)
const named = (name: string, made: Policy): Policy => ({ ...made, name })
const hours = (keys: Record<string, unknown>, different: Partial<Policy> = {}) =>
  policy('off-hours', { timeZone: 'Europe/Berlin', ...keys }, different)

/** A policy with calendars, which the policies of the builder do not have. */
const closedHours = (keys: Record<string, unknown>, calendars: Readonly<Record<string, Calendar>>): Policy => {
  const made = hours(keys)
  const rule = made.kind.bind(made.kind.keys.parse({ timeZone: 'Europe/Berlin', ...keys }) as never, {
    entries: () => undefined,
    calendar: (name) => calendars[name],
    file: () => undefined,
    problem: (path, message) => {
      throw new Error(`${path.join('.')}: ${message}`)
    },
  })
  return { ...made, rule }
}

const date = (text: string) => {
  const [year = 0, month = 0, day = 0] = text.split('-').map(Number)
  return { year, month, day }
}
const range = (from: string, to: string): Calendar => ({ dates: [{ from: date(from), to: date(to) }], yearly: [] })

describe('a policy that matches no watched endpoint', () => {
  it.each([
    ['the endpoint', { endpoints: ['cvpn-endpoint-0123456789abcdef7'] }],
    ['the Region', { regions: ['eu-west-*'] }],
    ['both at once', { endpoints: [ENDPOINT], regions: ['us-east-1'] }],
  ])('has a warning: %s', (_what, match) => {
    expect(places([aged({ match: select(match) })])).toEqual(['max-session-age match'])
  })

  it('has no warning if the tags of a watched endpoint may match', () => {
    expect(places([aged({ match: selectEndpoints('tag:env=prod') })])).toEqual([])
    const untagged = PLACES.map((place) => ({ ...place, tags: new Map<string, string>() }))
    expect(places([aged({ match: selectEndpoints('tag:env=prod') })], { places: untagged })).toEqual([
      'max-session-age match',
    ])
  })

  it('has no warning if one endpoint matches, or if the watched endpoints are unknown', () => {
    expect(places([aged({ match: select({ endpoints: [ENDPOINT.toUpperCase()], regions: ['eu-*'] }) })])).toEqual([])
    const elsewhere = aged({ match: select({ endpoints: ['cvpn-endpoint-0123456789abcdef7'] }) })
    expect(places([elsewhere], { places: undefined })).toEqual([])
  })
})

describe('an exemption of everything that the policy matches', () => {
  const exempting = (exempt: Parameters<typeof select>[0], match?: Parameters<typeof select>[0], kind = aged()) =>
    places([{ ...kind, exempt: select(exempt), match: match && select(match) }])

  it.each([
    ['a bare star', exempting({ users: ['*'] })],
    ['a star for each of both names', exempting({ users: ['user:*', 'cn:*'] })],
    ['the same names', exempting({ users: ['user:bob', 'cn:*'] }, { users: ['user:bob', 'cn:kiosk-*'] })],
    ['wider patterns', exempting({ users: ['user:*@corp.example'] }, { users: ['user:ext-?*@corp.example'] })],
    ['every endpoint', exempting({ endpoints: ['cvpn-*'] })],
    ['the endpoints of the policy', exempting({ regions: ['eu-*'] }, { endpoints: [ENDPOINT] })],
    ['all banned users', exempting({ users: ['*'] }, undefined, policy('banned-users', { users: ['mallory'] }))],
  ])('has a warning: %s', (_what, found) => {
    expect(found).toEqual([expect.stringMatching(/ exempt$/)])
  })

  it.each([
    ['one name of two', exempting({ users: ['user:bob'] }, { users: ['user:bob', 'user:carol'] })],
    ['user names alone', exempting({ users: ['user:*'] })],
    ['narrower patterns', exempting({ users: ['user:?*@corp.example'] }, { users: ['user:*@corp.example'] })],
    ['one endpoint of two', exempting({ endpoints: [ENDPOINT] })],
    ['everybody on one endpoint', exempting({ users: ['*'], endpoints: [ENDPOINT] })],
    ['for some time', exempting({ users: [entry('*', { until: NOON + 9 * DAY })] })],
    ['for some time on every endpoint', exempting({ endpoints: [entry('*', { until: NOON + 9 * DAY })] })],
    [
      'one of the banned',
      exempting({ users: ['bob'] }, undefined, policy('banned-users', { users: ['bob', 'carol'] })),
    ],
  ])('has no warning: %s', (_what, found) => {
    expect(found).toEqual([])
  })

  it('has a weaker warning if the same bare names are matched and exempt, for a common name alone does not exempt', () => {
    const same = aged({ match: select({ users: ['bob'] }), exempt: select({ users: ['bob'] }) })
    expect(review([same])).toEqual([
      { policy: same, path: ['exempt'], message: expect.stringContaining('certificate') as string },
    ])
  })

  it('can come from `protect`, alone or together with `exempt`', () => {
    const bob = aged({ match: select({ users: ['user:bob', 'user:carol'] }) })
    expect(places([bob], { protect: [entry('bob'), entry('c*')] })).toEqual(['max-session-age name'])
    expect(places([{ ...bob, exempt: select({ users: ['carol'] }) }], { protect: [entry('bob')] })).toEqual([
      'max-session-age name',
    ])
    expect(places([bob], { protect: [entry('bob')] })).toEqual([])
  })

  it('has one warning if all users are protected', () => {
    const protect = [entry('alice'), entry('*')]
    expect(places([aged(), named('bans', policy('banned-users', { users: ['bob'] }))], { protect })).toEqual([
      ' protect users',
    ])
  })
})

describe('an entry that never applies', () => {
  const at = (instant: Instant) => new Date(instant).toISOString()

  it('has a warning if it begins when the policy, or the entry that names its group, has ended', () => {
    const later = { from: NOON + 2 * DAY, until: undefined }
    const users = [{ pattern: 'mallory', from: at(later.from) }, { pattern: 'eve', from: at(NOON + HOUR) }, 'trudy']
    const until = NOON + 2 * DAY
    const exempting = { exempt: select({ users: [entry('a', later), 'b'] }) }
    expect(places([policy('banned-users', { users }, { until, ...exempting })])).toEqual([
      'banned-users exempt users 0',
      'banned-users users 0',
    ])
    expect(places([policy('banned-users', { users }, { until: until + 1, ...exempting })])).toEqual([])
    // An entry of a group has the later beginning and the earlier end of both.
    const ofGroup = entry('p', { from: NOON + 2 * DAY, until: NOON + DAY })
    expect(places([aged()], { protect: [ofGroup, entry('q', later)] })).toEqual([' protect users 0'])
  })
})

describe('hours of a policy that lasts from an instant to another', () => {
  it('have a warning if the policy ends before they can be violated', () => {
    // A Saturday, in Berlin.
    const from = Date.parse('2031-11-29T00:00:00+01:00')
    const monday = from + 2 * DAY
    const warned = (keys: Record<string, unknown>, period: Partial<Policy>) => places([hours(keys, period)])
    const [denied, allowed] = [{ denied: [{ days: 'mon-fri' }] }, { allowed: [{ days: 'sat-sun' }] }]
    for (const [keys, path] of [
      [denied, 'off-hours denied'],
      [allowed, 'off-hours allowed'],
    ] as const) {
      expect(warned(keys, { from, until: monday })).toEqual([path])
      expect(warned(keys, { from, until: monday + 1 })).toEqual([])
      expect(warned(keys, { from: from - 1, until: monday })).toEqual([])
    }
    expect(warned({ denied: [{ days: 'sat-sun' }] }, { from, until: monday })).toEqual([])
    expect(warned(denied, { until: monday })).toEqual([])
  })
})

describe('an expired entry', () => {
  const expired = { until: NOON }
  const soon = { until: NOON + 1 }
  const at = (instant: Instant) => new Date(instant).toISOString()

  it('has a warning in bans, exemptions and `protect`', () => {
    const users = [
      'mallory',
      { pattern: 'trudy', until: at(NOON) },
      { pattern: 'eve', from: at(NOON - 2 * DAY), until: at(NOON - DAY) },
    ]
    const exempt = select({ users: ['a', entry('b', expired)], regions: [entry('eu-*', expired)] })
    expect(places([policy('banned-users', { users }, { exempt })], { protect: [entry('p', expired)] })).toEqual([
      ' protect users 0 until',
      'banned-users exempt users 1 until',
      'banned-users exempt regions 0 until',
      'banned-users users 1 until',
      'banned-users users 2 until',
    ])
  })

  it('is not one that is in effect or begins later', () => {
    const users = [
      { pattern: 'trudy', until: at(NOON + 1) },
      { pattern: 'eve', from: at(NOON + DAY), until: at(NOON + 2 * DAY) },
    ]
    const exempt = select({ users: [entry('b', soon)] })
    expect(places([policy('banned-users', { users }, { exempt })], { protect: [entry('p', soon)] })).toEqual([])
  })
})

describe('a policy with `from` and `until`', () => {
  const denied = (different: Partial<Policy>) => hours({ denied: [{}] }, different)

  it('has one warning, and no other, when it is over', () => {
    const users = [{ pattern: 'eve', until: '2026-01-01T00:00:00Z' }]
    expect(places([policy('banned-users', { users }, { until: NOON })])).toEqual(['banned-users until'])
    expect(places([aged({ until: NOON + 1 })])).toEqual([])
    expect(places([denied({ until: NOON - DAY })])).toEqual(['off-hours until'])
  })

  it('may deny all hours if it ends within the year', () => {
    expect(places([denied({ from: NOON + DAY, until: NOON + 3 * DAY })])).toEqual([])
    expect(places([denied({ from: NOON + DAY })])).toEqual(['off-hours denied'])
  })

  it('has a warning about a change of the clocks only while it is in force', () => {
    const night = (different: Partial<Policy>) => hours({ denied: [{ hours: '01:30-05:00' }] }, different)
    const change = Date.parse('2027-03-28T01:00:00Z')
    expect(places([night({ until: change - DAY })])).toEqual([])
    expect(places([night({ from: change - DAY, until: change + DAY })])).toEqual(['off-hours denied'])
  })

  it('makes no other policy superfluous that is in force for longer', () => {
    const strict = (different: Partial<Policy>) => named('strict', aged(different, '1h'))
    expect(places([strict({}), aged({ from: NOON, until: NOON + 1 })])).toEqual(['max-session-age name'])
    const same = { from: NOON, until: NOON + DAY }
    expect(places([strict(same), aged(same)])).toEqual(['max-session-age name'])
    expect(places([strict({ ...same, from: NOON + 1 }), aged(same)])).toEqual([])
    expect(places([strict({ ...same, until: NOON + 2 }), aged({ until: NOON + 1 })])).toEqual([])
    expect(places([strict(same), aged()])).toEqual([])
    expect(places([strict({ until: NOON }), aged({ until: NOON })])).toEqual(['strict until', 'max-session-age until'])
  })
})

describe('hours', () => {
  const always = { allowed: [{}] }

  it('have a warning if they never open within a year', () => {
    const closed = closedHours({ ...always, closed: ['years'] }, { years: range('2026-01-01', '2028-01-01') })
    expect(places([closed])).toEqual(['off-hours allowed'])
  })

  it('have no warning if they open after eleven months', () => {
    const closed = closedHours({ ...always, closed: ['months'] }, { months: range('2026-01-01', '2027-10-20') })
    expect(places([closed])).toEqual([])
  })

  it('have a warning if they never close, and none if they close for one day', () => {
    expect(places([hours(always)])).toEqual(['off-hours allowed'])
    expect(places([hours({ denied: [{ hours: '00:00-12:00' }, { hours: '12:00-00:00' }] })])).toEqual([
      'off-hours denied',
    ])
    const christmas = closedHours({ ...always, closed: ['day'] }, { day: range('2026-12-25', '2026-12-25') })
    expect(places([christmas])).toEqual([])
  })

  it('have a warning at a window that never opens', () => {
    const allowed = [{ days: 'mon-fri', hours: '08:00-17:00' }, { days: 'sat' }]
    // Every Saturday from 2026-11-14 for sixty weeks.
    const saturdays = Array.from({ length: 60 }, (_, week) => {
      const day = new Date(Date.UTC(2026, 10, 14) + week * 7 * DAY).toISOString().slice(0, 10)
      return range(day, day)
    })
    const calendar = { dates: saturdays.flatMap(({ dates }) => dates), yearly: [] }
    expect(places([closedHours({ allowed, closed: ['sat'] }, { sat: calendar })])).toEqual(['off-hours allowed 1'])
    const shorter = { ...calendar, dates: calendar.dates.slice(0, 20) }
    expect(places([closedHours({ allowed, closed: ['sat'] }, { sat: shorter })])).toEqual([])
  })

  const warningsOf = (keys: Record<string, unknown>, now = NOON) =>
    review([hours(keys)], { now }).map(({ path, message }) => [path.join(' '), message])

  it('have one warning for all days on which the clocks remove, lengthen or shorten a window', () => {
    const denied = [{ hours: '02:00-03:00' }, { days: 'sun', hours: '02:30-06:00' }]
    const [[path, message] = [], ...more] = warningsOf({ denied })
    expect(more).toEqual([])
    expect(path).toBe('denied')
    for (const part of [
      'on Sun 2027-03-28 the window 02:00-03:00 does not exist',
      'on Sun 2027-03-28 the window 02:30-06:00 lasts 2h30m instead of 3h30m',
      'on Sun 2027-10-31 the window 02:00-03:00 lasts 2h instead of 1h',
      'on Sun 2027-10-31 the window 02:30-06:00 lasts 4h30m instead of 3h30m',
    ]) {
      expect(message).toContain(part)
    }
    expect(message?.match(/ on /g)).toHaveLength(4)
  })

  it.each([
    ['on other days', { denied: [{ days: 'mon-sat', hours: '02:00-03:00' }] }],
    ['in a zone without summer time', { timeZone: 'Asia/Tokyo', denied: [{ hours: '02:00-03:00' }] }],
    ['on weekdays, through the night', { denied: [{ days: 'mon-thu', hours: '22:00-06:00' }] }],
    ['up to the change', { denied: [{ hours: '22:00-02:00' }] }],
    ['from the change on', { denied: [{ hours: '03:00-04:00' }] }],
    ['twice the same half hour', { denied: [{ hours: '02:15-02:45' }] }],
    ['on whole days', { denied: [{ days: ['sat', 'sun'] }] }],
  ])('have no warning if their windows keep the written length: %s', (_what, keys) => {
    expect(warningsOf(keys)).toEqual([])
  })

  it('have a warning with the day on which a window across a change begins', () => {
    const [[, message] = []] = warningsOf({ denied: [{ hours: '22:00-06:00' }] })
    expect(message).toContain('Sat 2027-03-27 the window 22:00-06:00 lasts 7h instead of 8h')
    expect(message).toContain('Sat 2027-10-30 the window 22:00-06:00 lasts 9h instead of 8h')
  })

  it('have a warning at a window whose last date has passed', () => {
    const christmas = hours({
      denied: [{ days: 'mon' }, { dates: ['2026-12-01', '2026-12-24'], hours: '22:00-02:00' }],
    })
    const at = (now: string) => places([christmas], { now: Date.parse(now) })
    expect(at('2026-12-24T23:59:59+01:00')).toEqual([])
    expect(at('2026-12-25T00:00:00+01:00')).toEqual(['off-hours denied 1 dates'])
  })

  it('have a warning at a calendar whose last date has passed', () => {
    const past = range('2026-12-24', '2026-12-26')
    const calendars = {
      past,
      longer: range('2027-01-01', '2027-01-01'),
      yearly: { dates: [], yearly: [date('2026-05-01')] },
    }
    const at = (now: string, made: Policy) => places([made], { now: Date.parse(now) })
    const allowed = closedHours({ allowed: [{ days: 'mon' }], closed: ['longer', 'past', 'yearly'] }, calendars)
    expect(at('2026-12-26T23:59:59+01:00', allowed)).toEqual([])
    expect(at('2026-12-27T00:00:00+01:00', allowed)).toEqual(['off-hours closed 1'])
    const denied = [{ days: 'mon' }, { days: 'tue', timeZone: 'America/New_York' }]
    const except = closedHours({ denied, except: ['past'] }, calendars)
    expect(at('2026-12-26T23:59:59-05:00', except)).toEqual([])
    expect(at('2026-12-27T00:00:00-05:00', except)).toEqual(['off-hours except 0'])
  })

  it('have a warning at a calendar from a file once its events recur no longer', () => {
    const series = (until: string | undefined): Calendar => ({
      dates: [],
      yearly: [],
      recurring: [
        {
          from: date('2020-01-06'),
          until: until === undefined ? undefined : date(until),
          every: 'week',
          interval: 1,
          weekStart: 1,
          on: [{ days: [1] }],
          except: [],
          lengthDays: 3,
        },
      ],
    })
    const closed = (until: string | undefined) =>
      places([closedHours({ allowed: [{ days: 'mon-fri' }], closed: ['file'] }, { file: series(until) })], {
        now: Date.parse('2026-12-23T12:00:00+01:00'),
      })
    expect(closed('2026-12-20')).toEqual(['off-hours closed 0'])
    expect(closed('2026-12-21')).toEqual([])
    expect(closed(undefined)).toEqual([])
  })

  it('have both warnings if no date is left', () => {
    const past = { dates: ['2026-01-01'] }
    expect(places([hours({ allowed: [past] })])).toEqual(['off-hours allowed 0 dates', 'off-hours allowed'])
    expect(places([hours({ denied: [past] })])).toEqual(['off-hours denied 0 dates', 'off-hours denied'])
  })

  it('may wait for a date in years, except to allow anybody', () => {
    const freeze = { dates: ['2031-12-24'] }
    expect(places([hours({ denied: [freeze] })])).toEqual([])
    expect(places([hours({ allowed: [{ days: 'mon' }, freeze] })])).toEqual([])
    expect(places([hours({ allowed: [freeze] })])).toEqual(['off-hours allowed'])
  })

  it('are distorted only where a window opens on the day, in its own zone', () => {
    const night = { hours: '02:00-03:00' }
    expect(places([hours({ denied: [{ months: 'apr-sep', ...night }] })])).toEqual([])
    expect(places([hours({ denied: [{ days: 'sun', weeks: [1], ...night }] })])).toEqual([])
    expect(places([hours({ denied: [{ timeZone: 'Asia/Tokyo', ...night }] })])).toEqual([])
    const messages = warningsOf({
      denied: [
        { days: 'sun', weeks: ['last'], ...night },
        { timeZone: 'America/New_York', ...night },
      ],
    })
    expect(messages.map(([path]) => path)).toEqual(['denied', 'denied'])
    expect(messages[0]?.[1]).toContain('in Europe/Berlin: on Sun 2027-03-28 the window 02:00-03:00 does not exist')
    expect(messages[1]?.[1]).toContain('in America/New_York: on Sun 2027-03-14 the window 02:00-03:00 does not exist')
  })

  it('have a warning about an offset at the zone of a window, and none about a zone that no window uses', () => {
    expect(places([hours({ timeZone: 'EST', denied: [{ days: 'mon', timeZone: 'EST' }] })])).toEqual([
      'off-hours denied 0 timeZone',
    ])
  })

  it('are not distorted on a closed date', () => {
    const keys = { allowed: [{ days: 'sun', hours: '02:00-03:00' }], closed: ['change'] }
    const both = { dates: ['2027-03-28', '2027-10-31'].flatMap((day) => range(day, day).dates), yearly: [] }
    expect(places([closedHours(keys, { change: both })])).toEqual([])
    expect(places([closedHours(keys, { change: range('2027-03-28', '2027-03-28') })])).toEqual(['off-hours allowed'])
  })
})

describe('a window that leaves out a minute', () => {
  const indexes = (keys: Record<string, unknown>) =>
    places([hours({ timeZone: 'UTC', ...keys })]).filter((place) => /\d$/.test(place))

  it.each([
    ['a whole day until 23:59', { allowed: [{ hours: '00:00-23:59' }] }, ['allowed 0']],
    ['a day of the week until 23:59', { denied: [{ days: 'sat', hours: '00:00-23:59' }] }, ['denied 0']],
    ['an evening until 23:59', { allowed: [{ days: 'mon-fri', hours: '18:00-23:59' }] }, ['allowed 0']],
    ['a night in two halves', { allowed: [{ hours: '22:00-23:59' }, { hours: '00:00-06:00' }] }, ['allowed 0']],
    ['a day in two halves', { allowed: [{ hours: '08:00-11:59' }, { hours: '12:00-18:00' }] }, ['allowed 0']],
    ['a date until 23:59', { allowed: [{ dates: ['2026-12-24'], hours: '00:00-23:59' }] }, ['allowed 0']],
    [
      'a day of the same months in two halves',
      {
        allowed: [
          { months: 'dec', hours: '08:00-11:59' },
          { months: 'dec', hours: '12:00-18:00' },
        ],
      },
      ['allowed 0'],
    ],
    [
      'the last night of the week',
      {
        denied: [
          { days: 'sun', hours: '22:00-05:59' },
          { days: 'mon', hours: '06:00-08:00' },
        ],
      },
      ['denied 0'],
    ],
  ])('has a warning: %s', (_what, keys, expected) => {
    expect(indexes(keys)).toEqual(expected.map((place) => `off-hours ${place}`))
  })

  it.each([
    ['the whole day', { allowed: [{ days: 'mon-fri', hours: '00:00-24:00' }] }],
    ['another window has the minute', { allowed: [{ hours: '18:00-23:59' }, { hours: '23:30-02:00' }] }],
    [
      'windows in different months',
      {
        allowed: [
          { months: 'jan', hours: '08:00-11:59' },
          { months: 'feb', hours: '12:00-18:00' },
        ],
      },
    ],
    [
      'windows in different zones',
      { allowed: [{ hours: '08:00-11:59' }, { hours: '12:00-18:00', timeZone: 'Asia/Tokyo' }] },
    ],
    [
      'a window of every day has the minute',
      { allowed: [{ dates: ['2026-12-24'], hours: '00:00-23:59' }, { hours: '23:00-24:00' }] },
    ],
    ['two minutes between two windows', { allowed: [{ hours: '08:00-11:58' }, { hours: '12:00-18:00' }] }],
    ['windows that touch', { denied: [{ hours: '08:00-12:00' }, { hours: '12:00-18:00' }] }],
  ])('but not: %s', (_what, keys) => {
    expect(indexes(keys)).toEqual([])
  })

  it('is found wherever the clock shows a closed minute between two open ones', () => {
    const hour = fc.constantFrom(0, 359, 360, 719, 720, 1080, 1439, 1440)
    const day = fc.constantFrom<Weekday>(1, 2, 6, 7)
    const window = fc
      .record({ days: fc.uniqueArray(day, { minLength: 1 }), fromMinute: hour, toMinute: hour })
      .filter(({ fromMinute, toMinute }) => fromMinute < 1440 && toMinute > 0 && fromMinute !== toMinute)
    fc.assert(
      fc.property(fc.array(window, { minLength: 1, maxLength: 3 }), (windows) => {
        const at = createTimeWindows('UTC', windows, closedDates([]))
        const monday = Date.parse('2026-11-23T00:00Z')
        const isOpen = (minute: number) => at.at(monday + minute * MINUTE).open
        const week = Array.from({ length: 7 * 1440 }, (_, minute) => minute)
        const ends = week.filter((minute) => isOpen(minute - 1) && !isOpen(minute))
        const gaps = ends.filter((minute) => isOpen(minute + 1) || minute % 1440 === 1439)
        expect(minuteGapWarnings('allowed', windows).length > 0).toBe(gaps.length > 0)
      }),
    )
  })
})

describe('a zone that is an offset', () => {
  const always = { allowed: [{ days: 'mon', hours: '08:00-18:00' }] }
  const warningsOf = (timeZone: string) =>
    review([hours({ ...always, timeZone })]).filter(({ path }) => path[0] === 'timeZone')

  it.each([
    ['EST', 'UTC-05:00', 'America/New_York'],
    ['MST', 'UTC-07:00', 'America/Phoenix'],
    ['hst', 'UTC-10:00', 'Pacific/Honolulu'],
    ['Etc/GMT-1', 'UTC+01:00', 'Europe/Berlin'],
    ['Etc/GMT+5', 'UTC-05:00', 'Europe/Berlin'],
    ['GMT', 'UTC', 'Europe/London'],
  ])('has a warning with what it means and what to write: %s', (zone, meaning, place) => {
    const [warning] = warningsOf(zone)
    expect(warning?.message).toContain(`${zone} is ${meaning} `)
    expect(warning?.message).toContain(place)
  })

  it.each(['UTC', 'Etc/UTC', 'Europe/London', 'EST5EDT', 'America/Phoenix'])('but not %s', (zone) => {
    expect(warningsOf(zone)).toEqual([])
  })
})

describe('a superfluous policy', () => {
  const wide = named('wide', aged())
  const narrow = named('narrow', aged({ match: select({ users: ['ext-*'] }) }, '10h'))

  it('has a warning, before or after the stricter policy', () => {
    expect(places([wide, narrow])).toEqual(['narrow name'])
    expect(places([narrow, wide])).toEqual(['narrow name'])
  })

  it('is the later one of equivalent policies', () => {
    expect(places([wide, named('again', wide), named('and again', wide)])).toEqual(['again name', 'and again name'])
  })

  it.each([
    ['it is stricter', aged({ match: narrow.match }, '6h')],
    ['the other exempts a user', narrow, { ...wide, exempt: select({ users: ['ext-boss'] }) }],
    ['the other matches less', narrow, { ...wide, match: select({ users: ['ext-a*'] }) }],
    ['the other matches names only', { ...narrow, match: undefined }, { ...wide, match: select({ users: ['*'] }) }],
    ['the other does not act', narrow, { ...wide, mode: 'audit' as const }],
    ['the other gives grace', narrow, { ...wide, graceMs: 1 }],
    ['the guard may hold the other', { ...narrow, guard: 'off' as const }],
    ['it has a cooldown', { ...narrow, cooldownMs: HOUR }],
    ['it is of another kind', policy('max-transfer', { total: '1GiB' })],
  ])('is not one if %s', (_why, other, by: Policy = wide) => {
    expect(places([by, named('narrow', other)])).toEqual([])
  })

  const on = (source: string) => aged({ match: selectEndpoints(source) })
  it.each([
    ['tag:env=*', 'tag:env=prod', true],
    ['tag:env', 'tag:env=prod', true],
    ['tag:env=prod', 'tag:env', false],
    ['tag:env=p*', 'tag:Env=prod', false],
    ['tag:env=P*', 'tag:env=prod', false],
    ['*', 'tag:env', true],
    ['*', 'berlin', true],
    ['b*', 'BERLIN', true],
    ['b*', 'tag:Name=berlin', false],
    ['?*', ENDPOINT, false],
    ['cvpn-*', ENDPOINT, true],
    ['cvpn-*', 'berlin', false],
    ['cvpn-*', '*', false],
  ])('for endpoints %s makes one for endpoints %s superfluous: %s', (wider, narrower, expected) => {
    const found = places([on(wider), named('narrow', on(narrower))], { places: undefined })
    expect(found.includes('narrow name')).toBe(expected)
  })

  it('is one that exempts all users that the other exempts', () => {
    const exempt = select({ users: ['ext-boss'] })
    expect(
      places([
        { ...wide, exempt },
        { ...narrow, exempt: select({ users: ['ext-b*'] }) },
      ]),
    ).toEqual(['narrow name'])
  })

  const judged = (kind: string, strict: Record<string, unknown>, other: Record<string, unknown>) =>
    places([named('strict', policy(kind, strict)), named('other', policy(kind, other))])
  const berlin = (keys: Record<string, unknown>) => ({ timeZone: 'Europe/Berlin', ...keys })
  const workdays = { days: 'mon-fri', hours: '08:00-17:00' }

  it.each([
    [
      'banned-users',
      { users: ['a', 'b', '*@x.example'] },
      { users: ['b', 'c@x.example', { pattern: 'a', reason: 'x' }] },
    ],
    ['off-hours', berlin({ allowed: [workdays] }), berlin({ allowed: [workdays, { days: 'sat' }] })],
    ['off-hours', berlin({ denied: [workdays, { days: 'sat' }] }), berlin({ denied: [{ days: ['sat'] }] })],
    ['off-hours', berlin({ denied: [{ days: 'mon' }] }), berlin({ denied: [{ days: 'mon', months: 'dec' }] })],
    ['off-hours', berlin({ denied: [{ weeks: [1] }] }), berlin({ denied: [{ weeks: [1], days: 'mon' }] })],
    ['off-hours', berlin({ allowed: [{ months: 'dec', ...workdays }] }), berlin({ allowed: [workdays] })],
    ['max-transfer', { total: '1GiB' }, { ingress: '1GiB', total: '2GiB' }],
    ['max-sessions', { limit: 1 }, { limit: 2 }],
    ['max-sessions', { limit: 1, across: 'all' }, { limit: 2, across: 'all' }],
    ['posture', { deny: ['jailbroken', 'old'] }, { deny: ['old'] }],
    ['idle-timeout', { after: '30m' }, { after: 'PT30M', below: '60KiB' }],
  ])('is recognized by %s', (kind, strict, other) => {
    expect(judged(kind, strict, other)).toEqual(['other name'])
  })

  it.each([
    ['banned-users', { users: ['a'] }, { users: ['a', 'b'] }],
    ['banned-users', { users: [{ pattern: 'a', until: '2027-01-01T00:00:00Z' }] }, { users: ['user:a', 'cn:b'] }],
    ['banned-users', { users: ['user:a'] }, { users: ['a', 'b'] }],
    ['off-hours', berlin({ allowed: [workdays] }), { timeZone: 'Europe/Paris', allowed: [workdays] }],
    ['off-hours', berlin({ allowed: [workdays] }), berlin({ denied: [workdays] })],
    ['off-hours', berlin({ denied: [{ days: 'mon', months: 'dec' }] }), berlin({ denied: [{ days: 'mon' }] })],
    ['off-hours', berlin({ denied: [{ monthDays: [1] }] }), berlin({ denied: [{ monthDays: [-1] }] })],
    ['off-hours', berlin({ allowed: [workdays] }), berlin({ allowed: [{ ...workdays, timeZone: 'Asia/Tokyo' }] })],
    ['max-transfer', { ingress: '1GiB' }, { total: '1GiB' }],
    // If the count of received bytes is missing, only the second policy has a verdict.
    ['max-transfer', { total: '1GiB' }, { ingress: '1GiB' }],
    ['max-transfer', { ingress: '1GiB', egress: '1GiB' }, { ingress: '1GiB' }],
    ['max-sessions', { limit: 1 }, { limit: 2, evict: 'newest' }],
    // While an endpoint is blind, only the second policy ends anybody.
    ['max-sessions', { limit: 1, across: 'all' }, { limit: 2 }],
    ['max-sessions', { limit: 1 }, { limit: 2, across: 'all' }],
    ['max-sessions', { limit: 1 }, { limit: 2, countByCommonName: true }],
    ['posture', { deny: ['old'] }, { require: ['old'] }],
    // For counters that have not moved for six minutes, only the first policy has an unknown verdict.
    ['idle-timeout', { after: '15m', below: '60KiB' }, { after: '30m', below: '60KiB' }],
  ])('is not claimed without proof by %s', (kind, strict, other) => {
    expect(judged(kind, strict, other)).not.toContain('other name')
  })

  it('can be recognized by every kind', () => {
    expect(
      POLICY_KINDS.filter(({ covers, hours, isNamesAlone }) => (covers ?? hours ?? isNamesAlone) === undefined),
    ).toEqual([])
  })

  it('is the one that closes on fewer calendars', () => {
    const calendars = { may: range('2027-05-01', '2027-05-01'), june: range('2027-06-01', '2027-06-01') }
    const closing = (name: string, closed: readonly string[]) =>
      named(name, closedHours({ allowed: [workdays], closed }, calendars))
    expect(places([closing('one', ['may']), closing('two', ['june', 'may'])])).toEqual(['one name'])
    expect(places([closing('one', ['may']), closing('two', ['june'])])).toEqual([])
    const denying = (name: string, except: readonly string[]) =>
      named(name, closedHours({ denied: [workdays], except }, calendars))
    expect(places([denying('one', ['may']), denying('two', ['june', 'may'])])).toEqual(['two name'])
    expect(places([denying('one', ['may']), denying('two', ['june'])])).toEqual([])
  })
})

describe('a policy with facts of the door', () => {
  const NOTHING = { idpGroups: undefined, platform: undefined, publicIp: undefined, clientVersion: undefined }
  const ranges = (...sources: readonly string[]) =>
    sources.map((source) => {
      const parsed = parseAddressRange(source)
      if ('problem' in parsed) throw new Error(parsed.problem)
      return { pattern: parsed.pattern, from: undefined, until: undefined, reason: undefined }
    })
  const contractors: Selector = { ...select({}), door: { ...NOTHING, idpGroups: [entry('contractors')] } }
  const bans = (different: Partial<Policy>) => policy('banned-users', { users: ['mallory'] }, different)
  const messages = (policies: readonly Policy[]) => review(policies).map(({ message }) => message)

  it('has a note that says what only the door knows, what the daemon does, and what to do', () => {
    const both: Selector = { ...contractors, door: { ...NOTHING, platform: [entry('win')], publicIp: ranges('::1') } }
    expect(messages([bans({ match: contractors })])).toEqual([
      'only the connect handler knows idpGroups, so the daemon ends nobody under this policy: build the handler with it, and write a policy without "door" for those whom the daemon must end',
    ])
    expect(messages([bans({ match: both, exempt: contractors })])[0]).toMatch(
      /^only the connect handler knows idpGroups, platform and publicIp, so the daemon ends nobody under this policy: /,
    )
    expect(messages([bans({ exempt: contractors })])[0]).toMatch(
      /so the daemon ends nobody under this policy, because anybody may be exempt: build/,
    )
    expect(
      messages([bans({ exempt: { ...contractors, ...select({ users: ['bob'] }), door: contractors.door } })])[0],
    ).toMatch(/so the daemon ends nobody under this policy whom "users" of "exempt" select: build/)
    expect(review([bans({ match: contractors })])[0]?.isNote).toBe(true)
    expect(review([aged({ match: contractors })])[0]?.isNote).toBe(false)
    expect(messages([aged({ match: contractors })])[0]).toMatch(
      /: remove "door", because the handler does not judge max-session-age$/,
    )
    expect(places([bans({ match: contractors }), named('b', bans({ exempt: contractors }))])).toEqual([
      'banned-users match door',
      'b exempt door',
    ])
  })

  it('makes no other superfluous, but may be so itself', () => {
    const superfluous = (policies: readonly Policy[]) => places(policies).filter((place) => place.endsWith(' name'))
    expect(superfluous([bans({ match: contractors }), named('b', bans({}))])).toEqual(['banned-users name'])
    expect(superfluous([bans({ match: contractors }), named('b', bans({ match: contractors }))])).toEqual([])
    expect(superfluous([bans({ exempt: contractors }), named('b', bans({ exempt: contractors }))])).toEqual([])
  })

  it('does not exempt everybody', () => {
    expect(places([bans({ exempt: contractors })])).toEqual(['banned-users exempt door'])
    const everywhere: Selector = { ...select({ regions: ['*'] }), door: contractors.door }
    expect(places([bans({ exempt: everywhere })])).toEqual(['banned-users exempt door'])
  })

  it('has a warning at an entry that is over, or that no public address matches', () => {
    const over = { ...entry('contractors'), until: NOON }
    const publicIp = ranges('203.0.113.0/24', '10.0.0.0/8', '8.0.0.0/6', '100.64.0.1', 'fd00::/8', '0.0.0.0/0')
    expect(places([bans({ exempt: { ...contractors, door: { ...NOTHING, idpGroups: [over], publicIp } } })])).toEqual([
      'banned-users exempt door idpGroups 0 until',
      'banned-users exempt door',
      'banned-users exempt door publicIp 1',
      'banned-users exempt door publicIp 3',
      'banned-users exempt door publicIp 4',
    ])
  })

  it('has a note at a platform and a version that no client reports', () => {
    const notes = (facts: Partial<NonNullable<Selector['door']>>) =>
      review([bans({ match: { ...select({}), door: { ...NOTHING, ...facts } } })])
        .slice(1)
        .map(({ path, message, isNote }) => [path.at(-1), /write "(.*)"$/.exec(message)?.[1], isNote])
    const platform = ['win', 'windows', 'Windows*', 'macOS', 'mac*', 'darwin', '*'].map((source) => entry(source))
    expect(notes({ platform })).toEqual([
      [1, 'win', true],
      [2, 'win', true],
      [3, 'mac', true],
      [5, 'mac', true],
    ])
    const versions = ['5.2.1', '5.*', '5.2', 'v5.2', 'V5.2.1', 'v5.*', '4', '< 5.2', 'unknown']
    const clientVersion = versions.map((source) => {
      const parsed = parseVersionPattern(source)
      if ('problem' in parsed) throw new Error(parsed.problem)
      return { pattern: parsed.pattern, from: undefined, until: undefined, reason: undefined }
    })
    expect(notes({ clientVersion })).toEqual([
      [2, '5.2.*', true],
      [3, '5.2.*', true],
      [4, '5.2.1', true],
      [5, '5.*', true],
      [6, '4.*', true],
    ])
  })
})

describe('a pattern that covers another', () => {
  const glob = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '😀'), maxLength: 6 })
  const name = fc.string({ unit: fc.constantFrom('a', 'b', '😀'), maxLength: 6 })

  it('matches every name that the other matches', () => {
    fc.assert(
      fc.property(glob, glob, fc.array(name, { maxLength: 60 }), (wide, narrow, names) => {
        fc.pre(coversGlob(globTokens(wide), globTokens(narrow)))
        for (const one of names) if (matchesGlob(narrow, one)) expect(matchesGlob(wide, one)).toBe(true)
      }),
      { numRuns: fuzzRuns(500) },
    )
  })

  it.each([
    ['*', ''],
    ['*?', '?*'],
    ['?*', 'a*'],
    ['a*b*', 'a?b'],
    ['*@corp.example', 'ext-*@corp.example'],
    ['??*', '*?**?'],
  ])('%s covers %s', (wide, narrow) => {
    expect(coversGlob(globTokens(wide), globTokens(narrow))).toBe(true)
  })

  it.each([
    ['?', '*'],
    ['?*', '*'],
    ['a', 'a*'],
    ['a*b', 'a*'],
    ['??', '😀'],
  ])('%s does not cover %s', (wide, narrow) => {
    expect(coversGlob(globTokens(wide), globTokens(narrow))).toBe(false)
  })
})
