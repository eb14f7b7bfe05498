import { readdirSync } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { runInProcess } from '../cli/in-process.ts'
import { blocks } from './pages.ts'

const PAGE = 'docs/connect-handler.md'

afterEach(() => {
  vi.unstubAllEnvs()
})

const commands = blocks
  .filter(({ language }) => language === 'sh')
  .flatMap(({ page, text }) =>
    text
      .split('\n')
      .filter((line) => /^curfew (connect-handler try|explain --at-the-door) /.test(line))
      .map((line) => [page, line] as const),
  )

/** Runs a command of a page on the samples of this repository. */
const run = (command: string) => {
  vi.stubEnv('COLUMNS', '100')
  vi.stubEnv('NO_COLOR', '1')
  return runInProcess(command.split(' ').slice(1))
}

describe('the commands of the pages that ask at the door', () => {
  it.each(commands)('%s: %s', async (_page, command) => {
    expect(await run(command)).toMatchObject({ code: 0, stderr: '' })
  })

  it('try each sample', () => {
    for (const sample of readdirSync('config/connect-handler'))
      expect(commands.map(([, command]) => command)).toContainEqual(expect.stringContaining(sample))
  })

  it('print what the page shows', async () => {
    const shown = blocks.find(({ page, text }) => page === PAGE && text.startsWith('$ curfew connect-handler try'))
    const [first = '', ...output] = shown?.text.split('\n') ?? []
    expect((await run(first.replace('$ ', ''))).stdout).toBe(output.join('\n'))
  })
})
