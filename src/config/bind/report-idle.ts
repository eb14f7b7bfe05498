import { fold, hits } from '../../domain/names/pattern.ts'
import type { CurfewKeys } from '../schema/curfew-schema.ts'
import type { WrittenPolicy } from './bind-policy-files.ts'

/** Warns of endpoints and Regions in a policy that are not watched: an id with a slip in it would hit nothing, for ever and in silence. */
export const reportIdle = (policies: readonly WrittenPolicy[], watch: NonNullable<CurfewKeys['watch']>): void => {
  const watched = {
    endpoints: watch.flatMap(({ endpoints = [] }) => endpoints.map((one) => (typeof one === 'string' ? one : one.id))),
    regions: watch.map(({ region }) => region),
  }
  // What will be discovered nobody knows beforehand.
  const places = watch.some(({ discover }) => discover !== undefined)
    ? (['regions'] as const)
    : (['endpoints', 'regions'] as const)
  for (const { policy, file, index } of policies) {
    for (const selector of ['match', 'exempt'] as const) {
      for (const place of places) {
        const path = ['policies', index, selector, place]
        // With an error in it, bound entries and written ones need not be in step.
        if (file.isFlawed(path)) continue
        policy[selector]?.[place]?.forEach(({ pattern }, entry) => {
          if (watched[place].some((name) => hits(pattern, fold(name)))) return
          const message = `"${pattern.source}" hits none of the ${place} under "watch": correct or remove it`
          file.problem([...path, entry], message, { severity: 'warning', known: watched[place], word: pattern.source })
        })
      }
    }
  }
}
