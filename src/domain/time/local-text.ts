import { Temporal } from 'temporal-polyfill'
import { type Instant, MINUTE } from './instant.ts'

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

/** The wall-clock time of an instant in a zone, for people: `Mon 2026-11-23 18:30`. */
export const localText = (at: Instant, zone: string): string => {
  const minute = Math.floor(at / MINUTE)
  const key = `${minute} ${zone}`
  const known = texts.get(key)
  if (known !== undefined) return known
  if (texts.size >= MOST_TEXTS) texts.clear()
  const text = computeText(minute * MINUTE, zone)
  texts.set(key, text)
  return text
}

/** A zone takes long to ask, and the same few instants are shown for thousands of connections. */
const texts = new Map<string, string>()
const MOST_TEXTS = 100

const computeText = (at: Instant, zone: string): string => {
  const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone)
  return `${DAYS[local.dayOfWeek - 1]} ${local.toPlainDate().toString()} ${local.toPlainTime().toString({ smallestUnit: 'minute' })}`
}

/** A minute of the day, 0 to 1440, on the wall clock: `18:30`. */
export const minuteText = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
