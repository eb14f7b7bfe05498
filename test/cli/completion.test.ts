import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { workspace } from './curfew.ts'
import { runInProcess } from './in-process.ts'

const SHELLS = { bash: ['--norc'], zsh: ['-f'], fish: ['--no-config'] } as const

let here: Awaited<ReturnType<typeof workspace>>
beforeAll(async () => {
  here = await workspace({ 'some.yaml': '', 'folder/other.yaml': '' })
  for (const shell of Object.keys(SHELLS)) {
    const { stdout } = await here.run(['completion', shell])
    await here.write(`script.${shell}`, stdout)
  }
})
afterAll(() => here[Symbol.asyncDispose]())

/** The words that the real shell offers at the end of each line. */
const offered = async (shell: keyof typeof SHELLS, lines: readonly string[]) => {
  const program = fileURLToPath(new URL(`completion/offered.${shell}`, import.meta.url))
  const asking = promisify(execFile)(
    `/usr/bin/${shell}`,
    [...SHELLS[shell], program, `script.${shell}`, 'offered.txt'],
    {
      cwd: here.folder,
      env: { PATH: process.env.PATH, HOME: here.folder, TERM: 'xterm', LC_ALL: 'C.UTF-8' },
    },
  )
  asking.child.stdin?.end(lines.map((line) => `${line}\n`).join(''))
  const { stdout, stderr } = await asking
  if (stderr !== '') throw new Error(stderr)
  const pairs = stdout.split('\n').map((line) => line.split('\t'))
  return lines.map((line) => {
    const words = pairs.filter(([at]) => at === line).map(([, word = '']) => word.trim())
    return [line, words.filter((word) => word !== '').toSorted()] as const
  })
}

const OFFERED: ReadonlyArray<readonly [line: string, words: readonly string[]]> = [
  ['curfew pl', ['plan']],
  ['curfew audit ', ['export', 'policies', 'show', 'verify']],
  ['curfew help va', ['validate']],
  ['curfew help audit ', ['export', 'policies', 'show', 'verify']],
  ['curfew plan --out', ['--output']],
  ['curfew plan --mode enforce --all', ['--all-next']],
  ['curfew plan --output ', ['json', 'table']],
  ['curfew plan --output=', ['json', 'table']],
  ['curfew plan --output=js', ['json']],
  ['curfew audit show --event in', ['intent']],
  ['curfew schema ', ['config', 'policies', 'test']],
  ['curfew plan --config so', ['some.yaml']],
  ['curfew plan -c so', ['some.yaml']],
  ['curfew validate so', ['some.yaml']],
  ['curfew audit show so', ['some.yaml']],
  ['curfew plan so', []],
  ['curfew explain --user ', []],
]

/** The long options of a command, as its help lists them. */
const optionsOf = async (command: string): Promise<readonly string[]> => {
  const { stdout } = await here.run([...command.split(' '), '--help'])
  return [...stdout.matchAll(/^ {2}(?:-\w, | {4})(--[\w-]+)/gm)].map(([, option = '']) => option).toSorted()
}

const COMMANDS = [
  'run',
  'plan',
  'connections',
  'explain',
  'validate',
  'audit show',
  'audit verify',
  'simulate',
  'version',
]

it('describes each option and action in a clause, not in its first word alone', async () => {
  const { stdout } = await runInProcess(['completion', 'fish'])
  const texts = [...stdout.matchAll(/ -d '(.*)'$/gm)].map(([, text = '']) => text)
  expect(texts.length).toBeGreaterThan(100)
  expect(texts.filter((text) => text.split(' ').length < 3)).toEqual([])
})

describe.each(['bash', 'zsh', 'fish'] as const)('the completion of %s', (shell) => {
  it('offers commands, actions, options, words and files where each is expected', async () => {
    expect(
      await offered(
        shell,
        OFFERED.map(([line]) => line),
      ),
    ).toEqual(OFFERED)
  })

  it('offers every option of a command', async () => {
    const expected = await Promise.all(
      COMMANDS.map(async (command) => [`curfew ${command} --`, await optionsOf(command)] as const),
    )
    expect(
      await offered(
        shell,
        expected.map(([line]) => line),
      ),
    ).toEqual(expected)
  })
})
