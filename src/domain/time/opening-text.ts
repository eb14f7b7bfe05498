import { Temporal } from 'temporal-polyfill'
import { type Instant, MINUTE } from './instant.ts'
import { localText } from './local-text.ts'

const DAYS_OF_A_WEEK = 7

/**
 * When something opens, on the wall clock of a zone: `Mon 07:30`. From a week on the text has the date, and where a change of
 * the clocks lets the time occur twice, the offset. Seconds are rounded up, so that no text promises an earlier opening.
 */
export const openingText = (at: Instant, now: Instant, zone: string): string => {
  const key = `${Math.ceil(at / MINUTE)} ${Math.floor(now / MINUTE)} ${zone}`
  if (key !== lastKey) [lastKey, lastText] = [key, computeOpeningText(at, now, zone)]
  return lastText
}

/** Thousands of people often wait for one opening, and a zone takes long to ask. */
let [lastKey, lastText] = ['', '']

const computeOpeningText = (at: Instant, now: Instant, zone: string): string => {
  const minute = Math.ceil(at / MINUTE) * MINUTE
  const local = Temporal.Instant.fromEpochMilliseconds(minute).toZonedDateTimeISO(zone)
  const today = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(zone).toPlainDate()
  const [weekday = '', date = '', time = ''] = localText(minute, zone).split(' ')
  const isNear = today.until(local.toPlainDate()).days < DAYS_OF_A_WEEK
  return `${weekday} ${isNear ? '' : `${date} `}${time}${isTwice(local) ? local.offset : ''}`
}

const isTwice = (local: Temporal.ZonedDateTime): boolean => {
  const [first, second] = (['earlier', 'later'] as const).map((disambiguation) =>
    local.toPlainDateTime().toZonedDateTime(local.timeZoneId, { disambiguation }),
  )
  return first?.epochMilliseconds !== second?.epochMilliseconds
}
