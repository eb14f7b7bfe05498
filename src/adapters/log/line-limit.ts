import { printableLines } from '../../domain/printable.ts'
import { shortened } from '../../domain/shortened.ts'

/** Bytes, with the line feed. Container runtimes cut a line at 16 KiB, and the halves are no longer JSON. */
export const LONGEST_LINE = 16 * 1024 - 1

/** How long the texts and lists of a line may be. The first pair with which the line fits is used. */
const LIMITS = [
  { characters: 1_000, items: 10 },
  { characters: 200, items: 10 },
  { characters: 50, items: 3 },
] as const

/** A line of JSON that is at most `LONGEST_LINE` long: its texts and lists are shortened as far as necessary. */
export const limited = (line: string): string => {
  if (fits(line)) return line
  const fields = JSON.parse(line) as Record<string, unknown>
  for (const { characters, items } of LIMITS) {
    const shorter = lineOf(cut(fields, characters, items))
    if (fits(shorter)) return shorter
  }
  const { level, time, event } = fields
  return lineOf({ level, time, event: cut(event, 50, 3), msg: 'this line was too long for the log' })
}

/** A UTF-16 unit has at most three bytes in UTF-8. */
const fits = (line: string) => line.length * 3 <= LONGEST_LINE || Buffer.byteLength(line) <= LONGEST_LINE

const lineOf = (fields: unknown) => printableLines(`${JSON.stringify(fields)}\n`)

const cut = (value: unknown, characters: number, items: number): unknown => {
  if (typeof value === 'string') return shortened(value, characters)
  if (Array.isArray(value)) {
    const first = value.slice(0, items).map((item) => cut(item, characters, items))
    return value.length > items ? [...first, `and ${value.length - items} more`] : first
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, cut(inner, characters, items)]))
}
