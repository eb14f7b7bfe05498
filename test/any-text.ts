import fc from 'fast-check'

const SURROGATES_FROM = 0xd800
const SURROGATES = 0x800

/** Any character of Unicode. fast-check's own makes a table of them all, for a second in each worker. */
const anyCharacter = fc.nat(0x10ffff - SURROGATES).map(
  (index) => String.fromCodePoint(index < SURROGATES_FROM ? index : index + SURROGATES),
  (value) => {
    const [character = '', ...more] = typeof value === 'string' ? value : ''
    const point = character.codePointAt(0)
    if (point === undefined || more.length > 0) throw new Error('not one character')
    if (point < SURROGATES_FROM) return point
    if (point < SURROGATES_FROM + SURROGATES) throw new Error('half of a character')
    return point - SURROGATES
  },
)

/** A text of any characters: what `fc.string({ unit: 'binary' })` makes. */
export const anyText = (length: Pick<fc.StringConstraints, 'minLength' | 'maxLength'> = {}) =>
  fc.string({ ...length, unit: anyCharacter })
