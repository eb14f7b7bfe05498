import { indexedEnd } from '../../domain/names/glob-index.ts'
import type { Pattern } from '../../domain/names/pattern.ts'

/**
 * How many patterns may be compared with the same name. On the largest endpoint, with 126,000 users of two names each,
 * 200 comparisons a name take three seconds, in which an edit blocks the event loop.
 */
const MOST_COMPARED = 200

/**
 * Counts the patterns of a configuration, and returns the problem when too many of them must be compared with every name:
 * those without a literal end, or with the same one. The problem is returned once for each end.
 */
export const createCrowdCheck = () => {
  const counts = new Map<string, number>()
  return (patterns: readonly Pattern[]): string | undefined => {
    let problem: string | undefined
    for (const { text, exact, source } of patterns) {
      if (exact) continue
      const found = indexedEnd(text)
      const key = `${found.end} ${found.text}`
      const count = (counts.get(key) ?? 0) + 1
      counts.set(key, count)
      if (count === MOST_COMPARED + 1) problem = problemOf(source, found)
    }
    return problem
  }
}

const problemOf = (source: string, { end, text }: ReturnType<typeof indexedEnd>) => {
  const alike = {
    neither: 'have a * or ? at both ends',
    prefix: `begin with "${text}"`,
    suffix: `end in "${text}"`,
  }[end]
  return `more than ${MOST_COMPARED} patterns ${alike}, and "${source}" is the next: every name would be compared with each of them, which delays enforcement. Write whole names, or longer beginnings or ends`
}
