import * as z from 'zod'
import { closedDates, parseDates } from '../time/calendar.ts'
import type { Hours } from '../time/hours.ts'
import { zonesOf } from '../time/hours-text.ts'
import { NEVER } from '../time/instant.ts'
import type { Parsed } from '../time/local-date.ts'
import { localText } from '../time/local-text.ts'
import {
  createTimeWindows,
  knownTimeZones,
  type LocalWindow,
  parseHours,
  parseTimeZone,
  WHOLE_DAY,
} from '../time/time-window.ts'
import { toldHours } from '../time/told-hours.ts'
import {
  EVERY_DAY,
  neverFits,
  parseDays,
  parseMonthDay,
  parseMonths,
  parseWeek,
  type WindowDays,
} from '../time/window-days.ts'
import { type Denied, definePolicyKind, type Judge, type Shared } from './policy.ts'

const window = z.strictObject({
  days: z
    .union([z.string(), z.array(z.string()).min(1)])
    .optional()
    .meta({
      description: 'mon-fri, sat, or a list of days. Default: every day.',
      examples: ['mon-fri', ['sat', 'sun']],
    }),
  dates: z
    .array(z.union([z.string(), z.strictObject({ from: z.string(), to: z.string() })]))
    .min(1)
    .optional()
    .meta({ description: 'Dates such as 2026-12-24, or ranges { from, to } that include both dates. Default: any.' }),
  months: z
    .union([z.string(), z.array(z.string()).min(1)])
    .optional()
    .meta({
      description: 'jan-mar, dec, nov-feb (over the new year), or a list of months. Default: every month.',
      examples: ['jan-mar', ['jun', 'dec']],
    }),
  monthDays: z
    .array(z.int().min(-31).max(31))
    .min(1)
    .optional()
    .meta({
      description: 'Days of the month; -1 is the last day, -2 the day before. Default: any.',
      examples: [[1, -1]],
    }),
  weeks: z
    .array(z.union([z.number(), z.string()]).meta({ enum: [1, 2, 3, 4, 5, 'last'] }))
    .min(1)
    .optional()
    .meta({
      description: 'Which such weekday of the month: 1 is the first Monday, Tuesday …, last the last. Default: any.',
      examples: [[1, 'last']],
    }),
  hours: z
    .string()
    .optional()
    .meta({
      description: '07:30-18:30 on the wall clock; 22:00-02:00 runs past midnight. Default: the whole day.',
      examples: ['07:30-18:30'],
    }),
  timeZone: z.string().optional().meta({ description: 'The zone of this window. Default: that of the policy.' }),
})

type WrittenWindow = z.output<typeof window>

const TIME_ZONE = 'An IANA name such as Europe/Berlin. Required unless each window has its own.'

const keys = z
  .strictObject({
    timeZone: z.string().optional().meta({ description: TIME_ZONE }),
    allowed: z.array(window).min(1).optional().meta({ description: 'When people may be connected.' }),
    denied: z.array(window).min(1).optional().meta({ description: 'When people may not be connected.' }),
    closed: z
      .array(z.string())
      .min(1)
      .optional()
      .meta({ description: 'Calendars on whose dates no window of `allowed` opens.' }),
    except: z
      .array(z.string())
      .min(1)
      .optional()
      .meta({ description: 'Calendars on whose dates no window of `denied` opens.' }),
  })
  // `when` makes this check run even after another check has failed, so that every problem is reported in one go.
  .refine((written) => written.allowed !== undefined || written.denied !== undefined, {
    when: () => true,
    message: 'no hours are given: write "allowed" or "denied", exactly one of the two',
  })

type At = readonly (string | number)[]

const bind = (written: z.output<typeof keys>, shared: Shared): Hours => {
  const read = <Value>(parsed: Parsed<Value>, path: At, known?: readonly string[]): Value | undefined => {
    if ('value' in parsed) return parsed.value
    shared.problem(path, parsed.problem, known)
    return undefined
  }
  const { timeZone, allowed, denied } = written
  const zoneOf = (name: string | undefined, path: At) =>
    name === undefined ? undefined : (read(parseTimeZone(name), path, knownTimeZones()) ?? 'UTC')
  const windows = (['allowed', 'denied'] as const).flatMap((list) =>
    (written[list] ?? []).map((one, index): LocalWindow => {
      const at = [list, index]
      const { hours } = one
      const days = bindDays(one, at, read)
      if (neverFits(days)) shared.problem(at, neverText(one))
      return {
        ...days,
        ...((hours === undefined ? undefined : read(parseHours(hours), [...at, 'hours'])) ?? WHOLE_DAY),
        zone: zoneOf(one.timeZone, [...at, 'timeZone']),
      }
    }),
  )
  const zone = zoneOf(timeZone, ['timeZone'])
  if (zone === undefined && windows.some((one) => one.zone === undefined)) {
    const some = windows.some((one) => one.zone !== undefined) ? 'a window has none of its own: write ' : ''
    shared.problem(['timeZone'], `the key "timeZone" is missing: ${some}an IANA name such as Europe/Berlin`)
  }

  if (allowed !== undefined && denied !== undefined) {
    shared.problem(['denied'], 'write either "allowed" or "denied", exactly one of the two')
  }
  if (denied !== undefined && written.closed !== undefined) {
    shared.problem(
      ['closed'],
      '"closed" goes with "allowed" only: beside "denied" it would allow connections on the closed dates, so remove it, or write "except" if that is what you want',
    )
  }
  if (allowed !== undefined && written.except !== undefined) {
    shared.problem(
      ['except'],
      '"except" goes with "denied" only: write "closed" for dates on which no window of "allowed" opens',
    )
  }
  const calendars = (['closed', 'except'] as const).flatMap((key) =>
    (written[key] ?? []).flatMap((name, index) => shared.calendar(name, [key, index]) ?? []),
  )
  return {
    zone: zone ?? windows[0]?.zone ?? 'UTC',
    open: allowed === undefined ? 'violated' : 'fine',
    windows,
    calendars,
  }
}

type Read = <Value>(parsed: Parsed<Value>, path: At) => Value | undefined

/** The days of a window. A key that is invalid does not limit them. */
const bindDays = ({ days, dates, months, monthDays, weeks }: WrittenWindow, at: At, read: Read): WindowDays => {
  const each = <Written, Value>(
    key: string,
    list: readonly Written[] | undefined,
    parse: (one: Written) => Parsed<Value>,
  ): readonly Value[] | undefined => {
    const values = list?.flatMap((one, index) => read(parse(one), [...at, key, index]) ?? [])
    return values?.length === list?.length ? values : undefined
  }
  return {
    days: (days === undefined ? undefined : read(parseDays(days), [...at, 'days'])) ?? EVERY_DAY,
    dates: each('dates', dates, parseDates),
    months: months === undefined ? undefined : read(parseMonths(months), [...at, 'months']),
    monthDays: each('monthDays', monthDays, parseMonthDay),
    weeks: each('weeks', weeks, parseWeek),
  }
}

const neverText = (written: WrittenWindow): string => {
  const given = (['days', 'dates', 'months', 'monthDays', 'weeks'] as const).filter((key) => written[key] !== undefined)
  const names = given.map((key) => `"${key}"`)
  const together = `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
  return `no day fits ${together} together, so this window never opens: correct one of them`
}

const CLOSED_NOW = 'closed at this time'

/** What the person reads, from the most to the least. */
const textsAtTheDoor = (hours: Hours, { now, openingAt, until, zone, group }: Denied): readonly string[] => {
  const short = `VPN access is ${CLOSED_NOW}; ${until === undefined ? 'no opening is known' : `opens again ${until} ${zone}`}`
  const { words, expected } = toldHours(hours, now, openingAt)
  if (words === undefined) return [short]
  const opens = hours.open === 'fine' ? 'next:' : 'opens again'
  const [told, ...others] = zonesOf(hours)
  const inZone = told === zone && others.length === 0 ? '' : ` ${zone}`
  const opening =
    until === undefined ? 'no opening is known' : `${expected ? opens : 'you can connect again from'} ${until}${inZone}`
  const subjects = [...(group === undefined ? [] : [`VPN access for ${group}`]), 'VPN access']
  return [...subjects.map((subject) => `${subject} is ${words}; ${opening}`), short]
}

export const offHours = definePolicyKind({
  kind: 'off-hours',
  reason: 'off-hours',
  rank: 70,
  scope: 'principal',
  facts: 'immutable',
  foreseeable: true,
  extendable: true,
  summary: 'Ends connections outside the hours in which they are allowed, on the wall clock of a time zone.',
  whatToDo: 'Connect again when the allowed hours begin.',
  atTheDoor: {
    reason: (hours, { now, openingAt }) => toldHours(hours, now, openingAt).words ?? CLOSED_NOW,
    texts: textsAtTheDoor,
  },
  keys,
  fileKeys: [],
  namesUsers: false,
  bind,
  words: ({ open, zone }) => `${open === 'fine' ? 'outside' : 'within'} these hours, on the clock of ${zone}`,
  hashedRule: (rule) => ({ ...rule, closed: {} }),
  hours: (rule) => rule,
  judge: (rule) => {
    const windows = createTimeWindows(rule.zone, rule.windows, closedDates(rule.calendars))
    const judge: Judge = {
      find({ id, establishedAt }, history, now) {
        const { open, since, until } = windows.at(now)
        if (open === (rule.open === 'fine')) return { word: 'fine', until }
        // An established time that is missing or in the future proves nothing. The last change of the windows counts then.
        if (establishedAt !== undefined && establishedAt <= now) {
          return { word: 'violated', since: Math.max(since, establishedAt), until }
        }
        return { word: 'violated', since: Number.isFinite(since) ? since : (history.firstSeenAt(id) ?? now), until }
      },
      because(_connection, { word }, now) {
        const { since, until } = windows.at(now)
        const from = Number.isFinite(since) ? ` since ${localText(since, rule.zone)}` : ''
        const to = until === NEVER ? ', with no end within ten years' : ` until ${localText(until, rule.zone)}`
        return `${word === 'fine' ? 'within' : 'outside'} the allowed hours${from}${to} (${rule.zone})`
      },
    }
    return () => judge
  },
})
