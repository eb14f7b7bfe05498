import * as z from 'zod'
import { type Instant, MINUTE } from './instant.ts'

const INSTANT =
  /^([1-9]\d{3})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)?$/

export type ParsedInstant = { readonly at: Instant } | { readonly problem: string }

/**
 * Reads `2026-12-01T00:00:00Z`, or an offset in place of the `Z`. A time without a zone is refused: it would mean a
 * different instant on each host.
 */
export const parseInstant = (text: string): ParsedInstant => {
  const found = INSTANT.exec(text)
  if (found === null) {
    return { problem: `"${text}" is not an instant: write a date, a time and a zone, such as 2026-12-01T00:00:00Z` }
  }
  const [, year, month, day, hour, minute, second = '0', fraction = '0', zone] = found
  const fields = [year, month, day, hour, minute, second].map(Number)
  const [y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0] = fields
  const local = Date.UTC(y, mo - 1, d, h, mi, s, Number(fraction.padEnd(3, '0')))
  const back = new Date(local)
  const exists =
    back.getUTCMonth() === mo - 1 && back.getUTCDate() === d && back.getUTCHours() === h && mi < 60 && s < 60
  if (!exists) return { problem: `"${text}" does not exist: correct the day or the time` }
  const base = `${year}-${month}-${day}T${text.slice(11).replace(/(Z|[+-]\d{2}:\d{2})$/, '')}`
  if (zone === undefined) {
    return {
      problem: `"${text}" has no zone: write ${base}Z for UTC, or a time with its offset, such as ${base}+01:00`,
    }
  }
  if (text[10] === ' ') return { problem: `"${text}" has a space between date and time: write ${base}${zone}` }
  return { at: local - offsetMs(zone) }
}

const offsetMs = (zone: string) => {
  if (zone === 'Z') return 0
  const [hours = 0, minutes = 0] = zone.slice(1).split(':').map(Number)
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * MINUTE
}

/** An instant in YAML, with its zone. Its parsed value is in milliseconds since 1970-01-01T00:00:00Z. */
export const instant = z
  .string()
  .transform((text, context): Instant => {
    const parsed = parseInstant(text)
    if ('at' in parsed) return parsed.at
    context.issues.push({ code: 'custom', message: parsed.problem, input: text })
    return z.NEVER
  })
  .meta({ description: 'An instant with Z or an offset: 2026-12-01T00:00:00Z.', examples: ['2026-12-01T00:00:00Z'] })
