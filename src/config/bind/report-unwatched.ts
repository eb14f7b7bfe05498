import { fold } from '../../domain/names/fold.ts'
import { hits } from '../../domain/names/pattern.ts'
import type { CurfewKeys } from '../schema/curfew-schema.ts'
import type { WrittenPolicy } from './bind-policy-files.ts'

/**
 * Warns about endpoints and Regions in a selector that are not watched. A misspelled id would silently match nothing,
 * forever.
 */
export const reportUnwatched = (policies: readonly WrittenPolicy[], watch: NonNullable<CurfewKeys['watch']>): void => {
  const watched = {
    endpoints: watch.flatMap(({ endpoints = [] }) => endpoints.map((one) => (typeof one === 'string' ? one : one.id))),
    regions: watch.map(({ region }) => region),
  }
  // The ids of discovered endpoints are not known yet.
  const lists = watch.some(({ discover }) => discover !== undefined)
    ? (['regions'] as const)
    : (['endpoints', 'regions'] as const)
  for (const { policy, file, index } of policies) {
    for (const selector of ['match', 'exempt'] as const) {
      for (const list of lists) {
        const path = ['policies', index, selector, list]
        // If an entry has an error, the indexes of bound entries and of written ones may differ.
        if (file.isFlawed(path)) continue
        policy[selector]?.[list]?.forEach(({ pattern }, entry) => {
          if (watched[list].some((name) => hits(pattern, fold(name)))) return
          const message = `"${pattern.source}" matches none of the ${list} under "watch": correct or remove it`
          file.problem([...path, entry], message, { severity: 'warning', known: watched[list], word: pattern.source })
        })
      }
    }
  }
}
