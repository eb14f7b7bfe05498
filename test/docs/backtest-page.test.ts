import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { workspace } from '../cli/curfew.ts'
import { blocks } from './pages.ts'

const PAGE = 'docs/backtest.md'

const onPage = blocks.filter(({ page }) => page === PAGE)

/** The policies of the example, by the file that their first line names. */
const files = Object.fromEntries(
  onPage.flatMap(({ text }) => {
    const [, name] = /^# (\S+\/\S+\.yaml)\n/.exec(text) ?? []
    return name === undefined ? [] : [[name, text]]
  }),
)

/** Each command of the example, with the output that the page shows below it. */
const examples = onPage.flatMap(({ text, language }, index) => {
  const [command = ''] = /^curfew backtest october\.jsonl .*$/m.exec(text) ?? []
  const next = onPage[index + 1]
  return language === 'sh' && command !== '' && next?.language === '' ? [{ command, shown: next.text }] : []
})

describe('the worked example of a backtest', () => {
  it('shows what the commands print', async () => {
    expect(Object.keys(files)).toEqual(['policies/company.yaml', 'proposed/company.yaml'])
    expect(examples).toHaveLength(2)
    await using here = await workspace(files)
    const month = join(here.folder, 'october.jsonl')
    execFileSync(process.execPath, ['--import', 'tsx', 'scripts/synthetic-month.ts', month])
    const outputs = await Promise.all(
      examples.map(({ command }) => here.run(command.split(' ').slice(1), { COLUMNS: '100' })),
    )
    for (const [index, { stdout, stderr, code }] of outputs.entries()) {
      expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
      // A line "…" stands for lines that the page leaves out.
      const [first = '', ...more] = (examples[index]?.shown ?? '').split(/^…\n/m)
      expect(stdout.slice(0, first.length)).toBe(first)
      for (const part of more) expect(stdout).toContain(part)
    }
  })
})
