import { BASE, HashFilter, hashOf, INVERSE } from './text-hash.ts'

/** A shorter word has too many neighbours: Anna and Hanna are two people. In characters. */
const SHORTEST_WORD = 5

/**
 * Whether two names differ by one typing error: a character that was left out, added or replaced, or two that were swapped.
 * Digits are never typed wrongly here, since ext-01 and ext-02 are two users, nor are short words, since j.smith and k.smith
 * are.
 */
export const differsByTypingError = (one: string, other: string): boolean => {
  const [short, long] = one.length <= other.length ? [one, other] : [other, one]
  let start = 0
  while (start < short.length && short[start] === long[start]) start++
  let end = 0
  while (end < short.length - start && short[short.length - 1 - end] === long[long.length - 1 - end]) end++
  const [written, wanted] = [short.slice(start, short.length - end), long.slice(start, long.length - end)]
  const isSwap = written.length === 2 && written[0] === wanted[1] && written[1] === wanted[0]
  if (!(wanted.length === 1 || (wanted.length === 2 && isSwap))) return false
  if (/\p{N}/u.test(written + wanted)) return false
  if (!/\p{L}/u.test(written + wanted)) return short.length >= SHORTEST_WORD
  const before = /\p{L}*$/u.exec(short.slice(0, start))?.[0] ?? ''
  const after = /^\p{L}*/u.exec(short.slice(short.length - end))?.[0] ?? ''
  return before.length + written.length + after.length >= SHORTEST_WORD
}

/** Finds the texts that differ from a name by one typing error, without a comparison with each of them. */
export const createTypingErrorIndex = (texts: readonly string[]) => {
  const size = texts.reduce((sum, { length }) => sum + length + 1, 0)
  // A hash table in arrays of numbers: the Maps of 10,000 names would take as long to make as everything else.
  const heads = new Int32Array(2 ** Math.ceil(Math.log2(2 * size + 1))).fill(-1)
  const [hashes, nexts, owners] = [new Int32Array(size), new Int32Array(size), new Int32Array(size)]
  const bucketOf = (hash: number) => (hash ^ (hash >>> 15)) & (heads.length - 1)
  const [begins, ends] = [new HashFilter(3 * texts.length), new HashFilter(3 * texts.length)]
  const lengths = new Set<number>()
  let used = 0

  return {
    /** Indexes the text at a position. Each of them must be added once. */
    add(owner: number): void {
      const text = texts[owner]
      if (text === undefined) return
      for (const hash of deletionHashesOf(text)) {
        const bucket = bucketOf(hash)
        hashes[used] = hash
        owners[used] = owner
        nexts[used] = heads[bucket] ?? -1
        heads[bucket] = used++
      }
      // A name with one typing error is as long, or longer or shorter by one character.
      for (let length = text.length - 1; length <= text.length + 1; length++) {
        lengths.add(length)
        const half = length >> 1
        begins.add(hashOf(text, 0, half))
        ends.add(hashOf(text, text.length - (length - half - 1)))
      }
    },
    /**
     * The positions of the texts, each perhaps several times. One half of the name is right, before its middle character or
     * after it. Most names share neither with a text, so that nothing else is looked up.
     */
    find(name: string): readonly number[] {
      if (!lengths.has(name.length)) return NONE
      const half = name.length >> 1
      const isBegin = begins.has(hashOf(name, 0, half))
      const isEnd = ends.has(hashOf(name, half + 1))
      if (!isBegin && !isEnd) return NONE
      const found: number[] = []
      const deletions = deletionHashesOf(name)
      for (let index = isEnd ? 0 : half; index < deletions.length; index++) {
        if (index === half + 1 && !isBegin) index = name.length
        const hash = deletions[index] ?? 0
        for (let at = heads[bucketOf(hash)] ?? -1; at >= 0; at = nexts[at] ?? -1) {
          const owner = owners[at] ?? -1
          if (hashes[at] === hash && differsByTypingError(texts[owner] ?? '', name)) found.push(owner)
        }
      }
      return found
    },
  }
}

const NONE: readonly never[] = []

/**
 * Hashes of a text, and of the text without each of its characters. Of two texts that differ by one typing error, one or
 * one of its deletions is the other or one of its deletions, so that they share a hash.
 */
const deletionHashesOf = (text: string): Int32Array => {
  const hashes = new Int32Array(text.length + 1)
  let [whole, power] = [0, INVERSE]
  for (let index = 0; index < text.length; index++) {
    whole = (Math.imul(whole, BASE) + text.charCodeAt(index)) | 0
    power = Math.imul(power, BASE)
  }
  hashes[text.length] = whole
  // The characters before the one that is left out move by one place, so that their part is divided by the base.
  let before = 0
  for (let index = 0; index < text.length; index++) {
    const here = Math.imul(text.charCodeAt(index), power)
    hashes[index] = (Math.imul(before, INVERSE) + whole - before - here) | 0
    before = (before + here) | 0
    power = Math.imul(power, INVERSE)
  }
  return hashes
}
