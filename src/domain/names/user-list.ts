import type { Connection } from '../connection.ts'
import { principalOf } from '../connection.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { fold } from './fold.ts'
import { createGlobIndex } from './glob-index.ts'
import type { Pattern } from './pattern.ts'

/** One entry of a list of users: a pattern, and the time in which it applies, from `from` until before `until`. */
export interface UserEntry {
  readonly pattern: Pattern
  readonly from: Instant | undefined
  readonly until: Instant | undefined
  readonly reason: string | undefined
}

/** The names of one connection, folded. A policy set resolves each principal once, not each connection. */
export interface Principal {
  readonly username: string | undefined
  readonly commonName: string | undefined
  /** The name that it goes by: its user name, else its common name. */
  readonly name: string | undefined
}

export const principalNamesOf = (connection: Pick<Connection, 'username' | 'commonName'>): Principal => {
  const username = connection.username === undefined ? undefined : fold(connection.username)
  const commonName = connection.commonName === undefined ? undefined : fold(connection.commonName)
  return { username, commonName, name: principalOf({ username, commonName }) }
}

/**
 * The names with which a pattern without a prefix is compared: both in `match` and in bans, in `exempt` only the
 * principal. Otherwise a borrowed certificate would bring its owner's exemption with it.
 */
export type BareField = 'either' | 'principal'

export interface UserList {
  /** Every entry that matches the principal, in the order of the list. */
  find(principal: Principal): readonly UserEntry[]
}

/** Made for long lists: per principal, ten thousand exact names cost one look-up and thousands of globs a few. */
export const createUserList = (entries: readonly UserEntry[], bare: BareField): UserList => {
  const exact = new Map<string, number[]>()
  const globEntries = entries.flatMap(({ pattern }, index) => (pattern.exact ? [] : [index]))
  const globs = createGlobIndex(globEntries.map((index) => entries[index]?.pattern.text ?? ''))
  entries.forEach((entry, index) => {
    if (!entry.pattern.exact) return
    if (exact.get(entry.pattern.text)?.push(index) === undefined) exact.set(entry.pattern.text, [index])
  })

  const namesComparedWith = (entry: UserEntry, principal: Principal): readonly (string | undefined)[] => {
    if (entry.pattern.field === 'username') return [principal.username]
    if (entry.pattern.field === 'commonName') return [principal.commonName]
    return bare === 'principal' ? [principal.name] : [principal.username, principal.commonName]
  }

  return {
    find(principal) {
      const found = new Set<number>()
      for (const name of new Set([principal.username, principal.commonName])) {
        if (name === undefined) continue
        const candidates = [...(exact.get(name) ?? []), ...globs.find(name).map((at) => globEntries[at] ?? -1)]
        for (const index of candidates) {
          const entry = entries[index]
          if (entry && namesComparedWith(entry, principal).includes(name)) found.add(index)
        }
      }
      return [...found].sort((a, b) => a - b).flatMap((index) => entries[index] ?? [])
    },
  }
}

/** From `from` until before `until`. */
export interface Period {
  readonly from: Instant
  readonly until: Instant
}

/** When at least one entry applies: sorted, without empty periods, overlapping and touching periods merged. */
export const periodsOf = (entries: readonly UserEntry[]): readonly Period[] => {
  const periods = entries
    .map(({ from, until }) => ({ from: from ?? -NEVER, until: until ?? NEVER }))
    .filter((period) => period.from < period.until)
    .sort((a, b) => a.from - b.from)
  const merged: Period[] = []
  for (const period of periods) {
    const last = merged.at(-1)
    if (last !== undefined && period.from <= last.until) {
      merged[merged.length - 1] = { from: last.from, until: Math.max(last.until, period.until) }
    } else {
      merged.push(period)
    }
  }
  return merged
}
