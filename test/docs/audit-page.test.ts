import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { createTrailEntries, type TrailEntry } from '../../src/app/trail-entries.ts'
import { CSV_HEADER, rowOf } from '../../src/cli/trail-row.ts'
import { tableAfter } from './pages.ts'

const wordsOf = (text = '') => [...text.matchAll(/`([^`]+)`/g)].map(([, word]) => word)

it('the page about the trail lists every key of a termination in JSON, and those of its lists', () => {
  const rows: TrailEntry[] = []
  const trail = createTrailEntries(
    () => true,
    (entry) => rows.push(entry),
  )
  const about = { time: '2026-12-01T08:00:00.000Z', connectionId: 'c', policy: 'daily' }
  trail.read({ seq: 1, event: 'intent', ...about, call: { id: 'x-1', selector: 'connection-id' } })
  trail.read({
    seq: 2,
    event: 'outcome',
    ...about,
    call: { id: 'x-1', selector: 'connection-id' },
    outcome: 'confirmed',
  })
  const { calls, results, ...facts } = rowOf(rows[0] as TrailEntry) as Record<string, unknown>

  const table = tableAfter('docs/audit.md', '## For programs')
  expect(new Set(table.flatMap(([keys]) => wordsOf(keys)))).toEqual(
    new Set([...Object.keys(facts), 'calls', 'results']),
  )
  for (const [name, list] of Object.entries({ calls, results })) {
    const [, meaning] = table.find(([keys]) => keys === `\`${name}\``) ?? []
    for (const key of Object.keys((list as readonly object[])[0] ?? {})) expect(wordsOf(meaning)).toContain(key)
  }
})

it('the page about the trail lists the columns of CSV in their order', () => {
  const [, columns] = /The columns are:\n\n((?:.+\n)+)/.exec(readFileSync('docs/audit.md', 'utf8')) ?? []
  expect(wordsOf(columns)).toEqual(CSV_HEADER.split(','))
})
