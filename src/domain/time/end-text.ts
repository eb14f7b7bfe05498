import { Temporal } from 'temporal-polyfill'
import { formatDuration } from './duration.ts'
import { HOUR, type Instant, MINUTE } from './instant.ts'
import { localText } from './local-text.ts'

/**
 * When a session ends, on the wall clock of a zone: `19:41 Europe/Berlin`. On another day than `now` the text has the
 * date, and after a change of the clocks the offset, because an hour may then occur twice. Seconds are dropped, so that no
 * text promises a later end.
 */
export const endText = (at: Instant, now: Instant, zone: string): string => {
  const key = `${Math.floor(at / MINUTE)} ${Math.floor(now / MINUTE)} ${zone}`
  if (key !== lastKey) [lastKey, lastText] = [key, computeEndText(at, now, zone)]
  return lastText
}

/** The sessions of thousands often end at one instant, and a zone takes time to ask. */
let [lastKey, lastText] = ['', '']

const computeEndText = (at: Instant, now: Instant, zone: string): string => {
  const [end, today] = [at, now].map((instant) =>
    Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone),
  )
  if (end === undefined || today === undefined) return ''
  const text = localText(at, zone)
  const isToday = end.toPlainDate().equals(today.toPlainDate())
  const offset = end.offset === today.offset ? '' : end.offset
  return `${isToday ? text.slice(-'19:41'.length) : text}${offset} ${zone}`
}

/** The time that is left, in whole minutes: `in 5 minutes`. */
export const leftText = (ms: number): string => {
  const minutes = Math.floor(ms / MINUTE)
  if (minutes < 1) return 'in less than a minute'
  if (ms >= 2 * HOUR) return `in ${formatDuration(minutes * MINUTE)}`
  return minutes === 1 ? 'in 1 minute' : `in ${minutes} minutes`
}
