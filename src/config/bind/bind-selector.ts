import type * as z from 'zod'
import { type EndpointEntry, type EndpointPattern, parseEndpointPattern } from '../../domain/names/endpoint-pattern.ts'
import { parsePattern } from '../../domain/names/pattern.ts'
import { narrowed } from '../../domain/names/user-list.ts'
import type { Selector, Shared } from '../../domain/policies/policy.ts'
import type { commonKeys } from '../schema/policies-schema.ts'
import { groupNameOf } from './vocabulary.ts'

type WrittenSelector = z.output<typeof commonKeys.match> | z.output<typeof commonKeys.exempt>

/** A selector with its groups resolved. `key` is its key in the policy. */
export const bindSelector = (written: WrittenSelector, key: string, shared: Shared): Selector | undefined => {
  if (written === undefined) return undefined
  const bind = <Entry extends EndpointEntry>(
    list: 'users' | 'endpoints' | 'regions',
    resolve: Resolve<Entry>,
  ): readonly Entry[] | undefined =>
    written[list]?.flatMap((entry, index) => {
      const at = [key, list, index]
      if (typeof entry === 'string') return resolve(entry, at) ?? []
      return (resolve(entry.pattern, [...at, 'pattern']) ?? []).map((found) => narrowed(found, entry))
    })
  return {
    users: bind('users', shared.entries),
    endpoints: bind('endpoints', placeEntries(parseEndpointPattern, shared)),
    regions: bind('regions', placeEntries(parsePattern, shared)),
  }
}

/** The entries of one written entry; undefined after a problem was reported at its path. */
type Resolve<Entry> = (text: string, at: readonly (string | number)[]) => readonly Entry[] | undefined

const placeEntries =
  <Any extends EndpointPattern>(
    parse: (text: string) => { readonly pattern: Any } | { readonly problem: string },
    shared: Shared,
  ): Resolve<EndpointEntry & { readonly pattern: Any }> =>
  (text, at) => {
    const parsed = parse(text)
    if ('problem' in parsed) {
      shared.problem(at, parsed.problem)
      return undefined
    }
    const { pattern } = parsed
    if (pattern.field !== 'username' && pattern.field !== 'commonName' && groupNameOf(text) === undefined) {
      return [{ pattern, from: undefined, until: undefined, reason: undefined }]
    }
    shared.problem(at, `"${text}" names users: write it under "users"`)
    return undefined
  }
