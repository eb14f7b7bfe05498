import { Cron, CronPattern } from 'croner'
import { DAY, HOUR, MINUTE, SECOND } from '../../domain/time/instant.ts'

type ParsedSchedule =
  | {
      /** The longest time between two polls. If only some days have polls, a lower bound of it. */
      readonly longestGapMs: number
    }
  | { readonly problem: string }

const FIELDS = [
  ['seconds', '0-59'],
  ['minutes', '0-59'],
  ['hours', '0-23'],
  ['day of the month', '1-31'],
  ['month', '1-12 or jan-dec'],
  ['day of the week', '0-7 or sun-sat'],
] as const

/**
 * The calendar of a cron expression with five fields, or six with seconds first, in UTC. The same reading is checked here
 * and followed by the daemon. Throws if the expression is not one. A zone in place of the offset would make Node load its
 * calendars, which takes 16 ms.
 */
export const calendarOf = (expression: string): Pick<Cron, 'nextRun'> =>
  new Cron(expression, { utcOffset: 0, mode: '5-or-6-parts' })

/** Reads a cron expression and checks it. */
export const parseSchedule = (expression: string): ParsedSchedule => {
  try {
    if (calendarOf(expression).nextRun(new Date(0)) === null) {
      return { problem: `the schedule "${expression}" never comes due: no date has that day and month` }
    }
    return { longestGapMs: longestGapMs(new CronPattern(expression, 'UTC')) }
  } catch {
    return { problem: problemOf(expression) }
  }
}

/** Names the fields that are wrong. The error of the package names only the first of them. */
const problemOf = (expression: string): string => {
  const values = expression.trim().split(/\s+/)
  const fields = FIELDS.slice(-values.length)
  const problems =
    values.length === 5 || values.length === 6
      ? fields.flatMap(([name, expected], place) => {
          const value = values[place] ?? ''
          const alone = fields.map((_, other) => (other === place ? value : '*')).join(' ')
          return isValid(alone) ? [] : [`the ${name} "${value}", expected ${expected}`]
        })
      : []
  if (problems.length === 0) {
    const names = 'second, minute, hour, day of the month, month, day of the week'
    return `"${expression}" is not a schedule: write six fields (${names}), such as "*/15 * * * * *"`
  }
  return `the schedule "${expression}" has ${problems.join('; ')}: write *, or a value, range, list or step in that range`
}

const isValid = (expression: string): boolean => {
  try {
    return calendarOf(expression) !== undefined
  } catch {
    return false
  }
}

/**
 * Seconds repeat in minutes, minutes in hours, and hours in days. So the longest gap is inside one of these cycles, or
 * where a cycle begins again.
 */
const longestGapMs = ({ second, minute, hour, day, month, dayOfWeek }: CronPattern): number => {
  const seconds = times(second, SECOND)
  const minutes = times(minute, MINUTE)
  const hours = times(hour, HOUR)
  const everyDay = [day, month, dayOfWeek].every((flags) => flags.every((flag) => flag !== 0))
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

/** `flags` has one number for each value of a field: 0 if the schedule leaves the value out. */
const times = (flags: readonly number[], unit: number): Part => {
  const chosen = flags.flatMap((flag, value) => (flag === 0 ? [] : [value * unit]))
  const [first = 0] = chosen
  return {
    first,
    last: chosen.at(-1) ?? 0,
    step: chosen.reduce((longest, value, index) => Math.max(longest, value - (chosen[index - 1] ?? first)), 0),
  }
}
