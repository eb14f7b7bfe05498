import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { tableAfter } from '../docs/pages.ts'

interface Bench {
  readonly seconds: ReadonlyArray<{ readonly benchmark: string }>
  readonly tables: ReadonlyArray<{
    readonly title: string
    readonly rows: ReadonlyArray<Readonly<Record<string, string | number>>>
  }>
}

/** A quick run takes one or two minutes on an idle machine, and many times that on a busy one. */
const TIMEOUT_MS = 1_800_000

describe('npm run bench', () => {
  it(
    'runs every benchmark that the page names, and each figure is a number',
    () => {
      const output = execFileSync(process.execPath, ['--import', 'tsx', 'bench/run.ts', '--quick', '--json'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      const { seconds, tables } = JSON.parse(output) as Bench
      const named = tableAfter('docs/performance.md', '## Measuring it again').map(([name]) => name)
      expect(seconds.map(({ benchmark }) => `\`${benchmark}\``)).toEqual(named)
      expect(tables.length).toBeGreaterThanOrEqual(named.length)
      for (const { title, rows } of tables) {
        expect(rows.length).toBeGreaterThan(1)
        const figures = rows.flatMap((row) => Object.values(row)).filter((value) => typeof value === 'number')
        expect([title, figures.every((figure) => Number.isFinite(figure) && figure >= 0)]).toEqual([title, true])
      }
    },
    TIMEOUT_MS,
  )
})
