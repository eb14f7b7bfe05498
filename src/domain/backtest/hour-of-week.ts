import { Temporal } from 'temporal-polyfill'
import type { Policy } from '../policies/policy.ts'
import { type Instant, MINUTE } from '../time/instant.ts'

export const HOURS_OF_WEEK = 168

/** The clocks of every zone change at whole quarters of an hour, and their hours begin there. */
const QUARTER = 15 * MINUTE

/** The zone that most policies with hours name, the first of several; without such a policy UTC. */
export const zoneOf = (policies: readonly Policy[]): string => {
  const counts = new Map<string, number>()
  for (const { kind, rule } of policies) {
    const zone = kind.hours?.(rule).zone
    if (zone !== undefined) counts.set(zone, (counts.get(zone) ?? 0) + 1)
  }
  let most: string | undefined
  for (const [zone, count] of counts) if (most === undefined || count > (counts.get(most) ?? 0)) most = zone
  return most ?? 'UTC'
}

/**
 * The hour of the week on the wall clock of a zone, from 0 for Monday 00:00 to 167 for Sunday 23:00. The zone is asked once
 * for each quarter of an hour: Temporal takes a hundred times as long as a look-up.
 */
export const createHourOfWeek = (zone: string): ((at: Instant) => number) => {
  const known = new Map<number, number>()
  return (at) => {
    const quarter = Math.floor(at / QUARTER)
    const found = known.get(quarter)
    if (found !== undefined) return found
    const local = Temporal.Instant.fromEpochMilliseconds(quarter * QUARTER).toZonedDateTimeISO(zone)
    const hour = (local.dayOfWeek - 1) * 24 + local.hour
    known.set(quarter, hour)
    return hour
  }
}
