import fc from 'fast-check'
import { anyText } from '../any-text.ts'

type Edit = (bytes: Uint8Array) => Uint8Array

const splice = (bytes: Uint8Array, start: number, drop: number, insert: Uint8Array): Uint8Array =>
  new Uint8Array([...bytes.subarray(0, start), ...insert, ...bytes.subarray(start + drop)])

const utf8 = (text: string) => new TextEncoder().encode(text)
/** The lines of a file, as problems count them. */
export const lines = (bytes: Uint8Array) => new TextDecoder().decode(bytes).split('\n')

/** A place in the file, as a share of its length, because every edit changes the length for the next one. */
const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })
const at = (share: number, length: number) => Math.floor(share * length)

/** Texts that break YAML or its readers. */
const HOSTILE_TEXTS = [
  '*',
  '&a ',
  '!x ',
  '- ',
  ': ',
  '? ',
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  '|',
  '>',
  '#',
  '\t',
  '\r',
  '\0',
  '%YAML 1.1\n',
  '---\n',
  '...\n',
  '~',
  'null',
  '007',
  '.inf',
  '0x1F',
  '\ufeff',
  '\u2028',
  '\u202e',
  '\ud800',
  'e\u0301',
  '\u0085',
  '\u001b[2J',
  '\ud83d\ude00',
  '<<: *a',
  '__proto__: 1\n',
  'group:',
  'constructor',
  'x'.repeat(300),
  '[['.repeat(600),
  '- '.repeat(600),
  '{a: '.repeat(300),
  'x'.repeat(100_000),
  `"${'\\u0041'.repeat(2000)}"`,
]

/** One accidental edit. */
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(place, fc.integer({ min: 1, max: 9 })).map(
    ([share, drop]): Edit =>
      (bytes) =>
        splice(bytes, at(share, bytes.length), drop, new Uint8Array()),
  ),
  fc.tuple(place, fc.uint8Array({ maxLength: 4 }), fc.nat(2)).map(
    ([share, insert, drop]): Edit =>
      (bytes) =>
        splice(bytes, at(share, bytes.length), drop, insert),
  ),
  fc.tuple(place, fc.constantFrom(...HOSTILE_TEXTS), fc.nat(3)).map(
    ([share, insert, drop]): Edit =>
      (bytes) =>
        splice(bytes, at(share, bytes.length), drop, utf8(insert)),
  ),
  fc.tuple(place, fc.integer({ min: 1, max: 3 })).map(
    ([share, count]): Edit =>
      (bytes) => {
        const all = lines(bytes)
        all.splice(at(share, all.length), count)
        return utf8(all.join('\n'))
      },
  ),
  fc.tuple(place, place).map(
    ([one, other]): Edit =>
      (bytes) => {
        const tokens = new TextDecoder().decode(bytes).split(/(\s+)/)
        const [a, b] = [at(one, tokens.length), at(other, tokens.length)]
        ;[tokens[a], tokens[b]] = [tokens[b] ?? '', tokens[a] ?? '']
        return utf8(tokens.join(''))
      },
  ),
  fc.tuple(place, fc.integer({ min: -4, max: 4 })).map(
    ([share, shift]): Edit =>
      (bytes) => {
        const all = lines(bytes)
        const line = at(share, all.length)
        const old = all[line] ?? ''
        all[line] = shift < 0 ? old.slice(-shift) : ' '.repeat(shift) + old
        return utf8(all.join('\n'))
      },
  ),
)

/** The content as bytes, as on a disk. */
export const encode = (content: string | Uint8Array) => (typeof content === 'string' ? utf8(content) : content)

/** A valid file after some accidental edits, with one flipped bit or truncated, or bytes that have nothing to do with it. */
export const mutilated = (good: string | Uint8Array): fc.Arbitrary<Uint8Array> => {
  const bytes = encode(good)
  return fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .array(edit, { minLength: 1, maxLength: 4 })
        .map((edits) => edits.reduce((left, change) => change(left), bytes)),
    },
    {
      weight: 3,
      arbitrary: fc.tuple(fc.nat(bytes.length - 1), fc.nat(7)).map(([place, bit]) => {
        const flipped = Uint8Array.from(bytes)
        flipped[place] = (flipped[place] ?? 0) ^ (1 << bit)
        return flipped
      }),
    },
    { weight: 1, arbitrary: fc.nat(bytes.length).map((length) => bytes.subarray(0, length)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
    { weight: 1, arbitrary: anyText({ maxLength: 200 }).map(encode) },
  )
}
