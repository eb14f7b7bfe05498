import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { coversGlob, globTokens } from '../../src/advice/glob-cover.ts'
import { policyWarnings, type Reviewed } from '../../src/advice/policy-warnings.ts'
import { matchesGlob } from '../../src/domain/names/pattern.ts'
import type { UserEntry } from '../../src/domain/names/user-list.ts'
import type { Policy, Selector } from '../../src/domain/policies/policy.ts'
import { POLICY_KINDS } from '../../src/domain/policies/registry.ts'
import type { Calendar } from '../../src/domain/time/calendar.ts'
import { DAY, HOUR, type Instant } from '../../src/domain/time/instant.ts'
import { ENDPOINT, entry, NOON, PLACE, policy } from '../domain/build.ts'

const OTHER_PLACE = { endpointId: 'cvpn-endpoint-0123456789abcdef1', region: 'us-east-1' }
const PLACES = [PLACE, OTHER_PLACE]

const select = (lists: Readonly<Partial<Record<keyof Selector, readonly (string | UserEntry)[]>>>): Selector => {
  const of = (list: keyof Selector) => lists[list]?.map((one) => (typeof one === 'string' ? entry(one) : one))
  return { users: of('users'), endpoints: of('endpoints'), regions: of('regions') }
}

const review = (policies: readonly Policy[], different: Partial<Reviewed> = {}) =>
  policyWarnings({ policies, protect: [], places: PLACES, now: NOON, ...different })

/** Which policy is warned of, and where in it. */
const places = (policies: readonly Policy[], different: Partial<Reviewed> = {}) =>
  review(policies, different).map((warning) => [warning.policy?.name, ...warning.path].join(' '))

const aged = (different: Partial<Policy> = {}, maxAge = '8h') => policy('max-session-age', { maxAge }, different)
const named = (name: string, made: Policy): Policy => ({ ...made, name })
const hours = (keys: Record<string, unknown>, different: Partial<Policy> = {}) =>
  policy('off-hours', { timeZone: 'Europe/Berlin', ...keys }, different)

/** With calendars, which the builder's policies do not have. */
const closedHours = (keys: Record<string, unknown>, calendars: Readonly<Record<string, Calendar>>): Policy => {
  const made = hours(keys)
  const rule = made.kind.bind(made.kind.keys.parse({ timeZone: 'Europe/Berlin', ...keys }) as never, {
    patterns: () => undefined,
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

describe('a policy that matches nothing that is watched', () => {
  it.each([
    ['the endpoint', { endpoints: ['cvpn-endpoint-0123456789abcdef7'] }],
    ['the Region', { regions: ['eu-west-*'] }],
    ['both at once', { endpoints: [ENDPOINT], regions: ['us-east-1'] }],
  ])('is named: %s', (_what, match) => {
    expect(places([aged({ match: select(match) })])).toEqual(['max-session-age match'])
  })

  it('is not, where one endpoint satisfies it, or where nobody knows what is watched', () => {
    expect(places([aged({ match: select({ endpoints: [ENDPOINT.toUpperCase()], regions: ['eu-*'] }) })])).toEqual([])
    const elsewhere = aged({ match: select({ endpoints: ['cvpn-endpoint-0123456789abcdef7'] }) })
    expect(places([elsewhere], { places: undefined })).toEqual([])
  })
})

describe('an exemption of all that the policy matches', () => {
  const exempting = (exempt: Parameters<typeof select>[0], match?: Parameters<typeof select>[0], kind = aged()) =>
    places([{ ...kind, exempt: select(exempt), match: match && select(match) }])

  it.each([
    ['a bare star', exempting({ users: ['*'] })],
    ['a star for each of both names', exempting({ users: ['user:*', 'cn:*'] })],
    ['the same names', exempting({ users: ['user:bob', 'cn:*'] }, { users: ['user:bob', 'cn:kiosk-*'] })],
    ['wider patterns', exempting({ users: ['user:*@corp.example'] }, { users: ['user:ext-?*@corp.example'] })],
    ['every endpoint', exempting({ endpoints: ['cvpn-*'] })],
    ['the endpoints of the policy', exempting({ regions: ['eu-*'] }, { endpoints: [ENDPOINT] })],
    ['all who are banned', exempting({ users: ['*'] }, undefined, policy('banned-users', { users: ['mallory'] }))],
  ])('is named: %s', (_what, found) => {
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
  ])('is not named: %s', (_what, found) => {
    expect(found).toEqual([])
  })

  it('is half of one where bare names are both matched and exempt: the common name alone does not exempt', () => {
    const same = aged({ match: select({ users: ['bob'] }), exempt: select({ users: ['bob'] }) })
    expect(review([same])).toEqual([
      { policy: same, path: ['exempt'], message: expect.stringContaining('certificate') as string },
    ])
  })

  it('may be the work of `protect`, alone or together with `exempt`', () => {
    const bob = aged({ match: select({ users: ['user:bob', 'user:carol'] }) })
    expect(places([bob], { protect: [entry('bob'), entry('c*')] })).toEqual(['max-session-age name'])
    expect(places([{ ...bob, exempt: select({ users: ['carol'] }) }], { protect: [entry('bob')] })).toEqual([
      'max-session-age name',
    ])
    expect(places([bob], { protect: [entry('bob')] })).toEqual([])
  })

  it('is said once where everybody is protected', () => {
    const protect = [entry('alice'), entry('*')]
    expect(places([aged(), named('bans', policy('banned-users', { users: ['bob'] }))], { protect })).toEqual([
      ' protect users',
    ])
  })
})

describe('an entry that is over', () => {
  const over = { until: NOON }
  const soon = { until: NOON + 1 }
  const at = (instant: Instant) => new Date(instant).toISOString()

  it('is named in bans, exemptions and `protect`', () => {
    const users = [
      'mallory',
      { pattern: 'trudy', until: at(NOON) },
      { pattern: 'eve', from: at(NOON - 2 * DAY), until: at(NOON - DAY) },
    ]
    const exempt = select({ users: ['a', entry('b', over)], regions: [entry('eu-*', over)] })
    expect(places([policy('banned-users', { users }, { exempt })], { protect: [entry('p', over)] })).toEqual([
      ' protect users 0 until',
      'banned-users exempt users 1 until',
      'banned-users exempt regions 0 until',
      'banned-users users 1 until',
      'banned-users users 2 until',
    ])
  })

  it('is not, as long as it counts or is still to come', () => {
    const users = [
      { pattern: 'trudy', until: at(NOON + 1) },
      { pattern: 'eve', from: at(NOON + DAY), until: at(NOON + 2 * DAY) },
    ]
    const exempt = select({ users: [entry('b', soon)] })
    expect(places([policy('banned-users', { users }, { exempt })], { protect: [entry('p', soon)] })).toEqual([])
  })
})

describe('hours', () => {
  const everywhen = { allowed: [{}] }

  it('that never open within a year are named', () => {
    const closed = closedHours({ ...everywhen, closed: ['years'] }, { years: range('2026-01-01', '2028-01-01') })
    expect(places([closed])).toEqual(['off-hours allowed'])
  })

  it('that open after eleven months are not', () => {
    const closed = closedHours({ ...everywhen, closed: ['months'] }, { months: range('2026-01-01', '2027-10-20') })
    expect(places([closed])).toEqual([])
  })

  it('that never close are named, and not those that close for one day', () => {
    expect(places([hours(everywhen)])).toEqual(['off-hours allowed'])
    expect(places([hours({ denied: [{ hours: '00:00-12:00' }, { hours: '12:00-00:00' }] })])).toEqual([
      'off-hours denied',
    ])
    const christmas = closedHours({ ...everywhen, closed: ['day'] }, { day: range('2026-12-25', '2026-12-25') })
    expect(places([christmas])).toEqual([])
  })

  it('of which one window never opens are named at that window', () => {
    const allowed = [{ days: 'mon-fri', hours: '08:00-17:00' }, { days: 'sat' }]
    // Every Saturday from 2026-11-14 for sixty weeks.
    const saturdays = Array.from({ length: 60 }, (_, week) => {
      const day = new Date(Date.UTC(2026, 10, 14) + week * 7 * DAY).toISOString().slice(0, 10)
      return range(day, day)
    })
    const calendar = { dates: saturdays.flatMap(({ dates }) => dates), yearly: [] }
    expect(places([closedHours({ allowed, closed: ['sat'] }, { sat: calendar })])).toEqual(['off-hours allowed 1'])
    const spared = { ...calendar, dates: calendar.dates.slice(0, 20) }
    expect(places([closedHours({ allowed, closed: ['sat'] }, { sat: spared })])).toEqual([])
  })

  const said = (keys: Record<string, unknown>, now = NOON) =>
    review([hours(keys)], { now }).map(({ path, message }) => [path.join(' '), message])

  it('that the clocks swallow, double or cut are named day by day, once a policy', () => {
    const denied = [{ hours: '02:00-03:00' }, { days: 'sun', hours: '02:30-06:00' }]
    const [[path, message] = [], ...more] = said({ denied })
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
  ])('that keep to what is written are not named: %s', (_what, keys) => {
    expect(said(keys)).toEqual([])
  })

  it('that run through a change are named with the day on which they begin', () => {
    const [[, message] = []] = said({ denied: [{ hours: '22:00-06:00' }] })
    expect(message).toContain('Sat 2027-03-27 the window 22:00-06:00 lasts 7h instead of 8h')
    expect(message).toContain('Sat 2027-10-30 the window 22:00-06:00 lasts 9h instead of 8h')
  })

  it('on a closed date are not distorted', () => {
    const keys = { allowed: [{ days: 'sun', hours: '02:00-03:00' }], closed: ['change'] }
    const both = { dates: ['2027-03-28', '2027-10-31'].flatMap((day) => range(day, day).dates), yearly: [] }
    expect(places([closedHours(keys, { change: both })])).toEqual([])
    expect(places([closedHours(keys, { change: range('2027-03-28', '2027-03-28') })])).toEqual(['off-hours allowed'])
  })
})

describe('a policy that another one makes superfluous', () => {
  const wide = named('wide', aged())
  const narrow = named('narrow', aged({ match: select({ users: ['ext-*'] }) }, '10h'))

  it('is named, whichever comes first', () => {
    expect(places([wide, narrow])).toEqual(['narrow name'])
    expect(places([narrow, wide])).toEqual(['narrow name'])
  })

  it('is the later one of two that say the same', () => {
    expect(places([wide, named('again', wide), named('and again', wide)])).toEqual(['again name', 'and again name'])
  })

  it.each([
    ['it is stricter', aged({ match: narrow.match }, '6h')],
    ['the other exempts somebody', narrow, { ...wide, exempt: select({ users: ['ext-boss'] }) }],
    ['the other matches less', narrow, { ...wide, match: select({ users: ['ext-a*'] }) }],
    ['the other matches names only', { ...narrow, match: undefined }, { ...wide, match: select({ users: ['*'] }) }],
    ['the other does not act', narrow, { ...wide, mode: 'audit' as const }],
    ['the other gives grace', narrow, { ...wide, graceMs: 1 }],
    ['the guard may hold the other', { ...narrow, guard: 'off' as const }],
    ['it has a cooldown', { ...narrow, cooldownMs: HOUR }],
    ['it is of another kind', policy('max-transfer', { total: '1GiB' })],
  ])('is not, where %s', (_why, other, by: Policy = wide) => {
    expect(places([by, named('narrow', other)])).toEqual([])
  })

  it('is, where it exempts whom the other exempts', () => {
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
    ['max-transfer', { total: '1GiB' }, { ingress: '1GiB', total: '2GiB' }],
    ['max-sessions', { limit: 1 }, { limit: 2 }],
    ['posture', { deny: ['jailbroken', 'old'] }, { deny: ['old'] }],
    ['idle-timeout', { after: '30m' }, { after: 'PT30M', below: '60KiB' }],
  ])('is known to %s', (kind, strict, other) => {
    expect(judged(kind, strict, other)).toEqual(['other name'])
  })

  it.each([
    ['banned-users', { users: ['a'] }, { users: ['a', 'b'] }],
    ['banned-users', { users: [{ pattern: 'a', until: '2027-01-01T00:00:00Z' }] }, { users: ['user:a', 'cn:b'] }],
    ['banned-users', { users: ['user:a'] }, { users: ['a', 'b'] }],
    ['off-hours', berlin({ allowed: [workdays] }), { timeZone: 'Europe/Paris', allowed: [workdays] }],
    ['off-hours', berlin({ allowed: [workdays] }), berlin({ denied: [workdays] })],
    ['max-transfer', { ingress: '1GiB' }, { total: '1GiB' }],
    // Without a count of what was received only the second one can tell.
    ['max-transfer', { total: '1GiB' }, { ingress: '1GiB' }],
    ['max-transfer', { ingress: '1GiB', egress: '1GiB' }, { ingress: '1GiB' }],
    ['max-sessions', { limit: 1 }, { limit: 2, evict: 'newest' }],
    ['max-sessions', { limit: 1 }, { limit: 2, countByCommonName: true }],
    ['posture', { deny: ['old'] }, { require: ['old'] }],
    // Counters that stand still for six minutes leave the first one in doubt and not the second.
    ['idle-timeout', { after: '15m', below: '60KiB' }, { after: '30m', below: '60KiB' }],
  ])('is not guessed at by %s', (kind, strict, other) => {
    expect(judged(kind, strict, other)).not.toContain('other name')
  })

  it('is asked of every kind', () => {
    expect(
      POLICY_KINDS.filter(({ covers, hours, isNamesAlone }) => (covers ?? hours ?? isNamesAlone) === undefined),
    ).toEqual([])
  })

  it('has the other calendars closed too', () => {
    const calendars = { may: range('2027-05-01', '2027-05-01'), june: range('2027-06-01', '2027-06-01') }
    const closing = (name: string, closed: readonly string[]) =>
      named(name, closedHours({ allowed: [workdays], closed }, calendars))
    expect(places([closing('one', ['may']), closing('two', ['june', 'may'])])).toEqual(['one name'])
    expect(places([closing('one', ['may']), closing('two', ['june'])])).toEqual([])
  })
})

describe('a pattern that covers another', () => {
  const glob = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '😀'), maxLength: 6 })
  const name = fc.string({ unit: fc.constantFrom('a', 'b', '😀'), maxLength: 6 })

  it('hits every name that the other hits', () => {
    fc.assert(
      fc.property(glob, glob, fc.array(name, { maxLength: 60 }), (wide, narrow, names) => {
        fc.pre(coversGlob(globTokens(wide), globTokens(narrow)))
        for (const one of names) if (matchesGlob(narrow, one)) expect(matchesGlob(wide, one)).toBe(true)
      }),
      { numRuns: 500 },
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
