import { watchedUnit } from '../config/watched-unit.ts'
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
