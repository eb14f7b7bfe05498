import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { printable, printableLines } from '../../src/domain/printable.ts'

/** By code point, one after the other: what is shown as itself. Lone halves, controls, formats and separators are not. */
const isShown = (character: string) => !/^(?:\p{C}|\p{Zl}|\p{Zp})$/u.test(character)

const text = fc.string({ unit: 'binary', maxLength: 40 })
const spiced = fc
  .array(
    fc.oneof(
      text,
      fc.constantFrom('\u001b[2J', '\u009b', '\u202e', '\u200b', '\n', '\r\n', '\ud800', '\u{e0041}', '"', '\\'),
    ),
  )
  .map((parts) => parts.join(''))

describe('a printable text', () => {
  it('shows everything and does nothing', () => {
    fc.assert(
      fc.property(spiced, (any) => {
        expect(Array.from(printable(any)).every(isShown)).toBe(true)
        expect(printableLines(any).split('\n').map(printable)).toEqual(printableLines(any).split('\n'))
        expect(printableLines(any).split('\n')).toHaveLength(any.split('\n').length)
      }),
    )
  })

  it('is left alone where all of it can be seen', () => {
    for (const name of ['alice', 'José', '山田', 'a_b.example#EXT#@corp.example', 'CORP\\tom', '😀', ''])
      expect(printable(name)).toBe(name)
  })

  it('is the same text within JSON', () => {
    fc.assert(
      fc.property(fc.dictionary(spiced, fc.array(spiced)), (any) => {
        const plain = JSON.stringify(any)
        expect(JSON.parse(printable(plain))).toEqual(JSON.parse(plain))
      }),
    )
  })

  it('shows what it replaces', () => {
    expect(printable('a\u001b[31m\n\u009b\u202e\u{e0041}')).toBe(String.raw`a\u001b[31m\n\u009b\u202e\udb40\udc41`)
  })
})
