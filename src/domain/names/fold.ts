/**
 * The form in which names are compared. Directories ignore blanks around a name, and nobody means what nobody sees: both
 * are removed. The case and the encoding of a letter make no difference, as in `STRASSE` and `straße`. Marks and letters
 * of other alphabets stay: `màllory` is somebody else.
 */
export const fold = (name: string): string => {
  // Each new name is folded, of 126,000 at once after a start. Most of them are folded already.
  if (FOLDED.test(name)) return name
  if (ASCII.test(name)) return name.trim().toLowerCase()
  return foldCase(name.replace(INVISIBLE, '').replace(BLANK_ENDS, '').normalize('NFKC')).normalize('NFKC')
}

/** Characters of ASCII, without blanks and capital letters. */
const FOLDED = /^[!-@[-~]*$/

const ASCII = /^[\0-\x7f]*$/

/** Characters that take no space on a screen: those that Unicode lets a program ignore, and format characters. */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Cf}]/gu

/** The first character of a text that folding removes because nobody sees it. */
export const invisibleIn = (text: string): string | undefined => text.match(INVISIBLE)?.[0]

/** Joiners and selectors of variants: without them, some scripts and emoji look different. */
const SHAPING = /[\p{Join_Control}\p{Variation_Selector}]/u

/** The characters of a text for people that nobody sees, some of which turn the text after them around. */
export const invisiblesIn = (text: string): readonly string[] =>
  (text.match(INVISIBLE) ?? []).filter((character) => !SHAPING.test(character))

/** A text for people without the characters that nobody sees. */
export const withoutInvisibles = (text: string): string =>
  text.replace(INVISIBLE, (character) => (SHAPING.test(character) ? character : ''))

// A search that could begin within blanks would cost the square of their number.
const BLANK_ENDS = /^\p{White_Space}+|(?<!\p{White_Space})\p{White_Space}+$/gu

const FOLDS_TO_NOTHING = /^[\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cf}]*$/u

export const isBlank = (name: string): boolean => FOLDS_TO_NOTHING.test(name)

/**
 * Unicode's default case folding in full. Lower case of upper case is the same for all spellings of a letter, but for two:
 * a sigma at the end of a word stays different, and a dotless ı becomes an i. The host's locale is ignored: with Turkish
 * rules `admin` would not match `ADMIN`.
 */
const foldCase = (text: string): string =>
  text
    .split('ı')
    .map((part) => part.toLowerCase().toUpperCase().toLowerCase())
    .join('ı')
    .replaceAll('ς', 'σ')
