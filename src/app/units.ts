import { hashOfText } from '../config/bind/policy-set-hash.ts'
import { watchedUnit } from '../config/watched-unit.ts'
import type { Assignment } from './daemon.ts'
import type { Site } from './site.ts'
import type { WatchEntry } from './watch-list.ts'

/** The key of the unit that a site belongs to. See `watchedUnit`. */
export const unitKey = (site: Site): string => watchedUnit(site)

/** The entries of `watch` by the key of their unit, in the order of the configuration. */
export const unitsOf = (watch: readonly WatchEntry[]): ReadonlyMap<string, readonly WatchEntry[]> => {
  const units = new Map<string, WatchEntry[]>()
  for (const entry of watch) {
    const key = unitKey(entry.site)
    const entries = units.get(key)
    if (entries === undefined) units.set(key, [entry])
    else entries.push(entry)
  }
  return units
}

/**
 * The SHA-256 in hex of everything that replicas must agree on before they may share units: what is watched, which
 * policies end whom, and in which mode. A rolling edit of any of it makes one new generation.
 */
export const configurationHash = ({ settings, schedule, terminationRate, watch }: Assignment): string =>
  hashOfText(JSON.stringify([settings, schedule, terminationRate, watch], writtenOut))

/** A map has no form in JSON. */
const writtenOut = (_key: string, value: unknown): unknown => (value instanceof Map ? [...value] : value)
