import { type ParsedFields, validateDetailed } from 'node-cron'
import { DAY, HOUR, MINUTE, SECOND } from '../../domain/time/instant.ts'

type ParsedSchedule =
  | {
      /** The longest time between two polls. If only some days have polls, a lower bound of it. */
      readonly longestGapMs: number
    }
  | { readonly problem: string }

const FIELDS: Record<string, readonly [name: string, expected: string]> = {
  second: ['seconds', '0-59'],
  minute: ['minutes', '0-59'],
  hour: ['hours', '0-23'],
  dayOfMonth: ['day of the month', '1-31'],
  month: ['month', '1-12 or jan-dec'],
  dayOfWeek: ['day of the week', '0-7 or sun-sat'],
}

/** Reads a cron expression with five fields, or six with seconds first, in UTC. */
export const parseSchedule = (expression: string): ParsedSchedule => {
  const { fields, errors } = validateDetailed(expression)
  if (fields !== undefined) return { longestGapMs: longestGapMs(fields) }
  const problems = errors.flatMap(({ field, value = '' }) => {
    const known = FIELDS[field]
    return known === undefined ? [] : [`the ${known[0]} "${value}", expected ${known[1]}`]
  })
  if (problems.length === 0 || problems.length < errors.length) {
    const fields = 'second, minute, hour, day of the month, month, day of the week'
    return { problem: `"${expression}" is not a schedule: write six fields (${fields}), such as "*/15 * * * * *"` }
  }
  return {
    problem: `the schedule "${expression}" has ${problems.join('; ')}: write *, or a value, range, list or step in that range`,
  }
}

/**
 * Seconds repeat in minutes, minutes in hours, and hours in days. So the longest gap is inside one of these cycles, or
 * where a cycle begins again.
 */
const longestGapMs = ({ second, minute, hour, dayOfMonth, month, dayOfWeek }: ParsedFields): number => {
  const seconds = times(second, SECOND)
  const minutes = times(minute, MINUTE)
  const hours = times(hour, HOUR)
  const everyDay = isFull(dayOfMonth, 31) && isFull(dayOfWeek, 7) && isFull(month, 12)
  const restMs = (parts: readonly Part[]) => parts.reduce((sum, { first, last }) => sum + last - first, 0)
  const days = (everyDay ? 1 : 2) * DAY - (hours.last - hours.first) - restMs([minutes, seconds])
  return Math.max(seconds.step, minutes.step - restMs([seconds]), hours.step - restMs([minutes, seconds]), days)
}

interface Part {
  readonly first: number
  readonly last: number
  /** The longest time from one value to the next in the same cycle; 0 for a single value. */
  readonly step: number
}

const times = (values: readonly number[], unit: number): Part => {
  const sorted = [...values].sort((a, b) => a - b).map((value) => value * unit)
  const [first = 0] = sorted
  return {
    first,
    last: sorted.at(-1) ?? 0,
    step: sorted.reduce((longest, value, index) => Math.max(longest, value - (sorted[index - 1] ?? first)), 0),
  }
}

const isFull = (values: readonly (number | string)[], count: number) =>
  new Set(values.filter((value) => typeof value === 'number')).size >= count
