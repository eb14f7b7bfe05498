import { type Pattern, parsePattern } from '../domain/names/pattern.ts'
import { type BareField, type Period, periodsOf, type UserEntry } from '../domain/names/user-list.ts'
import { NEVER } from '../domain/time/instant.ts'
import { coversGlob, type GlobTokens, globTokens } from './glob-cover.ts'

/** The name by which an entry hits somebody. One with a user name may have any common name beside it. */
type Hold = 'username' | 'commonName' | 'commonNameAlone'

const HOLDS: readonly Hold[] = ['username', 'commonName', 'commonNameAlone']

/** The names by which an entry hits, each of which has to be covered. */
const holdsOf = ({ field }: Pattern, bare: BareField): readonly Hold[] => {
  if (field !== 'either') return [field]
  return bare === 'either' ? ['username', 'commonName'] : ['username', 'commonNameAlone']
}

/** Whether an entry looks at the name, whoever has it. */
const looksAt = ({ field, text }: Pattern, bare: BareField, hold: Hold): boolean => {
  if (field === 'username') return hold === 'username'
  if (field === 'commonName') return hold !== 'username'
  // Beside a user name the common name is not the principal; but whoever has a name at all has a principal.
  return bare === 'either' || hold !== 'commonName' || /^\*+$/.test(text)
}

/** All others are compared by their text alone: of ten thousand, comparing each with each would take minutes. */
const WIDEST = 100

export type UserCover = (others: readonly UserEntry[], bare: BareField) => boolean

/** Whether a list hits everybody whom other entries hit, for as long as they do. Where it says no, it may be so nevertheless. */
export const createUserCover = (entries: readonly UserEntry[], bare: BareField): UserCover => {
  const looking = (hold: Hold) => {
    const seen = entries.filter(({ pattern }) => looksAt(pattern, bare, hold))
    const widest = seen
      .filter(({ pattern }) => !pattern.exact)
      .sort((a, b) => a.pattern.text.length - b.pattern.text.length)
      .slice(0, WIDEST)
      .map((entry) => ({ spans: periodsOf([entry]), tokens: globTokens(entry.pattern.text) }))
    return { hold, sameText: spansByText(seen), widest }
  }
  const lookings = HOLDS.map(looking)

  const covers = (other: UserEntry, otherBare: BareField): boolean => {
    const holds = holdsOf(other.pattern, otherBare)
    let tokens: GlobTokens | undefined
    return lookings.every(({ hold, sameText, widest }) => {
      if (!holds.includes(hold) || last(sameText.get(other.pattern.text) ?? [], other)) return true
      const narrow = (tokens ??= globTokens(other.pattern.text))
      return widest.some(({ spans, tokens: wide }) => last(spans, other) && coversGlob(wide, narrow))
    })
  }
  return (others, otherBare) => others.every((other) => covers(other, otherBare))
}

const spansByText = (entries: readonly UserEntry[]): ReadonlyMap<string, readonly Period[]> => {
  const byText = new Map<string, UserEntry[]>()
  for (const entry of entries) {
    if (byText.get(entry.pattern.text)?.push(entry) === undefined) byText.set(entry.pattern.text, [entry])
  }
  return new Map([...byText].map(([text, alike]) => [text, periodsOf(alike)]))
}

/** Whether one of the spans lasts as long as an entry counts. */
const last = (spans: readonly Period[], { from = -NEVER, until = NEVER }: UserEntry): boolean =>
  spans.some((span) => span.from <= from && until <= span.until)

/** An entry that hits everybody who has a name, and everything that has one. */
export const EVERYTHING: readonly UserEntry[] = [parsePattern('*')].flatMap((parsed) =>
  'pattern' in parsed ? [{ pattern: parsed.pattern, from: undefined, until: undefined, reason: undefined }] : [],
)
