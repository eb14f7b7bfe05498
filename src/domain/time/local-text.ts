import { Temporal } from 'temporal-polyfill'
import type { Instant } from './instant.ts'

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

/** The wall-clock time of an instant in a zone, for people: `Mon 2026-11-23 18:30`. */
export const localText = (at: Instant, zone: string): string => {
  const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone)
  return `${DAYS[local.dayOfWeek - 1]} ${local.toPlainDate().toString()} ${local.toPlainTime().toString({ smallestUnit: 'minute' })}`
}
