/**
 * A pattern as code points. In a run of wildcards all `?` come first, then one `*`, so that `*?` and `?**` are equal.
 */
export type GlobTokens = readonly string[]

export const globTokens = (glob: string): GlobTokens =>
  Array.from(glob.replace(/[*?]{2,}/g, (run) => run.replaceAll('*', '') + (run.includes('*') ? '*' : '')))

/**
 * Patterns that people write need a few hundred steps. Patterns made to be slow need a million, and there may be
 * thousands of them.
 */
const MAX_STEPS = 4_000

/** Whether `wide` matches every name that `narrow` matches. A false result may be wrong, a true result never is. */
export const coversGlob = (wide: GlobTokens, narrow: GlobTokens): boolean => {
  let at = 0
  let seen = 0
  let star = -1
  let resume = 0
  // This matches `wide` against `narrow` as if `narrow` were a name. A wildcard of `narrow` stands for unknown
  // characters, so only a `*` of `wide` matches a `*`.
  for (let steps = 0; seen < narrow.length; steps++) {
    if (steps > MAX_STEPS) return false
    const wanted = wide[at]
    const found = narrow[seen]
    if (wanted === '*') {
      star = at++
      resume = seen
    } else if (wanted !== undefined && (wanted === found || (wanted === '?' && found !== '*'))) {
      at++
      seen++
    } else if (star >= 0) {
      at = star + 1
      seen = ++resume
    } else {
      return false
    }
  }
  while (wide[at] === '*') at++
  return at === wide.length
}
