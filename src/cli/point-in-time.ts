import { parseDuration } from '../domain/time/duration.ts'
import type { Instant } from '../domain/time/instant.ts'
import { parseInstant } from '../domain/time/instant-text.ts'
import { UsageError } from './command.ts'
import { now } from './compose-audit.ts'

/** The value of an option that takes an instant, or a duration that has passed since then. */
export const pointInTime = (option: string, text: string | undefined): Instant | undefined => {
  if (text === undefined) return undefined
  const ago = parseDuration(text)
  if ('ms' in ago) return now() - ago.ms
  const parsed = parseInstant(text)
  if ('at' in parsed) return parsed.at
  throw new UsageError(`--${option}: ${parsed.problem}, or a duration such as 24h`)
}

/** The value of an option that takes an instant alone: one that is to come is as good as one that has passed. */
export const instantOf = (option: string, text: string | undefined): Instant | undefined => {
  if (text === undefined) return undefined
  const parsed = parseInstant(text)
  if ('problem' in parsed) throw new UsageError(`--${option}: ${parsed.problem}`)
  return parsed.at
}
