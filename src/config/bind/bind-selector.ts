import type * as z from 'zod'
import { type Pattern, parsePattern } from '../../domain/names/pattern.ts'
import type { UserEntry } from '../../domain/names/user-list.ts'
import type { Selector, Shared } from '../../domain/policies/policy.ts'
import type { commonKeys } from '../schema/policies-schema.ts'
import { groupNameOf } from './vocabulary.ts'

type WrittenSelector = z.output<typeof commonKeys.match> | z.output<typeof commonKeys.exempt>

/** A selector with its groups resolved. `key` is its key in the policy. */
export const bindSelector = (written: WrittenSelector, key: string, shared: Shared): Selector | undefined => {
  if (written === undefined) return undefined
  const bind = (
    list: 'users' | 'endpoints' | 'regions',
    resolve: Shared['patterns'],
  ): readonly UserEntry[] | undefined =>
    written[list]?.flatMap((entry, index) => {
      const at = [key, list, index]
      if (typeof entry === 'string') return entriesOf(resolve(entry, at))
      return entriesOf(resolve(entry.pattern, [...at, 'pattern']), entry.until, entry.reason)
    })
  const place: Shared['patterns'] = (text, at) => placePatterns(text, at, shared)
  return { users: bind('users', shared.patterns), endpoints: bind('endpoints', place), regions: bind('regions', place) }
}

const entriesOf = (patterns: readonly Pattern[] | undefined, until?: number, reason?: string): UserEntry[] =>
  (patterns ?? []).map((pattern) => ({ pattern, from: undefined, until, reason }))

const placePatterns = (
  text: string,
  at: readonly (string | number)[],
  shared: Shared,
): readonly Pattern[] | undefined => {
  const parsed = parsePattern(text)
  if ('pattern' in parsed && parsed.pattern.field === 'either' && groupNameOf(text) === undefined)
    return [parsed.pattern]
  shared.problem(at, 'problem' in parsed ? parsed.problem : `"${text}" names users: write it under "users"`)
  return undefined
}
