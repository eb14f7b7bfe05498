import { type Pattern, parsePattern } from '../domain/names/pattern.ts'
import { type BareField, periodsOf, type UserEntry } from '../domain/names/user-list.ts'
import { NEVER } from '../domain/time/instant.ts'
import type { Periods } from '../domain/time/period.ts'
import { coversGlob, type GlobTokens, globTokens } from './glob-cover.ts'

/**
 * The name by which an entry matches a principal. A principal with a user name may have any common name too;
 * `commonNameAlone` is that of a principal without a user name.
 */
type MatchedName = 'username' | 'commonName' | 'commonNameAlone'

const MATCHED_NAMES: readonly MatchedName[] = ['username', 'commonName', 'commonNameAlone']

/** The names by which an entry matches. Each of them must be covered. */
const matchedNamesOf = ({ field }: Pattern, bare: BareField): readonly MatchedName[] => {
  if (field !== 'either') return [field]
  return bare === 'either' ? ['username', 'commonName'] : ['username', 'commonNameAlone']
}

/** Whether an entry compares its pattern with this name of every principal who has it. */
const compares = ({ field, text }: Pattern, bare: BareField, name: MatchedName): boolean => {
  if (field === 'username') return name === 'username'
  if (field === 'commonName') return name !== 'username'
  // The common name of a principal with a user name is not the principal. But every principal with a name has a principal, so
  // a pattern of stars matches them all.
  return bare === 'either' || name !== 'commonName' || /^\*+$/.test(text)
}

/**
 * This many of the widest patterns are compared as patterns, all others by equal text. Comparing ten thousand with each
 * other would take minutes.
 */
const MAX_COMPARED = 100

export type UserCover = (others: readonly UserEntry[], bare: BareField) => boolean

/**
 * Whether a list matches every principal that other entries match, for at least as long. A false result may be wrong, a
 * true result never is.
 */
export const createUserCover = (entries: readonly UserEntry[], bare: BareField): UserCover => {
  const coverOf = (name: MatchedName) => {
    const comparing = entries.filter(({ pattern }) => compares(pattern, bare, name))
    const widest = comparing
      .filter(({ pattern }) => !pattern.exact)
      .sort((a, b) => a.pattern.text.length - b.pattern.text.length)
      .slice(0, MAX_COMPARED)
      .map((entry) => ({ spans: periodsOf([entry]), tokens: globTokens(entry.pattern.text) }))
    return { name, sameText: spansByText(comparing), widest }
  }
  const nameCovers = MATCHED_NAMES.map(coverOf)

  const covers = (other: UserEntry, otherBare: BareField): boolean => {
    const names = matchedNamesOf(other.pattern, otherBare)
    let tokens: GlobTokens | undefined
    return nameCovers.every(({ name, sameText, widest }) => {
      if (!names.includes(name) || lastsAsLong(sameText.get(other.pattern.text) ?? [], other)) return true
      const narrow = (tokens ??= globTokens(other.pattern.text))
      return widest.some(({ spans, tokens: wide }) => lastsAsLong(spans, other) && coversGlob(wide, narrow))
    })
  }
  return (others, otherBare) => others.every((other) => covers(other, otherBare))
}

const spansByText = (entries: readonly UserEntry[]): ReadonlyMap<string, Periods> => {
  const byText = new Map<string, UserEntry[]>()
  for (const entry of entries) {
    if (byText.get(entry.pattern.text)?.push(entry) === undefined) byText.set(entry.pattern.text, [entry])
  }
  return new Map([...byText].map(([text, sameText]) => [text, periodsOf(sameText)]))
}

/** Whether one of the spans contains the whole period of an entry. */
const lastsAsLong = (spans: Periods, { from = -NEVER, until = NEVER }: UserEntry): boolean =>
  spans.some((span) => span.from <= from && until <= span.until)

/** An entry that matches every principal with a name, every endpoint and every Region. */
export const EVERYTHING: readonly UserEntry[] = [parsePattern('*')].flatMap((parsed) =>
  'pattern' in parsed ? [{ pattern: parsed.pattern, from: undefined, until: undefined, reason: undefined }] : [],
)
