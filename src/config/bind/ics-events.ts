import ICAL, { type Component, type Property, type Rule } from '#ical'
import { parseDate } from '../../domain/time/calendar.ts'
import { type DateRange, dateOf, dayNumber, type LocalDate, type Parsed } from '../../domain/time/local-date.ts'
import type { Recurrence } from '../../domain/time/recurrence.ts'
import { parseRecurrence } from './ics-recurrence.ts'

/** The dates of a calendar in iCalendar format (RFC 5545). */
export interface IcsCalendar {
  readonly dates: readonly DateRange[]
  readonly recurring: readonly Recurrence[]
  /** How many events were left out because they do not last whole days. */
  readonly timed: number
  /** The calendar again, with nothing but what decides its dates. */
  readonly lines: readonly string[]
}

export interface IcsFault {
  /** Counted from 1. */
  readonly line: number
  readonly problem: string
}

/** For each day that a window is searched, every recurring event is asked. */
const MOST_RECURRING = 200

/** In characters, folded lines joined. The parser needs quadratic time for the parameters of a line. */
const LONGEST_LINE = 50_000

/** Reads the events of whole days. An event that cannot be read is a fault, not a day that is missing. */
export const parseIcs = (text: string): IcsCalendar | { readonly faults: readonly IcsFault[] } => {
  const lines = logicalLines(text)
  const fault = (problem: string, line = 1) => ({ faults: [{ line, problem }] })
  if (!/^BEGIN:VCALENDAR\s*$/i.test(lines.find((each) => each.text.trim() !== '')?.text ?? '')) {
    return fault('this is not a calendar: expected BEGIN:VCALENDAR, as in a file that was exported as .ics')
  }
  const long = lines.find((each) => each.text.length > LONGEST_LINE)
  if (long !== undefined) return fault(`this line has more than ${LONGEST_LINE} characters: shorten it`, long.line)
  const parsed = parse(text)
  if ('problem' in parsed) return fault(parsed.problem, faultyLine(lines, text.split(/\r?\n/)))
  const begins = lines.filter((each) => /^BEGIN:VEVENT\s*$/i.test(each.text))
  return calendarOf(parsed.value.map((event, index) => ({ event, line: begins[index]?.line ?? 1 })))
}

/** A folded line goes on where the next one begins with a blank. */
const logicalLines = (text: string): readonly { readonly text: string; readonly line: number }[] => {
  const found: { text: string; line: number }[] = []
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const last = found.at(-1)
    if (last !== undefined && /^[ \t]/.test(line)) last.text += line.slice(1)
    else found.push({ text: line, line: index + 1 })
  }
  return found
}

const parse = (text: string): Parsed<readonly (readonly Property[])[]> => {
  try {
    const parsed = ICAL.parse(text)
    const calendars = (typeof parsed[0] === 'string' ? [parsed] : parsed) as readonly Component[]
    return {
      value: calendars.flatMap(([, , children]) =>
        children.flatMap(([name, properties]) => (name === 'vevent' ? [properties] : [])),
      ),
    }
  } catch (error) {
    return { problem: `this cannot be read as iCalendar: ${error instanceof Error ? error.message : String(error)}` }
  }
}

/** The parser does not say where it failed. The line of the first event that it refuses alone; 1 if there is none. */
const faultyLine = (lines: readonly { readonly text: string; readonly line: number }[], all: readonly string[]) => {
  let begin = 0
  for (const { text, line } of lines) {
    if (/^BEGIN:VEVENT\s*$/i.test(text)) begin = line
    if (!/^END:VEVENT\s*$/i.test(text) || begin === 0) continue
    if ('problem' in parse(['BEGIN:VCALENDAR', ...all.slice(begin - 1, line), 'END:VCALENDAR'].join('\n'))) return begin
  }
  return 1
}

/** One event that lasts whole days. */
interface WholeDays {
  readonly line: number
  readonly uid: string
  /**
   * The occurrence of the series with the same uid whose place this event takes. A problem if that occurrence is not a
   * date, as in a series with times of the day.
   */
  readonly replaces: Parsed<LocalDate> | undefined
  readonly isCancelled: boolean
  readonly from: LocalDate
  /** The zone of a DTSTART with a time, as the calendar names it. */
  readonly zone: string | undefined
  readonly lengthDays: number
  readonly rules: readonly Rule[]
  readonly also: readonly LocalDate[]
  readonly except: readonly LocalDate[]
  readonly properties: readonly Property[]
}

const calendarOf = (
  events: readonly { readonly event: readonly Property[]; readonly line: number }[],
): IcsCalendar | { readonly faults: readonly IcsFault[] } => {
  const faults: IcsFault[] = []
  const whole: WholeDays[] = []
  let timed = 0
  for (const { event, line } of events) {
    const read = readEvent(event, line)
    if ('problem' in read) faults.push({ line, problem: read.problem })
    else if (read.value === undefined) timed++
    else whole.push(read.value)
  }
  const cancelled = cancelledSeries(events.map(({ event }) => event))
  const kept = whole.filter(({ uid, isCancelled, replaces }) =>
    replaces === undefined ? !isCancelled : !cancelled.has(uid),
  )
  const series = new Set(kept.flatMap(({ uid, replaces }) => (replaces === undefined ? [uid] : [])))
  const replaced = new Map<string, LocalDate[]>()
  for (const { line, uid, replaces } of kept) {
    if (replaces === undefined || !series.has(uid)) continue
    if ('problem' in replaces) faults.push({ line, problem: replaces.problem })
    else replaced.set(uid, [...(replaced.get(uid) ?? []), replaces.value])
  }
  const dates: DateRange[] = []
  const recurring: Recurrence[] = []
  for (const { line, uid, replaces, isCancelled, from, zone, lengthDays, rules, also, except } of kept) {
    if (isCancelled) continue
    const excepted = replaces === undefined ? [...except, ...(replaced.get(uid) ?? [])] : except
    const exceptedDays = new Set(excepted.map(dayNumber))
    const days = [from, ...also].map(dayNumber).filter((day) => !exceptedDays.has(day))
    for (const day of days) dates.push({ from: dateOf(day), to: dateOf(day + lengthDays - 1) })
    for (const rule of rules) {
      const recurrence = parseRecurrence(rule, { from, lengthDays, except: excepted }, zone)
      if ('problem' in recurrence) faults.push({ line, problem: recurrence.problem })
      else recurring.push(recurrence.value)
      if (recurring.length === MOST_RECURRING + 1) {
        faults.push({ line, problem: `more than ${MOST_RECURRING} events recur: remove some, or use another calendar` })
      }
    }
  }
  if (faults.length > 0) return { faults }
  if (dates.length + recurring.length === 0) {
    const found = timed > 0 ? `, only ${timed} with times of the day` : ''
    return {
      faults: [{ line: 1, problem: `the calendar has no event of whole days${found}: is this the right file?` }],
    }
  }
  return { dates, recurring, timed, lines: linesOf(kept) }
}

/** The uids of the series that are cancelled with all their occurrences. */
const cancelledSeries = (events: readonly (readonly Property[])[]): ReadonlySet<string> => {
  const series = events.filter((event) => textIn(event, 'recurrence-id') === undefined)
  const uidsOf = (some: readonly (readonly Property[])[]) => some.flatMap((event) => textIn(event, 'uid') ?? [])
  const kept = new Set(uidsOf(series.filter((event) => !isCancelled(event))))
  return new Set(uidsOf(series.filter(isCancelled)).filter((uid) => !kept.has(uid)))
}

const textIn = (event: readonly Property[], name: string): string | undefined => {
  const property = event.find(([each]) => each === name)
  return property === undefined ? undefined : valueText(property[3])
}

const isCancelled = (event: readonly Property[]) => textIn(event, 'status')?.toUpperCase() === 'CANCELLED'

/** Undefined for an event with times of the day. */
const readEvent = (event: readonly Property[], line: number): Parsed<WholeDays | undefined> => {
  const named = (name: string) => event.filter(([each]) => each === name)
  const textOf = (name: string) => textIn(event, name)
  const isMarked = textOf('x-microsoft-cdo-alldayevent')?.toUpperCase() === 'TRUE'
  const [dtstart] = named('dtstart')
  if (dtstart === undefined) return { problem: 'this event has no DTSTART: remove it, or export the calendar again' }
  const start = valueText(dtstart[3])
  // An occurrence that was moved to a time of the day leaves its date, as a cancelled one does.
  const begin = [start, textOf('recurrence-id')].find((text) => text !== undefined && isWholeDay(text, isMarked))
  if (begin === undefined) return { value: undefined }
  const from = parseDate(begin.slice(0, 10))
  if ('problem' in from) return from
  const length = begin === start ? lengthOf(from.value, textOf('dtend'), textOf('duration')) : { value: 1 }
  if ('problem' in length) return length
  const [recurrenceId] = named('recurrence-id')
  if (recurrenceId?.[1].range !== undefined) {
    return { problem: 'RANGE=THISANDFUTURE is not supported: export the calendar again, or write its dates' }
  }
  if (named('exrule').length > 0) return { problem: 'EXRULE is not supported: write the dates with EXDATE' }
  const also = datesOf(named('rdate'))
  const except = datesOf(named('exdate'))
  if ('problem' in also) return also
  if ('problem' in except) return except
  return {
    value: {
      line,
      uid: textOf('uid') ?? '',
      replaces: recurrenceId === undefined ? undefined : dateFrom(recurrenceId, valueText(recurrenceId[3])),
      isCancelled: begin !== start || isCancelled(event),
      from: from.value,
      zone: zoneOf(dtstart),
      lengthDays: length.value,
      rules: named('rrule').map(([, , , rule]) => rule as Rule),
      also: also.value,
      except: except.value,
      properties: event,
    },
  }
}

/** The TZID of a DTSTART with a time. A date has no zone, even if it has a TZID. */
const zoneOf = ([, { tzid }, , start]: Property): string | undefined =>
  typeof tzid === 'string' && valueText(start).endsWith('T00:00:00') ? tzid : undefined

const valueText = (value: Property[3] | undefined): string =>
  typeof value === 'string' ? value : JSON.stringify(value)

/** A date, also one without VALUE=DATE, which the parser completes oddly; or midnight of an event that is marked so. */
const isWholeDay = (text: string, isMarked: boolean): boolean =>
  /^[^T]*$|T::$/.test(text) || (isMarked && text.endsWith('T00:00:00'))

const lengthOf = (from: LocalDate, end: string | undefined, duration: string | undefined): Parsed<number> => {
  if (end !== undefined) {
    // The end is the first day after the event. Some products write the same day for an event of one day.
    const to = parseDate(end.slice(0, 10))
    if ('problem' in to) return to
    const days = dayNumber(to.value) - dayNumber(from)
    return days < 0 ? { problem: 'this event ends before it begins: correct DTEND' } : { value: Math.max(1, days) }
  }
  if (duration === undefined) return { value: 1 }
  const [, weeks = 0, days = 0] = /^P(?:(\d{1,4})W)?(?:(\d{1,4})D)?$/.exec(duration) ?? ['', Number.NaN]
  const length = Number(weeks) * 7 + Number(days)
  if (Number.isNaN(length)) return { problem: `DURATION:${duration} does not count whole days: write DTEND` }
  return { value: Math.max(1, length) }
}

/** The dates of RDATE or EXDATE. */
const datesOf = (properties: readonly Property[]): Parsed<readonly LocalDate[]> => {
  const dates: LocalDate[] = []
  for (const property of properties) {
    const [, , , ...values] = property
    for (const value of values) {
      const date = dateFrom(property, valueText(value))
      if ('problem' in date) return date
      dates.push(date.value)
    }
  }
  return { value: dates }
}

/** The date in a value of a property. A time of the day may only be midnight. */
const dateFrom = ([name]: Property, text: string): Parsed<LocalDate> => {
  const date = parseDate(text.slice(0, 10))
  if ('value' in date && /^.{10}(?:T00:00:00Z?|T::)?$/.test(text)) return date
  return { problem: `${name.toUpperCase()} of an event of whole days must be a date, found ${text}` }
}

const DECISIVE = [
  'dtstart',
  'dtend',
  'duration',
  'rrule',
  'rdate',
  'exdate',
  'recurrence-id',
  'status',
  'x-microsoft-cdo-alldayevent',
]

/** Gives a date without VALUE=DATE the type of a date. */
const asDate = (property: Property): Property => {
  const [name, parameters, , ...values] = property
  if (!values.some((value) => valueText(value).endsWith('T::'))) return property
  return [name, parameters, 'date', ...values.map((value) => valueText(value).slice(0, 10))]
}

/** Leaves out the parts of a rule that have no value, which the parser would write as `undefined`. */
const withoutEmptyParts = (property: Property): Property => {
  const [name, parameters, type, rule] = property
  if (name !== 'rrule') return property
  return [
    name,
    parameters,
    type,
    Object.fromEntries(Object.entries(rule as Rule).filter(([, part]) => part !== undefined)),
  ]
}

const linesOf = (events: readonly WholeDays[]): readonly string[] => {
  // Some products write another uid with each export. It matters only where an event takes the place of an occurrence.
  const series = new Set(events.flatMap(({ uid, replaces }) => (replaces === undefined ? [] : [uid])))
  const decides = (uid: string, [name]: Property) => DECISIVE.includes(name) || (name === 'uid' && series.has(uid))
  return [
    'BEGIN:VCALENDAR',
    ...events.flatMap(({ uid, properties }) => [
      'BEGIN:VEVENT',
      ...properties
        .filter((property) => decides(uid, property))
        .map(asDate)
        .map(withoutEmptyParts)
        .map((property) => ICAL.stringify.property(property, ICAL.design.icalendar, true)),
      'END:VEVENT',
    ]),
    'END:VCALENDAR',
  ]
}
