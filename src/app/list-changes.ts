import { POLICY_KINDS } from '../domain/policies/registry.ts'
import type { ListOfUsers } from '../domain/policies/user-lists.ts'
import { LONGEST_PART } from './policy-set-text.ts'

/** A list of users in a policy set as an operator wrote it. */
export interface PlaceOfList {
  /** The name of the policy. Undefined for `protect` and for a group. */
  readonly policy: string | undefined
  /** `users` includes the entries of the policy's files. */
  readonly list: ListOfUsers | `group:${string}`
}

interface Names {
  readonly added: readonly string[]
  readonly removed: readonly string[]
}

/** The entries of one list that an edit added and removed, and how many entries the list has after it. */
export interface ListChange extends PlaceOfList, Names {
  readonly entries: number
}

/**
 * The entries that came and went between two policy sets, for each list of users. Both sets are in their written form,
 * which the state file keeps. A list that exists in one of them only is compared with an empty one.
 */
export const listChanges = (before: unknown, after: unknown): readonly ListChange[] => {
  const [earlier, later] = [listsIn(before), listsIn(after)]
  return [...new Set([...later.keys(), ...earlier.keys()])].flatMap((key) => {
    const [old, now] = [earlier.get(key), later.get(key)]
    const place = (now ?? old)?.place
    const added = onlyIn(now?.entries, old?.entries)
    const removed = onlyIn(old?.entries, now?.entries)
    if (place === undefined || added.length + removed.length === 0) return []
    return [{ ...place, entries: now?.entries.size ?? 0, added, removed }]
  })
}

const onlyIn = (entries: ReadonlySet<string> = NO_ENTRIES, others: ReadonlySet<string> = NO_ENTRIES): string[] => {
  const only: string[] = []
  for (const entry of entries) if (!others.has(entry)) only.push(entry)
  return only
}

const NO_ENTRIES: ReadonlySet<string> = new Set()

interface WrittenList {
  readonly place: PlaceOfList
  readonly entries: ReadonlySet<string>
}

/** By a text that no other list has: names have no control characters. */
const listsIn = (written: unknown): ReadonlyMap<string, WrittenList> =>
  new Map(
    writtenLists(written).map(([place, entries]) => [
      `${place.policy ?? ''}\n${place.list}`,
      { place, entries: namesOf(entries) },
    ]),
  )

const namesOf = (entries: readonly unknown[]): ReadonlySet<string> => {
  const names = new Set<string>()
  for (const entry of entries) {
    if (typeof entry === 'string') names.add(entry)
    else for (const name of nameOf(entry)) names.add(name)
  }
  return names
}

/** Every list of users of a policy set in its written form, with its entries as they are written. */
export const writtenLists = (written: unknown): readonly [PlaceOfList, entries: readonly unknown[]][] => {
  const set = mapOf(written)
  return [
    ...arrayOf(set.policies).map(mapOf).flatMap(listsOfPolicy),
    ...Object.entries(mapOf(set.groups)).map(([name, members]): [PlaceOfList, readonly unknown[]] => [
      { policy: undefined, list: `group:${name}` },
      arrayOf(members),
    ]),
    [{ policy: undefined, list: 'protect' }, arrayOf(mapOf(set.protect).users)],
  ]
}

const listsOfPolicy = (policy: WrittenMap): [PlaceOfList, readonly unknown[]][] => {
  const name = String(policy.name)
  const fileKeys = POLICY_KINDS.find(({ kind }) => kind === policy.kind)?.fileKeys ?? []
  return [
    [{ policy: name, list: 'users' }, arrayOf(policy.users).concat(...fileKeys.map((key) => arrayOf(policy[key])))],
    [{ policy: name, list: 'match' }, arrayOf(mapOf(policy.match).users)],
    [{ policy: name, list: 'exempt' }, arrayOf(mapOf(policy.exempt).users)],
  ]
}

type WrittenMap = Readonly<Record<string, unknown>>

const mapOf = (value: unknown): WrittenMap => (typeof value === 'object' && value !== null ? { ...value } : {})

const arrayOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** An entry with dates or a reason is the same entry when these change. */
export const nameOf = (entry: unknown): readonly string[] => {
  const name = typeof entry === 'string' ? entry : mapOf(entry).pattern
  return typeof name === 'string' ? [name] : []
}

/** The names in as many parts as lines of the trail need: no name is left out. */
export const namesInParts = ({ added, removed }: Names): readonly Names[] => {
  const parts: Array<{ readonly added: string[]; readonly removed: string[] }> = []
  let room = 0
  const put = (key: keyof Names, name: string) => {
    room -= name.length + 1
    if (parts.length === 0 || room < 0) {
      parts.push({ added: [], removed: [] })
      room = LONGEST_PART - name.length - 1
    }
    parts.at(-1)?.[key].push(name)
  }
  for (const name of added) put('added', name)
  for (const name of removed) put('removed', name)
  return parts
}
