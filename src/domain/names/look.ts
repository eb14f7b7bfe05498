import { rectifyConfusion } from 'unicode-confusables'

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

const ASCII = /^[\0-\x7f]*$/

const withoutMarks = (text: string): string => (ASCII.test(text) ? text : text.normalize('NFKD').replace(/\p{M}/gu, ''))
