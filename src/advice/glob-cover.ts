/** A pattern taken apart for comparison: code points; of a run of wildcards first the `?`, then one `*`, so that `*?` and `?**` are alike. */
export type GlobTokens = readonly string[]

export const globTokens = (glob: string): GlobTokens =>
  Array.from(glob.replace(/[*?]{2,}/g, (run) => run.replaceAll('*', '') + (run.includes('*') ? '*' : '')))

/** Patterns of people need a few hundred. Two that were made to disagree late need a million, and there may be thousands of them. */
const MOST_STEPS = 4_000

/** Whether every name that `narrow` hits is hit by `wide` as well. Where it says no, it may be so nevertheless. */
export const coversGlob = (wide: GlobTokens, narrow: GlobTokens): boolean => {
  let at = 0
  let seen = 0
  let star = -1
  let resume = 0
  // As a name is matched, save that a wildcard of `narrow` stands for names yet unknown: only a `*` holds a `*`.
  for (let steps = 0; seen < narrow.length; steps++) {
    if (steps > MOST_STEPS) return false
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
