import * as z from 'zod'
import { DAY, HOUR, MINUTE, SECOND } from './instant.ts'

const UNITS: ReadonlyArray<readonly [string, number]> = [
  ['d', DAY],
  ['h', HOUR],
  ['m', MINUTE],
  ['s', SECOND],
]

const SHORT = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/
const ISO = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/

/** Ten years, as far as time windows look ahead. A longer duration could not be distinguished from "never". */
const LONGEST_MS = 3653 * DAY

type ParsedDuration = { readonly ms: number } | { readonly problem: string }

/** Reads `90s`, `30m`, `8h`, `1d12h`, `PT8H` or `0s`. A day is 24 hours. Months, weeks and fractions are refused. */
export const parseDuration = (text: string): ParsedDuration => {
  const found = SHORT.exec(text) ?? ISO.exec(text)
  const parts = found?.slice(1) ?? []
  if (parts.every((part) => part === undefined) || text.endsWith('T')) {
    return { problem: `"${text}" is not a duration: write one like 90s, 30m, 8h or 1d12h` }
  }
  const ms = parts.reduce((sum, part, index) => sum + Number(part ?? 0) * (UNITS[index]?.[1] ?? 0), 0)
  if (ms > LONGEST_MS) return { problem: `"${text}" is longer than ten years: write at most 3653d` }
  return { ms }
}

/** The shortest text of a duration: 36 hours are `1d12h`, a minute ago is `-1m`. Milliseconds are dropped. */
export const formatDuration = (ms: number): string => {
  let rest = Math.floor(Math.abs(ms) / SECOND) * SECOND
  const text = UNITS.map(([unit, size]) => {
    const count = Math.floor(rest / size)
    rest -= count * size
    return count > 0 ? `${count}${unit}` : ''
  }).join('')
  return text === '' ? '0s' : (ms < 0 ? '-' : '') + text
}

const durationText = (leastMs: number, expected: string) =>
  z
    .string()
    .transform((text, context) => {
      const parsed = parseDuration(text)
      if ('ms' in parsed && parsed.ms >= leastMs) return parsed.ms
      const problem = 'problem' in parsed ? parsed.problem : `"${text}" is too short: ${expected}`
      context.issues.push({ code: 'custom', message: problem, input: text })
      return z.NEVER
    })
    .meta({
      title: 'duration',
      description: 'A duration: 90s, 30m, 8h, 1d12h (a day is 24 h) or PT8H.',
      examples: ['8h', '30m', '1d12h'],
    })

/** A duration in YAML, longer than zero. Its parsed value is in milliseconds. */
export const duration = durationText(1, 'it must be longer than zero')

/** A duration in YAML that may be `0s`. Its parsed value is in milliseconds. */
export const durationOrZero = durationText(0, '')
