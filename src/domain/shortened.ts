/** At most `characters` of a text. It is cut after a word where a word ends near the limit, and ends in `…` then. */
export const shortened = (text: string, characters: number): string => {
  if (text.length <= characters) return text
  // The last character of a text that is cut must not be half of a surrogate pair.
  const start = text.slice(0, characters - 1).replace(/[\ud800-\udbff]$/, '')
  const space = start.lastIndexOf(' ')
  return `${space > characters / 2 ? start.slice(0, space) : start}…`
}

/** How many names a list in one line holds. */
export const MOST_NAMES = 10

/** The first ten names, and how many more there are. `total`: how many there are, if `names` are only the first. */
export const firstNames = (names: readonly string[], total = names.length): readonly string[] =>
  total <= MOST_NAMES ? names : [...names.slice(0, MOST_NAMES), `and ${total - MOST_NAMES} more`]
