import type { Location } from '../domain/names/location.ts'
import type { Policy } from '../domain/policies/policy.ts'
import { type UnmatchedEntry, unmatchedEntries } from '../domain/policies/unmatched-entries.ts'
import type { Emit } from './events.ts'

/** Watches for entries of `endpoints` that match nothing: a misspelled tag would silently match nothing, forever. */
export const createUnmatched = (emit: Emit) => {
  let entries: readonly UnmatchedEntry[] = []

  return {
    entries: (): readonly UnmatchedEntry[] => entries,

    look(policies: readonly Policy[], watched: readonly Location[]): void {
      const known = new Set(entries.map(keyOf))
      entries = unmatchedEntries(policies, watched)
      emit({ event: 'unmatched-entries', entries, added: entries.filter((one) => !known.has(keyOf(one))) })
    },
  }
}

const keyOf = ({ policy, selector, entry }: UnmatchedEntry): string => JSON.stringify([policy, selector, entry])
