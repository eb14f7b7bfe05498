import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createDoor, type Door } from '../../../src/domain/door/door.ts'
import { requestOf } from '../../../src/domain/door/request.ts'
import type { Calendar } from '../../../src/domain/time/calendar.ts'
import type { Hours } from '../../../src/domain/time/hours.ts'
import { DAY, type Instant, MINUTE } from '../../../src/domain/time/instant.ts'
import { minuteText } from '../../../src/domain/time/local-text.ts'
import { slowRuns } from '../../fuzz-runs.ts'
import { policy } from '../build.ts'
import { doorRules } from './door-rules.ts'
import { request } from './requests.ts'

const ZONE = 'Europe/Berlin'
const WEEK = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
const SLOT = 30

/** The clock on the wall of a person in Berlin. */
const clock = new Intl.DateTimeFormat('en-GB', {
  timeZone: ZONE,
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
})
const wallAt = (at: Instant) => {
  const { year, month, day, hour, minute } = Object.fromEntries(
    clock.formatToParts(at).map(({ type, value }) => [type, value]),
  )
  return { date: `${year}-${month}-${day}`, minute: Number(hour) * 60 + Number(minute) }
}
const wallMinutes = (at: Instant) => Date.parse(wallAt(at).date) / MINUTE + wallAt(at).minute
const weekdayOf = (date: string) => WEEK[(new Date(date).getUTCDay() + 6) % 7] ?? ''
const dayBefore = (date: string) => new Date(Date.parse(date) - DAY).toISOString().slice(0, 10)

const TEXT =
  /^VPN access is (?<open>open|closed) (?<list>.+?) Europe\/Berlin(?:, but (?:does not open|not) (?<but>[^;]+))?; (?<word>next:|opens again|you can connect again from|no opening is known) ?(?<opening>.*)$/

/** What somebody makes of the words who knows the week and nothing of Curfew: whether they hold at an instant. */
const readerOf = (list: string, but: string | undefined) => {
  const windows = list.split(/(?<=\d\d:\d\d|all day), /).map((words) => {
    const [, days = '', hours = ''] = /^(.*?) ?(\d\d:\d\d–\d\d:\d\d|all day)?$/.exec(words) ?? []
    const runs = ['', 'daily', 'every day'].includes(days) ? ['Mon–Sun'] : days.split(', ')
    const named = runs.flatMap((run) => {
      const [first = '', last = first] = run.split('–')
      const length = ((WEEK.indexOf(last) - WEEK.indexOf(first) + 7) % 7) + 1
      return [...WEEK, ...WEEK].slice(WEEK.indexOf(first)).slice(0, length)
    })
    const [from = 0, to = 24 * 60] = hours.includes('–')
      ? hours.split('–').map((time) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3)))
      : []
    return { named, from, to }
  })
  const isOut = (date: string) =>
    (but ?? '').split(' and ').some((words) => {
      const [first = '', last = first] = words.match(/\d{4}-\d\d-\d\d/g) ?? ['none']
      return first <= date && date <= last
    })
  return (at: Instant) => {
    const { date, minute } = wallAt(at)
    const opens = (on: string, named: readonly string[]) => named.includes(weekdayOf(on)) && !isOut(on)
    return windows.some(({ named, from, to }) =>
      from < to
        ? opens(date, named) && from <= minute && minute < to
        : (opens(date, named) && from <= minute) || (opens(dayBefore(date), named) && minute < to),
    )
  }
}

const FIRST = Date.parse('2026-10-12T00:00:00Z')
const DAYS = 28
/** From here on, the clocks of Berlin show an hour for the second time. */
const PUT_BACK_AT = Date.parse('2026-10-25T01:00:00Z')

const ofDay = fc.oneof(
  { weight: 5, arbitrary: fc.nat((24 * 60) / SLOT - 1).map((slot) => minuteText(slot * SLOT)) },
  { weight: 1, arbitrary: fc.constant('02:30') },
)
const hours = fc
  .tuple(ofDay, ofDay)
  .filter(([from, to]) => from !== to)
  .map(([from, to]) => `${from}-${to}`)
const window = fc.record(
  {
    days: fc.subarray(
      WEEK.map((day) => day.toLowerCase()),
      { minLength: 1 },
    ),
    hours,
  },
  { requiredKeys: [] },
)
const date = fc.nat(DAYS).map((ahead) => {
  const at = new Date(FIRST + ahead * DAY)
  return { year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, day: at.getUTCDate() }
})
const calendar = fc
  .array(date, { maxLength: 12 })
  .map((dates): Calendar => ({ dates: dates.map((day) => ({ from: day, to: day })), yearly: [] }))
const anyPolicy = fc
  .record({
    open: fc.constantFrom('allowed', 'allowed', 'denied'),
    windows: fc.array(window, { minLength: 1, maxLength: 3 }),
    calendar,
    until: fc.option(
      fc.nat(DAYS * 48).map((slot) => FIRST + slot * SLOT * MINUTE),
      { freq: 4, nil: undefined },
    ),
  })
  .map(({ open, windows, calendar: off, until }) => {
    const made = policy('off-hours', { timeZone: ZONE, [open]: windows }, { until })
    return { ...made, rule: { ...(made.rule as Hours), calendars: [off] } }
  })

const instant = fc.oneof(
  { weight: 4, arbitrary: fc.nat(DAYS * 24 * 60).map((minute): Instant => FIRST + minute * MINUTE) },
  { weight: 1, arbitrary: fc.nat(59).map((minute): Instant => PUT_BACK_AT + minute * MINUTE) },
)

const NOTHING_READ = { 'next:': 0, 'opens again': 0, 'you can connect again from': 0, but: 0 }

/** Compares the text that a person reads at an instant with the clock on the wall, and counts its words. */
const readText = (door: Door, now: Instant, read: typeof NOTHING_READ) => {
  const decision = door.decide(requestOf(request()), undefined, now)
  if (decision.act !== 'deny') return
  const { text, until } = decision
  const { open, list = '', but, word = '', opening = '' } = TEXT.exec(text)?.groups ?? {}
  if (open === undefined) {
    expect(text).toMatch(/^VPN access is closed at this time; (opens again .+ Europe\/Berlin|no opening is known)$/)
    return
  }
  const holds = readerOf(list, but)
  expect(holds(now)).toBe(open === 'closed')
  if (word in read) read[word as keyof typeof read]++
  if (but !== undefined) read.but++
  if (word === 'no opening is known') return
  expect(opening).toContain(minuteText(wallAt(until).minute))
  expect(opening).toContain(weekdayOf(wallAt(until).date))
  if (word === 'you can connect again from') return
  expect(word).toBe(open === 'open' ? 'next:' : 'opens again')
  expect(holds(until)).toBe(open === 'open')
  const isSameClock = (until - now) / MINUTE === wallMinutes(until) - wallMinutes(now)
  for (let at = now + SLOT * MINUTE; isSameClock && at < until; at += SLOT * MINUTE) {
    expect(holds(at)).toBe(open === 'closed')
  }
}

it('a text of hours is true to somebody who has nothing but the text, a calendar and a clock', () => {
  const read = { ...NOTHING_READ }
  fc.assert(
    fc.property(
      fc.array(anyPolicy, { minLength: 1, maxLength: 2 }),
      fc.array(instant, { minLength: 5, maxLength: 5 }),
      (policies, instants) => {
        const door = createDoor(doorRules(policies.map((one, at) => ({ ...one, name: `${at}` }))))
        for (const now of instants) readText(door, now, read)
      },
    ),
    { numRuns: slowRuns(200) },
  )
  expect(Math.min(...Object.values(read))).toBeGreaterThan(slowRuns(20))
})
