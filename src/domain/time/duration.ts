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

/** Ten years, the horizon of every computation: a longer duration could never be told from "never". */
const LONGEST_MS = 3653 * DAY

export type ParsedDuration = { readonly ms: number } | { readonly problem: string }

/** Reads `90s`, `30m`, `8h`, `1d12h` or `PT8H`. A day is 24 hours; years, months, weeks and fractions do not exist. Zero is a duration here. */
export const parseDuration = (text: string): ParsedDuration => {
  const found = SHORT.exec(text) ?? ISO.exec(text)
  const parts = found?.slice(1) ?? []
  if (parts.every((part) => part === undefined) || text.endsWith('T')) {
    return { problem: `"${text}" is not a duration: write it like 90s, 30m, 8h or 1d12h` }
  }
  const ms = parts.reduce((sum, part, index) => sum + Number(part ?? 0) * (UNITS[index]?.[1] ?? 0), 0)
  if (ms > LONGEST_MS) return { problem: `"${text}" is longer than ten years` }
  return { ms }
}

/** The shortest notation that `parseDuration` reads back: 36 h is `1d12h`. Milliseconds are dropped. */
export const formatDuration = (ms: number): string => {
  let rest = Math.floor(Math.abs(ms) / SECOND) * SECOND
  const text = UNITS.map(([unit, size]) => {
    const count = Math.floor(rest / size)
    rest -= count * size
    return count > 0 ? `${count}${unit}` : ''
  }).join('')
  return text === '' ? '0s' : (ms < 0 ? '-' : '') + text
}

const durationText = (least: number, expected: string) =>
  z
    .string()
    .transform((text, context) => {
      const parsed = parseDuration(text)
      if ('ms' in parsed && parsed.ms >= least) return parsed.ms
      const problem = 'problem' in parsed ? parsed.problem : `"${text}" is too short: ${expected}`
      context.issues.push({ code: 'custom', message: problem, input: text })
      return z.NEVER
    })
    .meta({ description: 'A duration: 90s, 30m, 8h, 1d12h (a day is 24 h) or PT8H.', examples: ['8h', '30m', '1d12h'] })

/** A YAML value that is a duration longer than zero; parsed to milliseconds. */
export const duration = durationText(1, 'it must be longer than zero')

/** A YAML value that is a duration, `0s` allowed; parsed to milliseconds. */
export const durationOrZero = durationText(0, '')
