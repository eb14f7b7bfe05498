import type * as z from 'zod'
import { parsePattern } from '../../domain/names/pattern.ts'
import { narrowed, type UserEntry } from '../../domain/names/user-list.ts'
import type { Selector, Shared } from '../../domain/policies/policy.ts'
import type { commonKeys } from '../schema/policies-schema.ts'
import { groupNameOf } from './vocabulary.ts'

type WrittenSelector = z.output<typeof commonKeys.match> | z.output<typeof commonKeys.exempt>

/** A selector with its groups resolved. `key` is its key in the policy. */
export const bindSelector = (written: WrittenSelector, key: string, shared: Shared): Selector | undefined => {
  if (written === undefined) return undefined
  const bind = (
    list: 'users' | 'endpoints' | 'regions',
    resolve: Shared['entries'],
  ): readonly UserEntry[] | undefined =>
    written[list]?.flatMap((entry, index) => {
      const at = [key, list, index]
      if (typeof entry === 'string') return resolve(entry, at) ?? []
      return (resolve(entry.pattern, [...at, 'pattern']) ?? []).map((found) => narrowed(found, entry))
    })
  const place: Shared['entries'] = (text, at) => placeEntries(text, at, shared)
  return { users: bind('users', shared.entries), endpoints: bind('endpoints', place), regions: bind('regions', place) }
}

const placeEntries = (
  text: string,
  at: readonly (string | number)[],
  shared: Shared,
): readonly UserEntry[] | undefined => {
  const parsed = parsePattern(text)
  if ('pattern' in parsed && parsed.pattern.field === 'either' && groupNameOf(text) === undefined) {
    return [{ pattern: parsed.pattern, from: undefined, until: undefined, reason: undefined }]
  }
  shared.problem(at, 'problem' in parsed ? parsed.problem : `"${text}" names users: write it under "users"`)
  return undefined
}
