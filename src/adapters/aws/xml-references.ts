import { MalformedAnswer } from './answer-body.ts'

const NAMED: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
])

const [SURROGATES, AFTER_SURROGATES, LAST] = [0xd800, 0xe000, 0x10ffff]

/** The number of the character that `#x1F600` or `#128512` refers to. Undefined if it is no number of a character. */
const codePointOf = (reference: string): number | undefined => {
  const [, hex, decimal] = /^#(?:x([0-9a-f]+)|(\d+))$/i.exec(reference) ?? []
  const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
  const isCharacter = code > 0 && code <= LAST && !(code >= SURROGATES && code < AFTER_SURROGATES)
  return isCharacter ? code : undefined
}

/** The character of a reference without its `&` and `;`, such as `amp` or `#x1F600`. Undefined if XML knows none. */
export const characterOf = (reference: string): string | undefined => {
  if (!reference.startsWith('#')) return NAMED.get(reference)
  const code = codePointOf(reference)
  return code === undefined ? undefined : String.fromCodePoint(code)
}

/**
 * The body with every numeric reference in the form that the SDK reads rightly. The SDK turns a character above U+FFFF
 * into another one, and leaves out a name that XML does not know: a user would have another name. Throws
 * `MalformedAnswer` for a reference to no character.
 */
export const withReadableReferences = (body: Buffer): Buffer => {
  if (!body.includes('&')) return body
  const text = body.toString('utf8').replace(/&(#?\w+);/g, (all: string, reference: string) => {
    const character = characterOf(reference)
    if (character === undefined) throw new MalformedAnswer(`the answer holds ${all}, which is no character`)
    // Written out, `<` and `&` would be markup.
    return character.length > 1 ? character : `&#${character.charCodeAt(0)};`
  })
  return Buffer.from(text)
}
