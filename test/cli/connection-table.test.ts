import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { connectionTable, USER } from '../../src/cli/connection-table.ts'
import { paragraph } from '../../src/cli/lines.ts'

const INSTANT = '2026-11-23T12:15:00Z'
const ID = fc.stringMatching(/^cvpn-connection-0[0-9a-f]{16}$/)
const NAME = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 120 })
const rows = fc.array(fc.record({ name: NAME, policy: NAME, id: ID }), { minLength: 1, maxLength: 8 })

const tableIn = (width: number | undefined, list: readonly { name: string; policy: string; id: string }[]) => {
  vi.stubEnv('COLUMNS', width === undefined ? undefined : String(width))
  return connectionTable(
    ['AT', USER],
    list.map(({ name, policy, id }) => ({ cells: [INSTANT, name], policy, id })),
  )
}

afterEach(() => vi.unstubAllEnvs())

describe('a table of connections', () => {
  it('never shortens an id or an instant, and no line is longer than the output is wide', () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 60, max: 200 }), (list, width) => {
        const lines = tableIn(width, list).split('\n')
        const text = lines.join('\n')
        for (const { id } of list) expect(text).toContain(id)
        expect(text.match(new RegExp(INSTANT, 'g'))).toHaveLength(list.length)
        expect(lines.filter((line) => line.length > width)).toEqual([])
        // Either every connection has a line, or each has two.
        expect([list.length + 1, 2 * (list.length + 1)]).toContain(lines.length)
      }),
    )
  })

  it('shortens nothing where a file or a program reads it, and its columns stand below each other', () => {
    fc.assert(
      fc.property(rows, (list) => {
        const lines = tableIn(undefined, list).split('\n')
        expect(lines).toHaveLength(list.length + 1)
        list.forEach(({ name, policy, id }, index) => {
          const line = lines[index + 1] ?? ''
          for (const part of [name, policy, id]) expect(line).toContain(part)
          // An id is the last cell, and all are equally long.
          expect(line.length).toBe(lines[1]?.length)
        })
        expect(lines[0]?.indexOf('CONNECTION')).toBe((lines[1]?.length ?? 0) - (list[0]?.id.length ?? 0))
      }),
    )
  })
})

describe('a paragraph', () => {
  it('has the words of the text in lines of the width, and only a word that is longer makes a longer line', () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{1,60}$/), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(words, fc.integer({ min: 40, max: 120 }), (list, width) => {
        vi.stubEnv('COLUMNS', String(width))
        const lines = paragraph(list.join(' '), '  ').split('\n')
        expect(lines.flatMap((line) => line.trim().split(' '))).toEqual(list)
        expect(lines.filter((line) => line.length > width && line.trim().includes(' '))).toEqual([])
      }),
    )
  })
})
