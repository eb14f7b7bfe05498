import type * as z from 'zod'
import { parseAddressRange } from '../../domain/names/address-range.ts'
import { type EndpointPattern, parseEndpointPattern } from '../../domain/names/endpoint-pattern.ts'
import type { AnyEntry } from '../../domain/names/hit.ts'
import { parsePattern } from '../../domain/names/pattern.ts'
import { parseTextPattern } from '../../domain/names/text-pattern.ts'
import { narrowed } from '../../domain/names/user-list.ts'
import { parseVersionPattern } from '../../domain/names/version-pattern.ts'
import type { Selector, Shared } from '../../domain/policies/policy.ts'
import type { commonKeys } from '../schema/policies-schema.ts'
import { groupNameOf } from './vocabulary.ts'

type WrittenSelector = z.output<typeof commonKeys.match> | z.output<typeof commonKeys.exempt>

type WrittenList = NonNullable<WrittenSelector>['users']

/** A selector with its groups resolved. `key` is its key in the policy. */
export const bindSelector = (written: WrittenSelector, key: string, shared: Shared): Selector | undefined => {
  if (written === undefined) return undefined
  const { users, endpoints, regions, door } = written
  const bind = <Entry extends AnyEntry>(
    list: WrittenList,
    path: readonly string[],
    resolve: Resolve<Entry>,
  ): readonly Entry[] | undefined =>
    list?.flatMap((entry, index) => {
      const at = [key, ...path, index]
      if (typeof entry === 'string') return resolve(entry, at) ?? []
      return (resolve(entry.pattern, [...at, 'pattern']) ?? []).map((found) => narrowed(found, entry))
    })
  const selector: Selector = {
    users: bind(users, ['users'], shared.entries),
    endpoints: bind(endpoints, ['endpoints'], placeEntries(parseEndpointPattern, shared)),
    regions: bind(regions, ['regions'], placeEntries(parsePattern, shared)),
  }
  if (door === undefined) return selector
  const { idpGroups, platform, publicIp, clientVersion } = door
  return {
    ...selector,
    door: {
      idpGroups: bind(idpGroups, ['door', 'idpGroups'], entries(parseTextPattern, shared)),
      platform: bind(platform, ['door', 'platform'], entries(parseTextPattern, shared)),
      publicIp: bind(publicIp, ['door', 'publicIp'], entries(parseAddressRange, shared)),
      clientVersion: bind(clientVersion, ['door', 'clientVersion'], entries(parseVersionPattern, shared)),
    },
  }
}

/** The group of a selector whose users are one group and nobody else. The value may be anything that was written. */
export const onlyGroupOf = (written: unknown): string | undefined => {
  const users = typeof written === 'object' && written !== null && 'users' in written ? written.users : undefined
  const [only, ...more]: readonly unknown[] = Array.isArray(users) ? users : []
  return typeof only === 'string' && more.length === 0 ? groupNameOf(only) : undefined
}

/** The entries of one written entry; undefined after a problem was reported at its path. */
type Resolve<Entry> = (text: string, at: readonly (string | number)[]) => readonly Entry[] | undefined

type Parse<Any> = (text: string) => { readonly pattern: Any } | { readonly problem: string }

type EntryOf<Any> = Omit<AnyEntry, 'pattern'> & { readonly pattern: Any }

const entries =
  <Any extends AnyEntry['pattern']>(parse: Parse<Any>, shared: Shared): Resolve<EntryOf<Any>> =>
  (text, at) => {
    const parsed = parse(text)
    if ('pattern' in parsed) return [{ pattern: parsed.pattern, from: undefined, until: undefined, reason: undefined }]
    shared.problem(at, parsed.problem)
    return undefined
  }

const placeEntries = <Any extends EndpointPattern>(parse: Parse<Any>, shared: Shared): Resolve<EntryOf<Any>> => {
  const resolve = entries(parse, shared)
  return (text, at) => {
    const found = resolve(text, at)
    const [field] = found?.map(({ pattern }) => pattern.field) ?? []
    if (field !== 'username' && field !== 'commonName' && groupNameOf(text) === undefined) return found
    shared.problem(at, `"${text}" names users: write it under "users"`)
    return undefined
  }
}
