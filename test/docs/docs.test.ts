import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseScenario } from '../../src/simulator/scenario-file.ts'
import { CREDENTIALS, clockAt, workspace } from '../cli/curfew.ts'
import { anchorsOf, type Block, blocks, PAGES } from './pages.ts'

const of = (language: string) =>
  blocks.filter((block) => block.language === language).map((block) => [`${block.page}:${block.line}`, block] as const)

/** The clock of all commands below. The examples contain dates that must still lie in the future when the tests run. */
const NOW = Date.UTC(2026, 10, 23, 12)
const ENV = { ...CREDENTIALS, ...clockAt(NOW) }

/** Pages that show settings which cause warnings on purpose: windows that a clock change shortens. */
const WITH_WARNINGS = ['docs/policies/time-windows.md']

/** Notes are about what an operator may mean, such as a policy with facts of the door. */
const NOTES = /^.*: note: .*\n/gm

const isDaemonFile = ({ text }: Block) => /^watch:/m.test(text)

const testFileName = ({ text }: Block) => /^# (\S+\.test\.yaml)$/m.exec(text.split('\n', 1)[0] ?? '')?.[1]

const isScenario = ({ text }: Block) => /^endpoints:/m.test(text)

/** A job of CI, whose commands the test of its page runs. */
const isJob = ({ text }: Block) => /^jobs:/m.test(text)

const scenarios = of('yaml').filter(([, block]) => isScenario(block))

const [tests, configurations] = [true, false].map((isTest) =>
  of('yaml').filter(
    ([, block]) => !isScenario(block) && !isJob(block) && (testFileName(block) !== undefined) === isTest,
  ),
) as [ReturnType<typeof of>, ReturnType<typeof of>]

/** The policies that a test block tests: the nearest policy block before it on its page. */
const policiesBefore = ({ page, line }: Block): string =>
  configurations.findLast(([, block]) => block.page === page && block.line < line && !isDaemonFile(block))?.[1].text ??
  ''

const scripts = Object.keys((JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: object }).scripts)

/** Commands of the pages that are not Curfew's own. */
const PLAIN_COMMANDS = [
  'npm ci',
  'export PATH="$PWD/bin:$PATH"',
  'mkdir -p ~/vpn',
  'mkdir -p ~/vpn/policies ~/vpn/proposed',
  'cd ~/vpn',
  'bash .ci/run',
]

const PEOPLE = 'name,address\n'

/** The files that policies of the pages name. */
const BESIDE = {
  'banned.txt': 'mallory\n',
  'holidays.ics': of('ics')[0]?.[1].text ?? '',
}

describe('the documentation', () => {
  it('contains blocks of each language', () => {
    for (const language of ['yaml', 'json', 'sh']) expect(of(language).length).toBeGreaterThan(0)
  })

  it.each(configurations)('%s is YAML that `curfew validate` accepts', async (_place, block) => {
    const { page, text } = block
    const policy = 'version: 1\npolicies: [{ name: any, kind: max-session-age, maxAge: 8h }]\n'
    await using here = await workspace(
      isDaemonFile(block)
        ? { 'curfew.yaml': text, 'policies/any.yaml': policy, 'policies.yaml': policy, 'people.csv': PEOPLE }
        : { 'policies.yaml': text, ...BESIDE },
    )
    if (/^approved:/m.test(text)) {
      const { stdout: hash } = await here.run(['validate', '--hash', '-c', 'curfew.yaml'], ENV)
      await here.write('approved.txt', hash)
    }
    const args = isDaemonFile(block) ? ['validate', '-c', 'curfew.yaml'] : ['validate', 'policies.yaml']
    const { code, stderr } = await here.run(args, ENV)
    if (WITH_WARNINGS.includes(page)) expect(stderr).not.toContain(' error: ')
    else expect(stderr.replace(NOTES, '')).toBe('')
    expect(code).toBe(0)
  })

  it.each(tests)('%s is a policy test that passes with the policies before it', async (_place, block) => {
    const name = testFileName(block) ?? ''
    const [, policies = 'policies.yaml'] = /^policies: \[\.\/(\S+)\]$/m.exec(block.text) ?? []
    await using here = await workspace({
      [policies]: policiesBefore(block),
      ...BESIDE,
      [name]: block.text,
    })
    const { code, stdout, stderr } = await here.run(['test', name], ENV)
    expect(stdout + stderr).toContain(`${block.text.match(/^ {2}- name:/gm)?.length} passed, 0 failed`)
    expect(code).toBe(0)
  })

  it.each(scenarios)('%s is a scenario that the simulator accepts', (_place, { text }) => {
    expect(parseScenario(text)).toHaveProperty('scenario')
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

  it.each(commands)('%s calls a command that exists: %s', async (_place, command) => {
    const [program = '', ...args] = command.split(/\s+/)
    if (program === 'npm' && args[0] === 'run') expect(scripts).toContain(args[1])
    else if (program === 'npm' && args[0] === 'test') expect(scripts).toContain('test')
    else if (program === 'curfew') {
      await using here = await workspace({})
      // With --help the command checks every option and then does nothing.
      const { code, stderr } = await here.run([...args, '--help'])
      expect(stderr).toBe('')
      expect(code).toBe(0)
    } else expect(PLAIN_COMMANDS).toContain(command)
  })

  it.each(PAGES)('%s links only to files and headings that exist', (page) => {
    const links = [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)]
    const broken = links.filter(([, target = '', anchor]) => {
      const path = target === '' ? page : join(dirname(page), target)
      return !existsSync(path) || (anchor !== undefined && !anchorsOf(path).includes(anchor))
    })
    expect(broken.map(([link]) => link)).toEqual([])
  })
})
