import { Temporal } from 'temporal-polyfill'
import { type Instant, MINUTE } from './instant.ts'
import { type ParsedInstant, parseInstant } from './instant-text.ts'
import type { LocalDate } from './local-date.ts'

const LOCAL = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)$/

/** Whether a text is a date and a time without a zone: `2026-12-24 18:00`. */
export const isLocalTime = (text: string): boolean => LOCAL.test(text)

/**
 * Reads an instant, or a local time in the zone of `timeZone`. A local time that a change of the clocks skips is the
 * later instant, one that occurs twice the earlier.
 */
export const parseTimeIn = (text: string, zone: string | undefined): ParsedInstant => {
  const [, date, time] = LOCAL.exec(text) ?? []
  if (date === undefined || time === undefined) {
    const parsed = parseInstant(text)
    if ('at' in parsed || zone === undefined) return parsed
    return {
      problem: `"${text}" is not a time: write a local time, such as "2026-12-04 22:00", or an instant, such as 2026-12-04T22:00:00Z`,
    }
  }
  const local = `${date}T${time}`
  if ('problem' in parseInstant(`${local}Z`)) {
    return { problem: `"${text}" does not exist: correct the day or the time` }
  }
  if (zone === undefined) {
    return {
      problem: `"${text}" is a local time without a zone: add "timeZone" to the policy, or write an instant, such as ${local}Z or ${local}+01:00`,
    }
  }
  return { at: Temporal.PlainDateTime.from(local).toZonedDateTime(zone).epochMilliseconds }
}

/** An instant with the offset that a zone has then: `2026-12-24T18:00+01:00`. */
export const textIn = (at: Instant, zone: string): string =>
  Temporal.Instant.fromEpochMilliseconds(at).toString({
    timeZone: zone,
    smallestUnit: at % MINUTE === 0 ? 'minute' : 'second',
  })

/** The date that a zone has at an instant. */
export const dateIn = (at: Instant, zone: string): LocalDate => {
  const { year, month, day } = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone)
  return { year, month, day }
}
