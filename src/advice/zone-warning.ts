import { Temporal } from 'temporal-polyfill'
import type { Warning } from '../domain/policies/policy.ts'

/** Zones that are an offset under a name, by their folded names, each with places that operators may mean. */
const FIXED: ReadonlyMap<string, string> = new Map([
  ['est', 'America/New_York, or America/Panama for a place without summer time'],
  ['mst', 'America/Denver, or America/Phoenix for a place without summer time'],
  ['hst', 'Pacific/Honolulu'],
])

const GREENWICH = /^(?:etc\/)?(?:gmt(?:[+-]?\d+)?|greenwich)$/

/** A warning about a zone whose clocks never change, because it is an offset and no place; none for other zones. */
export const zoneWarning = (zone: string, path: Warning['path']): readonly Warning[] => {
  const name = zone.toLowerCase()
  const place = FIXED.get(name) ?? (GREENWICH.test(name) ? 'Europe/London or Europe/Berlin' : undefined)
  if (place === undefined) return []
  const { offset } = Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone)
  const isUtc = offset === '+00:00'
  const meaning = isUtc ? 'UTC' : `UTC${offset}`
  const instead = `write a place, such as ${place}${isUtc ? ', or UTC if that is meant' : ''}`
  return [{ path, message: `${zone} is ${meaning} in summer too: ${instead}` }]
}
