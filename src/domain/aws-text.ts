import { HOUR, type Instant, MINUTE, SECOND } from './time/instant.ts'
import { parseInstant } from './time/instant-text.ts'

/** AWS writes `2019-08-12 08:02:53` without a zone. All evidence says UTC; `Date` would read it as local time. */
const WITHOUT_ZONE = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})$/

/** Other forms of ISO 8601: with a fraction, and with an offset, with or without a colon. Without an offset it is UTC. */
const ISO = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(?:(Z)|([+-]\d{2}):?(\d{2}))?$/

/** The time in the one form that `parseInstant` reads, cut to the millisecond. */
const canonical = (text: string): string => {
  const [, date, time, fraction, , hours, minutes] = ISO.exec(text) ?? []
  if (date === undefined || time === undefined) return text
  const offset = hours === undefined || minutes === undefined ? 'Z' : `${hours}:${minutes}`
  return `${date}T${time}${fraction === undefined ? '' : `.${fraction.slice(0, 3)}`}${offset}`
}

/** A cache of midnights by date. A hundred thousand connections start on few different days. */
const midnights = new Map<string, Instant>()
const MOST_DAYS = 1000

const read = (text: string): Instant | undefined => {
  const parsed = parseInstant(text)
  return 'at' in parsed ? parsed.at : undefined
}

/** The start of a date such as `2019-08-12` in UTC. Undefined if it is not a date. */
export const midnightOf = (date: string): Instant | undefined => {
  const known = midnights.get(date)
  if (known !== undefined) return known
  const at = read(`${date}T00:00:00Z`)
  if (at === undefined) return undefined
  if (midnights.size >= MOST_DAYS) midnights.clear()
  midnights.set(date, at)
  return at
}

/** The instant of a time as AWS writes it. Undefined if it is not a time. */
export const instantOf = (text = ''): Instant | undefined => {
  if (!WITHOUT_ZONE.test(text)) return read(canonical(text))
  const [midnight, hours, minutes, seconds] = [
    midnightOf(text.slice(0, 10)),
    +text.slice(11, 13),
    +text.slice(14, 16),
    +text.slice(17),
  ]
  if (midnight === undefined || hours > 23 || minutes > 59 || seconds > 59) return undefined
  return midnight + hours * HOUR + minutes * MINUTE + seconds * SECOND
}

/** A counter, which AWS sends as a string. Undefined if it is not a plain number that JavaScript holds exactly. */
export const countOf = (text: string | undefined): number | undefined => {
  const count = /^\d+$/.test(text ?? '') ? Number(text) : undefined
  return Number.isSafeInteger(count) ? count : undefined
}
