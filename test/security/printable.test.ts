import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { printable, printableLines } from '../../src/domain/printable.ts'
import { anyText } from '../any-text.ts'

/** Whether a code point may appear unescaped. Lone surrogates, control, format, separator and ignorable characters may not. */
const isShown = (character: string) => !/^(?:\p{C}|\p{Zl}|\p{Zp}|\p{Default_Ignorable_Code_Point})$/u.test(character)

const text = anyText({ maxLength: 40 })
const hostileText = fc
  .array(
    fc.oneof(
      text,
      fc.constantFrom(
        '\u001b[2J',
        '\u009b',
        '\u202e',
        '\u200b',
        '\u3164',
        '\n',
        '\r\n',
        '\ud800',
        '\u{e0041}',
        '"',
        '\\',
      ),
    ),
  )
  .map((parts) => parts.join(''))

describe('a printable text', () => {
  it('holds no character that a terminal or a reader of lines acts on', () => {
    fc.assert(
      fc.property(hostileText, (any) => {
        expect(Array.from(printable(any)).every(isShown)).toBe(true)
        expect(printableLines(any).split('\n').map(printable)).toEqual(printableLines(any).split('\n'))
        expect(printableLines(any).split('\n')).toHaveLength(any.split('\n').length)
      }),
    )
  })

  it('is unchanged if all its characters are visible', () => {
    for (const name of ['alice', 'José', '山田', 'a_b.example#EXT#@corp.example', 'CORP\\tom', '😀', ''])
      expect(printable(name)).toBe(name)
  })

  it('is the same text within JSON', () => {
    fc.assert(
      fc.property(fc.dictionary(hostileText, fc.array(hostileText)), (any) => {
        const plain = JSON.stringify(any)
        expect(JSON.parse(printable(plain))).toEqual(JSON.parse(plain))
      }),
    )
  })

  it('shows each replaced character as an escape', () => {
    expect(printable('a\u001b[31m\n\u009b\u202e\u{e0041}')).toBe(String.raw`a\u001b[31m\n\u009b\u202e\udb40\udc41`)
  })
})
