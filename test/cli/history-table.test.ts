import { expect, it } from 'vitest'
import { historyTable } from '../../src/cli/history-table.ts'

const [ENDPOINT, CONNECTION] = ['cvpn-endpoint-0123456789abcdef0', 'cvpn-connection-0123456789abcdef0']
const AT = '2026-11-23T12:00:00Z'

const ROWS = [
  { above: ['USER', 'ESTABLISHED', 'UNTIL', 'FOR', 'BYTES'], below: ['ENDPOINT', 'CONNECTION', 'ENDED BY'] },
  {
    above: ['somebody.with.a.long.name@corp.example', AT, AT, '23h59m', '1023.9GiB'],
    below: [ENDPOINT, CONNECTION, 'daily-reauthentication'],
  },
]

it('a table of the history fits 80 columns with whole ids, and shortens nothing in a pipe', () => {
  const lines = historyTable(ROWS, 80).split('\n')
  expect(lines).toHaveLength(4)
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80)
  expect(lines[3]).toBe(`  ${ENDPOINT}  ${CONNECTION}  daily-rea…`)
  const piped = historyTable(ROWS, Number.POSITIVE_INFINITY).split('\n')
  expect(piped).toHaveLength(2)
  for (const cell of [...(ROWS[1]?.above ?? []), ...(ROWS[1]?.below ?? [])]) expect(piped[1]).toContain(cell)
})
