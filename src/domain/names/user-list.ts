import type { Connection } from '../connection.ts'
import { principalOf } from '../connection.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { ALL_TIME, type Periods, union } from '../time/period.ts'
import type { DoorHits } from './door-pattern.ts'
import { fold } from './fold.ts'
import { createGlobIndex } from './glob-index.ts'
import type { Pattern } from './pattern.ts'

/** One entry of a list of users: a pattern, and the time in which it applies, from `from` until before `until`. */
export interface UserEntry {
  readonly from: Instant | undefined
  readonly pattern: Pattern
  readonly reason: string | undefined
  readonly until: Instant | undefined
}

/** The time in which an entry applies. */
type Timed = Pick<UserEntry, 'from' | 'until'>

/** The names of one connection, folded. A policy set resolves each principal once, not each connection. */
export interface Principal {
  readonly username: string | undefined
  readonly commonName: string | undefined
  /** The name that it goes by: its user name, else its common name. */
  readonly name: string | undefined
  /** The facts of its request. Undefined everywhere but at the door, so that a policy that reads them is `unknown`. */
  readonly door?: DoorHits | undefined
}

export const principalNamesOf = (connection: Pick<Connection, 'username' | 'commonName'>): Principal => {
  const username = connection.username === undefined ? undefined : fold(connection.username)
  const commonName =
    connection.commonName === connection.username
      ? username
      : connection.commonName === undefined
        ? undefined
        : fold(connection.commonName)
  return { username, commonName, name: principalOf({ username, commonName }) }
}

/**
 * The names with which a pattern without a prefix is compared: both in `match` and in bans, in `exempt` only the
 * principal. Otherwise a borrowed certificate would bring its owner's exemption with it.
 */
export type BareField = 'either' | 'principal'

export interface UserList<Entry> {
  /** Every entry that matches the principal, in the order of the list. */
  find(principal: Principal): readonly Entry[]
}

export const namesComparedWith = (
  { pattern: { field } }: Pick<UserEntry, 'pattern'>,
  { username, commonName, name }: Principal,
  bare: BareField,
): readonly (string | undefined)[] => {
  if (field === 'username') return [username]
  if (field === 'commonName') return [commonName]
  return bare === 'principal' ? [name] : [username, commonName]
}

const NONE: readonly never[] = []

/**
 * Made for long lists: ten thousand exact names cost a principal one look-up, and thousands of globs a walk along its name.
 */
export const createUserList = <Entry extends Pick<UserEntry, 'pattern'>>(
  entries: readonly Entry[],
  bare: BareField,
): UserList<Entry> => {
  /** The entries of each exact name: mostly one. */
  const exact = new Map<string, number | number[]>()
  const globEntries: number[] = []
  const globTexts: string[] = []
  for (const [index, { pattern }] of entries.entries()) {
    if (!pattern.exact) {
      globEntries.push(index)
      globTexts.push(pattern.text)
      continue
    }
    const known = exact.get(pattern.text)
    if (typeof known === 'object') known.push(index)
    else exact.set(pattern.text, known === undefined ? index : [known, index])
  }
  const globs = createGlobIndex(globTexts)

  return {
    find(principal) {
      const { username, commonName } = principal
      const found: number[] = []
      const add = (index: number, name: string) => {
        const entry = entries[index]
        if (entry !== undefined && namesComparedWith(entry, principal, bare).includes(name)) found.push(index)
      }
      const search = (name: string | undefined) => {
        if (name === undefined) return
        const named = exact.get(name)
        if (typeof named === 'number') add(named, name)
        else for (const index of named ?? NONE) add(index, name)
        for (const at of globs.find(name)) add(globEntries[at] ?? -1, name)
      }
      search(username)
      if (commonName !== username) search(commonName)
      if (found.length === 0) return NONE
      return [...new Set(found)].sort((a, b) => a - b).flatMap((index) => entries[index] ?? [])
    },
  }
}

/** When at least one entry applies. */
export const periodsOf = (entries: readonly Timed[]): Periods =>
  entries.some(({ from, until }) => from === undefined && until === undefined)
    ? ALL_TIME
    : union(entries.map(({ from = -NEVER, until = NEVER }) => ({ from, until })))

/** Of the entries that apply at an instant, the one that ends last. */
export const lastingAt = <Entry extends Timed>(entries: readonly Entry[], at: Instant): Entry | undefined =>
  entries
    .filter(({ from = -NEVER, until = NEVER }) => from <= at && at < until)
    .reduce<Entry | undefined>(
      (best, entry) => (best === undefined || (entry.until ?? NEVER) > (best.until ?? NEVER) ? entry : best),
      undefined,
    )

/** The entry of a group, in the time of the entry that names the group. The reason beside that name is the nearer one. */
export const narrowed = <Entry extends Timed & Pick<UserEntry, 'reason'>>(
  entry: Entry,
  by: Partial<Pick<UserEntry, 'from' | 'until' | 'reason'>>,
): Entry => ({
  ...entry,
  from: later(entry.from, by.from),
  until: earlier(entry.until, by.until),
  reason: by.reason ?? entry.reason,
})

const later = (a: Instant | undefined, b: Instant | undefined) =>
  a === undefined || b === undefined ? (a ?? b) : Math.max(a, b)

const earlier = (a: Instant | undefined, b: Instant | undefined) =>
  a === undefined || b === undefined ? (a ?? b) : Math.min(a, b)
