import { parsePattern } from '../domain/names/pattern.ts'
import { nameOf, writtenLists } from './list-changes.ts'
import { joinPolicySet, type PolicySetPart } from './policy-set-text.ts'
import type { Naming, TrailRecord } from './trail-record.ts'

/** Whether the names of a connection are those of the person. */
export type IsUser = (names: {
  readonly username: string | undefined
  readonly commonName: string | undefined
}) => boolean

/** Whether an entry of a list is the name of the person. One with wildcards names nobody. */
export const isNamedBy = (entry: string, isUser: IsUser): boolean => {
  const parsed = parsePattern(entry)
  if ('problem' in parsed) return isUser({ username: entry, commonName: entry })
  const { field, text, exact } = parsed.pattern
  return (
    exact &&
    isUser({
      username: field === 'commonName' ? undefined : text,
      commonName: field === 'username' ? undefined : text,
    })
  )
}

/**
 * Finds the policy sets of a trail that name a person. Returns the record of the last part of each such set, once for
 * each hash: with the entries in `named`, and without the text, which names others too.
 */
export const createNamedSets = (isUser: IsUser) => {
  /** The parts of texts that are not whole yet, by hash. */
  const waiting = new Map<string, PolicySetPart[]>()
  const answered = new Set<string>()
  /** By entry: the next set has mostly the same ones. */
  const known = new Map<string, boolean>()
  const isNamed = (entry: string): boolean => {
    const before = known.get(entry)
    if (before !== undefined) return before
    const found = isNamedBy(entry, isUser)
    known.set(entry, found)
    return found
  }
  return {
    read({ text, ...record }: TrailRecord): TrailRecord | undefined {
      const { policySetHash: hash = '', part, parts } = record
      if (answered.has(hash) || text === undefined || part === undefined || parts === undefined) return undefined
      const found = [...(waiting.get(hash) ?? []), { part, parts, text }]
      const joined = found.length < parts ? undefined : joinPolicySet(hash, found)
      if (joined === undefined || 'problem' in joined) {
        waiting.set(hash, found)
        return undefined
      }
      waiting.delete(hash)
      answered.add(hash)
      const named = namingsIn(joined.content, isNamed)
      return named.length === 0 ? undefined : { ...record, named }
    },
    /** The sets whose text is not whole, or is another one than its hash says. */
    unread: (): readonly string[] => [...waiting.keys()],
  }
}

const namingsIn = (written: unknown, isNamed: (entry: string) => boolean): readonly Naming[] =>
  writtenLists(written).flatMap(([{ policy = null, list }, entries]) =>
    entries.filter((entry) => nameOf(entry).some(isNamed)).map((entry) => ({ policy, list, entry })),
  )
