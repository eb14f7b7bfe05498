import { printable } from '../../domain/printable.ts'

/** The characters that a label of a chart may have. */
const MOST_CHARACTERS = 36

/** Names as labels of a chart, in their order. A long name has its begin and its end. No two labels are the same. */
export const labelsOf = (names: readonly string[]): readonly string[] => {
  const taken = new Set<string>()
  return names.map((name) => {
    const label = withoutMiddle(printable(name))
    let free = label
    for (let number = 2; taken.has(free); number++) free = `${label} (${number})`
    taken.add(free)
    return free
  })
}

const withoutMiddle = (text: string): string => {
  const characters = Array.from(text)
  if (characters.length <= MOST_CHARACTERS) return text
  const half = (MOST_CHARACTERS - 1) / 2
  return `${characters.slice(0, Math.ceil(half)).join('')}…${characters.slice(-Math.floor(half)).join('')}`
}

/** Between a label and the chart beside it. */
const GAP = 14

/**
 * The margin in which the longest label has room. The fonts of systems differ: each character counts as wide as in the
 * widest of them.
 */
export const marginOf = (labels: readonly string[]): number =>
  Math.ceil(labels.reduce((widest, label) => Math.max(widest, widthOf(label)), 0)) + GAP

const widthOf = (text: string): number =>
  Array.from(text).reduce((width, character) => width + characterWidth(character), 0)

/** Of a character at 12 pixels. */
const characterWidth = (character: string): number => {
  if (/[mwMW@%]/.test(character)) return 12
  if (/[ijl.,:;'|! ]/.test(character)) return 4.5
  if (/[a-z0-9\-_()/]/.test(character)) return 7.7
  return /[ -~]/.test(character) ? 9.5 : 12
}
