import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { workspace } from '../cli/curfew.ts'

const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'AGENTS.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
]

interface Block {
  readonly page: string
  readonly line: number
  readonly language: string
  readonly text: string
}

const blocks = PAGES.flatMap((page): Block[] => {
  const text = readFileSync(page, 'utf8')
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', body = ''], index) => ({
    page,
    line: text.slice(0, [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)][index]?.index ?? 0).split('\n').length,
    language,
    text: body,
  }))
})

const of = (language: string) =>
  blocks.filter((block) => block.language === language).map((block) => [`${block.page}:${block.line}`, block] as const)

const scripts = Object.keys((JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: object }).scripts)

describe('the documentation', () => {
  it('has blocks of each sort to look at', () => {
    for (const language of ['yaml', 'json', 'sh']) expect(of(language).length).toBeGreaterThan(0)
  })

  it.each(of('yaml'))('%s is YAML that Curfew accepts', async (_place, { text }) => {
    const isDaemons = /^watch:/m.test(text)
    const policy = 'version: 1\npolicies: [{ name: any, kind: max-session-age, maxAge: 8h }]\n'
    await using here = await workspace(
      isDaemons
        ? { 'curfew.yaml': text, 'policies/any.yaml': policy, 'policies.yaml': policy }
        : { 'policies.yaml': text, 'banned.txt': 'mallory\n' },
    )
    const args = isDaemons ? ['validate', '-c', 'curfew.yaml'] : ['validate', 'policies.yaml']
    const { code, stderr } = await here.run(args)
    expect(stderr).toBe('')
    expect(code).toBe(0)
  })

  it.each(of('json'))('%s is JSON', (_place, { text }) => {
    expect(() => JSON.parse(text) as unknown).not.toThrow()
  })

  const commands = of('sh').flatMap(([place, { text }]) =>
    text
      .split('\n')
      .flatMap((line) => line.split('&&'))
      .map((command) =>
        command
          .replace(/#.*$/, '')
          .replace(/^(\s*\w+=\S+)+ /, '')
          .trim(),
      )
      .filter((command) => command !== '')
      .map((command) => [place, command] as const),
  )

  it.each(commands)('%s names a command that there is: %s', async (_place, command) => {
    const [program = '', ...args] = command.split(/\s+/)
    if (program === 'npm' && args[0] === 'run') expect(scripts).toContain(args[1])
    else if (program === 'npm' && args[0] === 'test') expect(scripts).toContain('test')
    else if (program === 'curfew') {
      await using here = await workspace({})
      // With --help every option is checked and nothing is done.
      const { code, stderr } = await here.run([...args, '--help'])
      expect(stderr).toBe('')
      expect(code).toBe(0)
    } else expect(['npm ci', 'alias curfew="node $PWD/dist/cli/main.js"', 'bash .ci/run']).toContain(command)
  })

  it.each(PAGES)('%s links only to files that exist', (page) => {
    const links = [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(
      ([, target = '']) => target,
    )
    const folder = page.includes('/') ? page.slice(0, page.lastIndexOf('/')) : '.'
    expect(links.filter((target) => !existsSync(join(folder, target)))).toEqual([])
  })
})
