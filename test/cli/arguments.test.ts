import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommandLine } from '../../src/cli/command-line.ts'
import { anyText } from '../any-text.ts'
import { fuzzRuns } from '../fuzz-runs.ts'
import { AGE_POLICY, curfewYaml } from './office.ts'

const before = process.cwd()
const folder = mkdtempSync(join(tmpdir(), 'curfew-arguments-'))
beforeAll(() => {
  writeFileSync(join(folder, 'curfew.yaml'), curfewYaml())
  writeFileSync(join(folder, 'policies.yaml'), AGE_POLICY)
  writeFileSync(join(folder, 'audit.jsonl'), '')
  process.chdir(folder)
})
afterAll(() => {
  process.chdir(before)
  rmSync(folder, { recursive: true })
})

/** Runs a command line in this process. A simulator that listens is stopped. */
const run = async (args: readonly string[]) => {
  const output = { stdout: '', stderr: '' }
  const streams = ['stdout', 'stderr'] as const
  const writes = streams.map((stream) => process[stream].write)
  const listening = process.listeners('SIGTERM')
  for (const stream of streams) {
    process[stream].write = (text: unknown) => {
      output[stream] += String(text)
      if (stream === 'stdout' && /^listening on /m.test(output.stdout)) setImmediate(() => process.emit('SIGTERM'))
      return true
    }
  }
  try {
    return { code: await runCommandLine(args), ...output }
  } finally {
    // The process of a command ends with it, and its listeners too.
    for (const listener of process.listeners('SIGTERM')) {
      if (!listening.includes(listener)) process.off('SIGTERM', listener)
    }
    for (const [index, stream] of streams.entries()) process[stream].write = writes[index] ?? process[stream].write
  }
}

/** What Node says of wrong arguments, in words that may change with it. */
const PARSER_OF_NODE = /Unknown option|does not take|argument missing|ambiguous|To specify|positional argument|ERR_/

const expectWrongUsage = ({ code, stdout, stderr }: Awaited<ReturnType<typeof run>>) => {
  expect([code, stdout]).toEqual([64, ''])
  expect(stderr).toMatch(/^(curfew[a-z -]*): [^\n]+ \(try "(?:\1 --help|curfew help[a-z -]*)"\)\n$/)
  expect(stderr).not.toMatch(PARSER_OF_NODE)
}

const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  run: ['--once', '--timeout', '--config', '-c'],
  version: ['--output'],
  help: ['plan', 'audit'],
  plan: ['--mode', '--output', '--detailed-exitcode', '--count-audit', '--all-next', '--config'],
  connections: ['--user', '--endpoint', '--policy', '--watch', '--interval', '--output', '--config'],
  explain:
    '--user --common-name --connection --imagine --at-the-door --endpoint --established --at --idp-group --platform --public-ip --client-version --output --config'.split(
      ' ',
    ),
  'connect-handler': ['try', '--at', '--mode', '--on-error', '--region', '--output', '--config'],
  validate: ['--strict', '--output', '--config'],
  doctor: ['--watch', '--output', '--config'],
  test: ['--output'],
  completion: ['bash', 'zsh', 'fish'],
  audit: [
    'verify',
    'show',
    'policies',
    '--at',
    '--file',
    '--anchor',
    '--from',
    '--user',
    '--since',
    '--event',
    '--output',
    '--config',
  ],
  schema: ['config', 'policies', 'test'],
  simulate: ['--host', '--port', '--scenario', '--seed'],
}

/** Commands that would reach AWS. They never get a valid configuration. */
const reachesAws = new Set(['run', 'plan', 'connections', 'explain', 'doctor'])

const word = (command: string) =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.constantFrom(
        ...(OPTIONS[command] ?? []),
        '--help',
        '-h',
        '--',
        '--no-such',
        '-x',
        '-',
        '--config=',
      ),
    },
    {
      weight: 3,
      arbitrary: fc.constantFrom(
        '',
        ' ',
        '.',
        '..',
        '/',
        'none.yaml',
        'policies.yaml',
        'audit.jsonl',
        '/dev/null',
        'json',
        'text',
        'table',
        'enforce',
        '10m',
        '-1',
        '0',
        '1e3',
        '0x10',
        'NaN',
        '999999999999999999999',
        '2026-11-23T08:00:00Z',
        '__proto__',
        'constructor',
        '--__proto__',
        '--constructor=1',
        '\u001b[2J',
        'a\nb',
        'x'.repeat(5000),
        '日本',
        'verify',
        '--port=0',
        '--user=alice',
        ...(reachesAws.has(command) ? [] : ['curfew.yaml', '--config=curfew.yaml']),
      ),
    },
    { weight: 1, arbitrary: anyText({ maxLength: 12 }).map((text) => text.replaceAll('\0', '')) },
  )

const commandLine = fc.oneof(
  {
    weight: 9,
    arbitrary: fc
      .constantFrom(...Object.keys(OPTIONS))
      .chain((command) => fc.array(word(command), { maxLength: 5 }).map((words) => [command, ...words])),
  },
  { weight: 1, arbitrary: fc.array(word(''), { maxLength: 3 }) },
)

/** Gives the simulator a free port. Its default port may be in use. */
const withPort = (args: readonly string[]) =>
  args[0] === 'simulate' && !args.includes('--') ? [...args, '--host=127.0.0.1', '--port=0'] : args

describe('any command line', () => {
  it('exits with a documented code, prints words instead of a stack trace, and leaves no file behind', async () => {
    const codes = new Map<number, number>()
    const listed = readdirSync(folder)
    await fc.assert(
      fc.asyncProperty(commandLine, async (args) => {
        const result = await run(withPort(args))
        codes.set(result.code, (codes.get(result.code) ?? 0) + 1)
        expect([0, 1, 64]).toContain(result.code)
        if (result.code === 64 && args.length > 0) expectWrongUsage(result)
        if (result.code === 1) expect(result.stdout + result.stderr).not.toBe('')
        expect(result.stdout + result.stderr).not.toMatch(/node_modules|^ +at .*:\d+:\d+|\u001b/m)
        expect(readdirSync(folder)).toEqual(listed)
      }),
      { numRuns: fuzzRuns(400) },
    )
    for (const code of [0, 1, 64]) expect(codes.get(code)).toBeGreaterThan(0)
  })

  it.each(Object.keys(OPTIONS))(
    'that gives %s an unknown option is refused, and the message names the option',
    async (command) => {
      const result = await run([command, '--no-such-option'])
      expectWrongUsage(result)
      expect(result.stderr).toContain('--no-such-option')
    },
  )

  it.each([
    ['pln', 'curfew: unknown command "pln"; did you mean "plan"?'],
    ['audit shw', 'curfew audit: unknown action "shw"; did you mean "show"?'],
    ['audit', 'curfew audit: expected show, policies, verify or export'],
    ['help valdate', 'curfew help: unknown command "valdate"; did you mean "validate"?'],
    ['help audit verfy', 'curfew help: unknown action "verfy"; did you mean "verify"?'],
    ['help plan now', 'curfew help: "curfew plan" has no action "now"'],
    ['--config x', 'curfew: expected a command, found the option "--config": options stand behind it'],
    ['audit --config x', 'curfew audit: expected an action, found the option "--config": options stand behind it'],
    ['plan --outptu json', 'curfew plan: unknown option "--outptu"; did you mean "--output"?'],
    ['plan --outptu=json', 'curfew plan: unknown option "--outptu"; did you mean "--output"?'],
    ['plan -output json', 'curfew plan: unknown option "-output"; did you mean "--output"?'],
    ['plan -config=x', 'curfew plan: unknown option "-config"; did you mean "--config"?'],
    ['plan -x', 'curfew plan: unknown option "-x"'],
    ['plan -x=1', 'curfew plan: unknown option "-x"'],
    ['plan -h=1', 'curfew plan: -h takes no value'],
    ['plan -c=x', 'curfew plan: -c takes its value without "=": -c FILE or --config=FILE'],
    ['connecti', 'curfew: unknown command "connecti"; did you mean "connections"?'],
    ['paln', 'curfew: unknown command "paln"; did you mean "plan"?'],
    ['co', 'curfew: unknown command "co": expected init, run, plan, '],
    ['list', 'curfew: unknown command "list": expected init, run, plan, '],
    ['lint', 'curfew: unknown command "lint": expected init, run, plan, '],
    ['completion tcsh', 'curfew completion: expected bash, zsh or fish, found "tcsh"'],
    ['completion --shell zsh', 'curfew completion: unknown option "--shell"'],
    ['audit show --evnt held', 'curfew audit show: unknown option "--evnt"; did you mean "--event"?'],
    ['plan --output jsn', 'curfew plan: --output: expected table or json, found "jsn"; did you mean "json"?'],
    ['plan --output', 'curfew plan: --output needs a value: table or json'],
    ['plan -c', 'curfew plan: --config needs a value: FILE'],
    [
      'audit verify --from --anchor',
      'curfew audit verify: --from needs a value, found the option "--anchor"; a value that begins with "-" is written --from=--anchor',
    ],
    ['run --once=yes', 'curfew run: --once takes no value, found "yes"'],
    ['plan --mode audit --mode enforce', 'curfew plan: --mode is given twice'],
    ['run now', 'curfew run: unexpected argument "now"'],
    ['explain alice', 'curfew explain: unexpected argument "alice"; did you mean "--user alice"?'],
    ['connections alice', 'curfew connections: unexpected argument "alice"; did you mean "--user alice"?'],
    ['connections cvpn-endpoint-1', '"cvpn-endpoint-1"; did you mean "--endpoint cvpn-endpoint-1"?'],
    ['explain cvpn-connection-1', '"cvpn-connection-1"; did you mean "--connection cvpn-connection-1"?'],
    ['plan audit', 'curfew plan: unexpected argument "audit"; did you mean "--mode audit"?'],
    ['explain --user alice bob', 'curfew explain: unexpected argument "bob"'],
    ['audit policies a b', 'curfew audit policies: unexpected argument "b"'],
    ['schema', 'curfew schema: expected config, policies or test'],
    ['schema confg', 'curfew schema: expected config, policies or test, found "confg"; did you mean "config"?'],
  ])('that is wrong is refused in words of the project: curfew %s', async (line, message) => {
    const result = await run(line.split(' '))
    expectWrongUsage(result)
    expect(result.stderr).toContain(message.endsWith(', ') ? message : `${message} (try `)
  })

  it.each([
    ['help pln', 'curfew help'],
    ['help audit verfy', 'curfew help audit'],
    ['help plan now', 'curfew help plan'],
  ])('that asks for a help that is not there is sent to one that is: curfew %s', async (line, helpful) => {
    const { stderr } = await run(line.split(' '))
    expect(stderr).toMatch(new RegExp(`\\(try "${helpful}"\\)\n$`))
    expect(await run(helpful.split(' ').slice(1))).toMatchObject({ code: 0, stderr: '' })
  })

  it('that gives an option an empty value, as a variable that is not set does, is refused for every option', async () => {
    const paths = Object.keys(OPTIONS)
      .filter((name) => name !== 'audit')
      .map((name) => [name])
    paths.push(['init'], ['pseudonym'], ['audit', 'show'], ['audit', 'verify'], ['audit', 'policies'])
    let tried = 0
    for (const path of paths) {
      const { stdout } = await run([...path, '--help'])
      for (const [, option = ''] of stdout.matchAll(/^ {2}(?:-\w, | {4})--([\w-]+) [A-Z]/gm)) {
        for (const args of [[`--${option}`, ''], [`--${option}=`]]) {
          const result = await run([...path, ...args])
          expectWrongUsage(result)
          expect(result.stderr).toContain(`--${option} needs a value, found an empty one: `)
          tried++
        }
      }
    }
    expect(tried).toBeGreaterThan(60)
  })

  it.each([['validate'], ['test'], ['init'], ['pseudonym'], ['help'], ['audit', 'show'], ['audit', 'verify']])(
    'that gives %s an empty argument is refused',
    async (...path) => {
      const result = await run([...path, ''])
      expectWrongUsage(result)
      expect(result.stderr).toContain('empty argument')
    },
  )

  it.each([
    [['simulate', '--port', ''], '--port'],
    [['simulate', '--port', ' 0 '], '--port'],
    [['simulate', '--port', '0x0'], '--port'],
    [['simulate', '--port', '0', '--seed', ''], '--seed'],
    [['simulate', '--port', '0', '--seed', '1e3'], '--seed'],
    [['simulate', '--port', '0', 'scenario.yaml'], 'scenario.yaml'],
    [['run', '--once', '--timeout', ''], '--timeout'],
    [['run', '--timeout', '1m'], '--timeout'],
    [['run', '--once', '--timeout', '25d'], '--timeout'],
    [['plan', '--output', ''], '--output'],
    [['plan', '--mode', 'Enforce'], '--mode'],
    [['plan', 'now'], 'now'],
    [['connections', 'x'], 'x'],
    [['connections', '--output', 'text'], '--output'],
    [['explain', '--imagine', '--user', 'alice', '--at', 'yesterday'], '--at'],
    [['explain', '-c', 'curfew.yaml', '--imagine', '--user', 'alice', '--established', ''], '--established'],
    [['explain', '--connection', 'x', '--at', '2026-11-23T08:00:00Z'], '--at'],
    [['validate', '--output', 'xml'], '--output'],
    [['schema', 'config', 'test'], 'schema'],
    [['audit', 'check', 'audit.jsonl'], 'check'],
    [['audit'], 'verify'],
    [['audit', 'verify', '--from', '0', 'audit.jsonl'], '--from'],
    [['audit', 'verify', '--anchor', '7', 'audit.jsonl'], '--anchor'],
    [['audit', 'verify', '--anchor', `3:${'0'.repeat(64)}`, '--from', '5', 'audit.jsonl'], '--anchor'],
  ])('with a wrong value is refused, and the message names the option: %j', async (args, named) => {
    const result = await run(args)
    expectWrongUsage(result)
    expect(result.stderr).toContain(named)
  })
})
