import { rectifyConfusion } from 'unicode-confusables'
import { BASE, type HashFilter, hashOf } from './text-hash.ts'

/**
 * The look of a folded name, after the skeletons of Unicode TR 39: names that people mistake for each other look the
 * same. Marks are left out. A letter of another alphabet looks like a Latin one in lower or in upper case, and a capital I
 * like an l.
 */
export const lookOf = (name: string): string => {
  if (ASCII.test(name)) return name.replace(OTHER_IN_ASCII, lookOfCharacter)
  let look = ''
  for (const character of withoutMarks(name)) look += lookOfCharacter(character)
  return look
}

/** The characters of ASCII that look like others. All others look like themselves. */
const OTHER_IN_ASCII = /[^a-hj-ln-z2-9 .@\\/_+$#-]/g

const ASCII = /^[\0-\x7f]*$/

const withoutMarks = (text: string): string => (ASCII.test(text) ? text : text.normalize('NFKD').replace(/\p{M}/gu, ''))

/** The look of each character that a name has had. */
const looks = new Map<string, string>()

const lookOfCharacter = (character: string): string => {
  const known = looks.get(character)
  if (known !== undefined) return known
  const small = rectifyConfusion(character)
  const capital = rectifyConfusion(character.toUpperCase()).toLowerCase()
  const look = ASCII.test(small) || !ASCII.test(capital) ? small.toLowerCase() : rectifyConfusion(capital)
  const found = withoutMarks(look).replaceAll('i', 'l')
  looks.set(character, found)
  return found
}

/** The characters between the parts of a name: `CORP\\alice`, `alice@corp.example`. */
export const SEPARATORS = /[\\@/]/

/**
 * Whether a filter may know the look of a folded name, or of one of its parts. Most names are refused so, without a text that
 * is made of them.
 */
export const createMayLookLike = (filter: HashFilter) => {
  const looks = Array.from({ length: 128 }, (_, code) => lookOf(String.fromCharCode(code)))
  const isSeparator = looks.map((look) => SEPARATORS.test(look))
  // A look of several characters moves the hash before it by as many places.
  const powers = Int32Array.from(looks, (look) => Array.from(look).reduce((power) => Math.imul(power, BASE), 1))
  const hashes = Int32Array.from(looks, (look) => hashOf(look))

  return (name: string): boolean => {
    let [whole, part, partLength] = [0, 0, 0]
    for (let index = 0; index < name.length; index++) {
      const code = name.charCodeAt(index)
      if (code >= looks.length) return true
      const [power, hash] = [powers[code] ?? 0, hashes[code] ?? 0]
      whole = (Math.imul(whole, power) + hash) | 0
      if (isSeparator[code] === true) {
        if (partLength > 0 && filter.has(part)) return true
        part = partLength = 0
      } else {
        part = (Math.imul(part, power) + hash) | 0
        partLength++
      }
    }
    return filter.has(whole) || (partLength > 0 && filter.has(part))
  }
}
