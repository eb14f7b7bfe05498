import { type Instant, NEVER } from '../time/instant.ts'
import { createMayLookLike, lookOf, SEPARATORS } from './look.ts'
import { HashFilter, hashOf } from './text-hash.ts'
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
  const filter = new HashFilter(lists.reduce((sum, { entries }) => sum + 2 * entries.length, 0))
  const mayLookLike = createMayLookLike(filter)
  const listedEntries = lists.flatMap((list) =>
    list.entries.flatMap((entry): readonly ListedEntry<Owner>[] => (entry.pattern.exact ? [{ list, entry }] : [])),
  )
  /** Each entry is indexed by its looks, and then each name by its typing errors. */
  const work = 2 * listedEntries.length
  let done = 0
  let texts: readonly string[] = []
  let typingErrors = createTypingErrorIndex([])

  const addLooks = (listed: ListedEntry<Owner>) => {
    const { text } = listed.entry.pattern
    add(holders, text, listed)
    const look = lookOf(text)
    add(looks, look, listed)
    filter.add(hashOf(look))
    const user = userOf(look)
    if (!user) return
    add(looksOfUsers, user, listed)
    filter.add(hashOf(user))
  }

  const beginTypingErrors = () => {
    texts = [...holders.keys()]
    typingErrors = createTypingErrorIndex(texts.length > MOST_SEARCHED ? [] : texts)
  }

  const advance = (count: number) => {
    for (const until = Math.min(done + count, work); done < until; done++) {
      const listed = listedEntries[done]
      if (listed !== undefined) addLooks(listed)
      else typingErrors.add(done - listedEntries.length)
      if (done === listedEntries.length - 1) beginTypingErrors()
    }
  }

  /** The entries that look like a name or a part of it, and those whose user does. */
  const lookingLike = (name: string): ReadonlyArray<ListedEntry<Owner>> => {
    if (!mayLookLike(name)) return NONE
    const look = lookOf(name)
    return [look, ...partsOf(look)].flatMap((one) => looks.get(one) ?? []).concat(looksOfUsers.get(look) ?? [])
  }

  /** The entries that resemble a name, the most similar ones first. */
  const resembling = (name: string): ReadonlyArray<ListedEntry<Owner>> => {
    const alike = lookingLike(name)
    const mistyped = typingErrors.find(name)
    if (mistyped.length === 0) return alike
    return [...alike, ...mistyped.flatMap((index) => holders.get(texts[index] ?? '') ?? [])]
  }

  return {
    /** How many steps of indexing are left. `find` makes them all. */
    left: () => work - done,
    /** Makes so many of the steps that are left, each of which takes some microseconds. */
    advance,
    /**
     * At most one entry of each list, and always the same object for the same entry: the one that ends last, and of those
     * the most similar one.
     */
    find(principal: Principal): ReadonlyArray<ListedEntry<Owner>> {
      if (done < work) advance(work - done)
      const { username, commonName } = principal
      let found: Map<OwnedList<Owner>, ListedEntry<Owner>> | undefined
      const search = (name: string | undefined) => {
        if (name === undefined || texts.length === 0) return
        for (const listed of resembling(name)) {
          const { list, entry } = listed
          if (!namesComparedWith(entry, principal, list.bare).includes(name)) continue
          found ??= new Map()
          const known = found.get(list)
          if (known === undefined || endOf(listed) > endOf(known)) found.set(list, listed)
        }
      }
      search(username)
      if (commonName !== username) search(commonName)
      return found === undefined ? NONE : [...found.values()]
    },
  }
}

const NONE: readonly never[] = []
