import type { Connection } from '../connection.ts'
import { principalOf } from '../connection.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { createGlobIndex } from './glob-index.ts'
import { fold, type Pattern } from './pattern.ts'

/** One line of a list of users: a pattern, and the half-open stretch of time in which it counts. */
export interface UserEntry {
  readonly pattern: Pattern
  readonly from: Instant | undefined
  readonly until: Instant | undefined
  readonly reason: string | undefined
}

/** The names of one connection, folded once; a policy set resolves each person once. */
export interface Person {
  readonly username: string | undefined
  readonly commonName: string | undefined
  readonly principal: string | undefined
}

export const personOf = (connection: Pick<Connection, 'username' | 'commonName'>): Person => {
  const username = connection.username === undefined ? undefined : fold(connection.username)
  const commonName = connection.commonName === undefined ? undefined : fold(connection.commonName)
  return { username, commonName, principal: principalOf({ username, commonName }) }
}

/** What a bare pattern looks at: in `match` and in bans both names, in `exempt` the principal alone (a borrowed certificate must not bring its owner's exemption). */
export type BareField = 'either' | 'principal'

export interface UserList {
  /** Every entry that names the person, in the order in which they were written. */
  find(person: Person): readonly UserEntry[]
}

/** Ten thousand exact names cost one look-up a person, and thousands of globs a few. */
export const createUserList = (entries: readonly UserEntry[], bare: BareField): UserList => {
  const exact = new Map<string, number[]>()
  const globbed = entries.flatMap(({ pattern }, index) => (pattern.exact ? [] : [index]))
  const globs = createGlobIndex(globbed.map((index) => entries[index]?.pattern.text ?? ''))
  entries.forEach((entry, index) => {
    if (!entry.pattern.exact) return
    if (exact.get(entry.pattern.text)?.push(index) === undefined) exact.set(entry.pattern.text, [index])
  })

  const looksAt = (entry: UserEntry, person: Person): readonly (string | undefined)[] => {
    if (entry.pattern.field === 'username') return [person.username]
    if (entry.pattern.field === 'commonName') return [person.commonName]
    return bare === 'principal' ? [person.principal] : [person.username, person.commonName]
  }

  return {
    find(person) {
      const found = new Set<number>()
      for (const name of new Set([person.username, person.commonName])) {
        if (name === undefined) continue
        const hit = [...(exact.get(name) ?? []), ...globs.find(name).map((at) => globbed[at] ?? -1)]
        for (const index of hit) {
          const entry = entries[index]
          if (entry && looksAt(entry, person).includes(name)) found.add(index)
        }
      }
      return [...found].sort((a, b) => a - b).flatMap((index) => entries[index] ?? [])
    },
  }
}

/** A half-open stretch of time. */
export interface Period {
  readonly from: Instant
  readonly until: Instant
}

/** When at least one of the entries counts: sorted, merged (touching ones are one), without empty ones. */
export const periodsOf = (entries: readonly UserEntry[]): readonly Period[] => {
  const spans = entries
    .map(({ from, until }) => ({ from: from ?? -NEVER, until: until ?? NEVER }))
    .filter((span) => span.from < span.until)
    .sort((a, b) => a.from - b.from)
  const merged: Period[] = []
  for (const span of spans) {
    const last = merged.at(-1)
    if (last !== undefined && span.from <= last.until) {
      merged[merged.length - 1] = { from: last.from, until: Math.max(last.until, span.until) }
    } else {
      merged.push(span)
    }
  }
  return merged
}
