import { nearest } from '../config/yaml/nearest.ts'
import type { Location } from '../domain/names/location.ts'
import { quotedName } from '../domain/names/shown-name.ts'
import type { Policy } from '../domain/policies/policy.ts'
import { type UnmatchedEntry, unmatchedEntries } from '../domain/policies/unmatched-entries.ts'
import { paragraph } from './lines.ts'
import { count } from './number-text.ts'

/** An entry of `endpoints` that matches no watched endpoint. */
interface UnmatchedRow extends UnmatchedEntry {
  /** The id, name or tag of a watched endpoint that is spelled most alike. */
  readonly nearest: string | null
}

/** Everything that an entry may name an endpoint by. */
const namesOf = ({ endpointId, name, tags = new Map() }: Location): readonly string[] => {
  const shownName = name ?? tags.get('Name')
  return [
    endpointId,
    ...(shownName === undefined ? [] : [shownName]),
    ...[...tags].flatMap(([key, value]) => [`tag:${key}`, `tag:${key}=${value}`]),
  ]
}

export const unmatchedRows = (policies: readonly Policy[], watched: readonly Location[]): readonly UnmatchedRow[] => {
  const names = new Set(watched.flatMap(namesOf))
  return unmatchedEntries(policies, watched).map((one) => ({ ...one, nearest: nearest(one.entry, names) ?? null }))
}

/** How many entries are shown. */
const SHOWN = 20

/** A block of text, or none if every entry matches. */
export const unmatchedTexts = (rows: readonly UnmatchedRow[]): readonly string[] => {
  if (rows.length === 0) return []
  const rest = rows.length - SHOWN
  const lines = [
    paragraph(`Entries of "endpoints" that match no watched endpoint (${count(rows.length)}):`),
    ...rows.slice(0, SHOWN).map(({ policy, selector, entry, nearest: near }) => {
      const hint = near === null ? '' : `, did you mean ${quotedName(near)}?`
      return paragraph(`${quotedName(entry)} in ${selector} of ${policy}${hint}`, '  ')
    }),
    ...(rest > 0 ? [paragraph(`and ${count(rest)} more; --output json lists all`, '  ')] : []),
  ]
  return [lines.join('\n')]
}
