import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tableLines } from '../../src/cli/table-lines.ts'

const COLUMNS = [
  { title: 'POLICY', isName: true },
  { title: 'KIND' },
  { title: 'USER', isName: true },
  { title: 'ENDED', align: 'right' },
  { title: 'CONNECTION' },
] as const

/** Names of which many begin alike. */
const NAME = fc
  .tuple(fc.constantFrom('', 'contractors-office-hours', 'somebody with a long name, '.repeat(4)), fc.string())
  .map(([beginning, end]) => beginning + end.replaceAll(/\s/g, '_'))

const tableIn = (width: number, names: ReadonlyArray<readonly [string, string]>) =>
  tableLines(
    COLUMNS,
    names.map(([policy, user]) => [policy, 'max-session-age', user, '1,265', 'cvpn-connection-0123456789abcdef0']),
    {
      width,
      lines: [
        [0, 1, 3],
        [4, 2],
      ],
      leastOnOneLine: 12,
    },
  )

describe('a table', () => {
  it('keeps different names apart and ids whole, in lines of the width from 60 columns on', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(NAME, NAME), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 60, max: 160 }),
        (names, width) => {
          const [heading, ...shown] = tableIn(width, names)
          const lines = [heading, ...shown].flatMap((row = '') => row.split('\n'))
          expect(lines.filter(({ length }) => length > width)).toEqual([])
          expect(new Set(shown).size).toBe(new Set(tableIn(Number.POSITIVE_INFINITY, names).slice(1)).size)
          for (const row of shown) expect(row).toContain('cvpn-connection-0123456789abcdef0')
        },
      ),
    )
  })

  it('folds rather than show two policies under one name', () => {
    const policies = ['contractors-office-hours-berlin', 'contractors-office-hours-new-york']
    const rows = policies.map((policy) => [policy, 'off-hours', '136'])
    const columns = [COLUMNS[0], COLUMNS[1], COLUMNS[3]]
    expect(tableLines(columns, rows, { width: 43, lines: [[0, 1], [2]], leastOnOneLine: 12 })).toEqual([
      'POLICY                            KIND\n  ENDED',
      'contractors-office-hours-berlin   off-hours\n    136',
      'contractors-office-hours-new-yo…  off-hours\n    136',
    ])
  })
})
