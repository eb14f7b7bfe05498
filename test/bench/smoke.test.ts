import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'

interface Bench {
  readonly tables: ReadonlyArray<{
    readonly title: string
    readonly rows: ReadonlyArray<Readonly<Record<string, string | number>>>
  }>
}

/** A quick run takes seconds on an idle machine, and many times that on a busy one. */
const TIMEOUT_MS = 1_800_000

describe('npm run bench', () => {
  it(
    'runs every benchmark, and each figure is a number',
    () => {
      const output = execFileSync(process.execPath, ['--import', 'tsx', 'bench/run.ts', '--quick', '--json'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      const { tables } = JSON.parse(output) as Bench
      const kinds = new Set(tables.map(({ title }) => title.split(':', 1)[0]))
      expect(kinds).toEqual(
        new Set(
          'poll verify decide cycle lists resident mass-end calls lag start many-policies trail backtest connect-handler engine engine-growth engine-takeover'.split(
            ' ',
          ),
        ),
      )
      for (const { title, rows } of tables) {
        expect(rows.length).toBeGreaterThan(1)
        const figures = rows.flatMap((row) => Object.values(row)).filter((value) => typeof value === 'number')
        expect([title, figures.every((figure) => Number.isFinite(figure) && figure >= 0)]).toEqual([title, true])
      }
    },
    TIMEOUT_MS,
  )
})
