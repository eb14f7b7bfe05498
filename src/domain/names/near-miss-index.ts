import { type Instant, NEVER } from '../time/instant.ts'
import { lookOf } from './look.ts'
import { createTypingErrorIndex } from './typing-error.ts'
import { type BareField, namesComparedWith, type Principal, type UserEntry } from './user-list.ts'

/** A list of users, with what its owner knows of it. */
export interface OwnedList<Owner> {
  readonly owner: Owner
  readonly entries: readonly UserEntry[]
  readonly bare: BareField
}

/** An entry without wildcards, and its list. */
export interface ListedEntry<Owner> {
  readonly list: OwnedList<Owner>
  readonly entry: UserEntry
}

/**
 * The largest number of names that are searched for typing errors. Each name needs about half a kilobyte for this, and the
 * longest file of users would need more than 100 MB.
 */
const MOST_SEARCHED = 50_000

/** The characters between the parts of a name: `CORP\\alice`, `alice@corp.example`. */
const SEPARATORS = /[\\@/]/

const partsOf = (name: string): readonly string[] =>
  SEPARATORS.test(name) ? name.split(SEPARATORS).filter(Boolean) : []

/**
 * The part of a name that is the user: `alice` of `CORP\\alice@corp.example`. Undefined if the name has no parts. The
 * others name a domain, which thousands of entries share.
 */
const userOf = (name: string): string | undefined => {
  if (!SEPARATORS.test(name)) return undefined
  const [beforeAt = ''] = name.split('@')
  return beforeAt.split(/[\\/]/).at(-1)
}

/** When an entry applies no longer. */
const endOf = ({ entry }: { readonly entry: UserEntry }): Instant => entry.until ?? NEVER

/**
 * Adds an entry under a key. Of the entries of one list that are compared with the same names only the one that ends last
 * is kept: ten thousand entries `vpn@…` would all be read for each user `vpn`. The entries of a list come one after another.
 */
const add = <Owner>(map: Map<string, Array<ListedEntry<Owner>>>, key: string, listed: ListedEntry<Owner>) => {
  const known = map.get(key)
  if (known === undefined) {
    map.set(key, [listed])
    return
  }
  for (let at = known.length - 1; at >= 0; at--) {
    const other = known[at]
    if (other?.list !== listed.list) break
    if (other.entry.pattern.field !== listed.entry.pattern.field) continue
    if (endOf(listed) > endOf(other)) known[at] = listed
    return
  }
  known.push(listed)
}

/**
 * Finds the entries of lists that miss a principal by little: they look like its name, are a part of it or have it as a
 * part, or are one typing error away. Only entries without wildcards are compared. An entry that matches the principal is
 * found too.
 */
export const createNearMissIndex = <Owner>(lists: ReadonlyArray<OwnedList<Owner>>) => {
  const holders = new Map<string, Array<ListedEntry<Owner>>>()
  const looks = new Map<string, Array<ListedEntry<Owner>>>()
  const looksOfUsers = new Map<string, Array<ListedEntry<Owner>>>()
  for (const list of lists) {
    for (const entry of list.entries) {
      const { text, exact } = entry.pattern
      if (!exact) continue
      const listed = { list, entry }
      add(holders, text, listed)
      const look = lookOf(text)
      add(looks, look, listed)
      const user = userOf(look)
      if (user) add(looksOfUsers, user, listed)
    }
  }
  const texts = [...holders.keys()]
  const typingErrors = createTypingErrorIndex(texts.length > MOST_SEARCHED ? [] : texts)

  /** The entries that resemble a name, the most similar ones first. */
  const resembling = function* (name: string): Iterable<ListedEntry<Owner>> {
    const look = lookOf(name)
    yield* looks.get(look) ?? []
    for (const part of partsOf(look)) yield* looks.get(part) ?? []
    yield* looksOfUsers.get(look) ?? []
    for (const index of typingErrors.find(name)) yield* holders.get(texts[index] ?? '') ?? []
  }

  return {
    /**
     * At most one entry of each list, and always the same object for the same entry: the one that ends last, and of those
     * the most similar one.
     */
    find(principal: Principal): ReadonlyArray<ListedEntry<Owner>> {
      const found = new Map<OwnedList<Owner>, ListedEntry<Owner>>()
      if (texts.length === 0) return []
      for (const name of new Set([principal.username, principal.commonName])) {
        if (name === undefined) continue
        for (const listed of resembling(name)) {
          const { list, entry } = listed
          if (!namesComparedWith(entry, principal, list.bare).includes(name)) continue
          const known = found.get(list)
          if (known === undefined || endOf(listed) > endOf(known)) found.set(list, listed)
        }
      }
      return [...found.values()]
    },
  }
}
