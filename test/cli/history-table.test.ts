import { expect, it } from 'vitest'
import { historyTable } from '../../src/cli/history-table.ts'

const [ENDPOINT, CONNECTION] = ['cvpn-endpoint-0123456789abcdef0', 'cvpn-connection-0123456789abcdef0']
const AT = '2026-11-23T12:00:00Z'

const HEADING = {
  above: ['USER', 'ESTABLISHED', 'UNTIL', 'FOR', 'BYTES'],
  below: ['ENDPOINT', 'CONNECTION', 'ENDED BY'],
}
const ROW = {
  above: ['somebody.with.a.long.name@corp.example', AT, AT, '23h59m', '1023.9GiB'],
  below: [ENDPOINT, CONNECTION, 'daily-reauthentication'],
}

it('a table of the history fits 80 columns with whole ids, and shortens nothing in a pipe', () => {
  const lines = historyTable(HEADING, [ROW], 80).split('\n')
  expect(lines).toHaveLength(4)
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80)
  expect(lines[3]).toBe(`  ${ENDPOINT}  ${CONNECTION}  daily-rea…`)
  const piped = historyTable(HEADING, [ROW], Number.POSITIVE_INFINITY).split('\n')
  expect(piped).toHaveLength(2)
  for (const cell of [...ROW.above, ...ROW.below]) expect(piped[1]).toContain(cell)
})

it('a table of the history fits 60 columns with every cell whole', () => {
  const text = historyTable(HEADING, [ROW], 60)
  expect(Math.max(...text.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(60)
  for (const cell of [...ROW.above, ...ROW.below]) expect(text).toContain(cell)
})
