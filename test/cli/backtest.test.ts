import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { runCommandLine } from '../../src/cli/command-line.ts'
import { CONFIG, NOW } from './company.ts'
import { clockAt, workspace } from './curfew.ts'
import { expectGolden } from './golden.ts'
import { loggedWeek } from './logged-week.ts'

const TODAY = `
version: 1
policies:
  - { name: daily, kind: max-session-age, maxAge: 11h }
  - { name: leavers, kind: banned-users, users: [mallory, bob@corp.example], mode: audit }
`

const EDITED = `
version: 1
policies:
  - { name: daily, kind: max-session-age, maxAge: 10h, exempt: { users: ["cn:build-*"] } }
  - { name: leavers, kind: banned-users, users: [mallory], mode: audit }
  - name: contractors-office-hours
    kind: off-hours
    timeZone: Europe/Berlin
    allowed: [{ days: mon-fri, hours: "08:00-18:00" }]
    match: { users: ["ext-*"], regions: [us-east-1] }
  - { name: idle, kind: idle-timeout, after: 30m }
`

let here: Awaited<ReturnType<typeof workspace>>
beforeAll(async () => {
  here = await workspace({
    'log.jsonl': loggedWeek(),
    'curfew.yaml': CONFIG,
    'policies.yaml': EDITED,
    'today.yaml': TODAY,
    'today/curfew.yaml': CONFIG.replace('./policies.yaml', '../today.yaml').replace(
      'version: 1',
      'version: 1\nreadFrom: [..]',
    ),
    'broken.yaml': EDITED.replace('10h', '10hours'),
  })
})
afterAll(() => here[Symbol.asyncDispose]())
afterEach(() => vi.restoreAllMocks())

const run = async (...args: readonly string[]) => {
  const output = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      output[stream] += String(text)
      return true
    })
  }
  const folder = `${here.folder}/`
  const isPath = (arg: string) => /\.(yaml|jsonl)$/.test(arg)
  const code = await runCommandLine(['backtest', ...args.map((arg) => (isPath(arg) ? folder + arg : arg))])
  vi.restoreAllMocks()
  return { code, stdout: output.stdout, stderr: output.stderr.replaceAll(folder, '') }
}

describe('a backtest', () => {
  it('shows a reader the verdict first, then what it rests on', async () => {
    const args = ['backtest', 'log.jsonl', '-c', 'curfew.yaml', '--against', 'today.yaml', '--fail-on', 'ended>9']
    await expectGolden('backtest', here, args, clockAt(NOW))
  })

  it('shows a program the same, and writes each session that would have ended', async () => {
    const args = ['backtest', 'log.jsonl', '-c', 'curfew.yaml', '--against', 'today.yaml', '--output', 'json']
    const { stdout, stderr, code } = await here.run([...args, '--cuts', 'ends.jsonl'], clockAt(NOW))
    expect([stderr, code]).toEqual(['', 0])
    const fields = Object.entries(JSON.parse(stdout) as object).map(
      ([field, value]) => `${field}: ${JSON.stringify(value)}`,
    )
    const ends = await readFile(join(here.folder, 'ends.jsonl'), 'utf8')
    await expect(`${fields.join('\n')}\n--- ends.jsonl ---\n${ends}`).toMatchFileSnapshot('golden/backtest-json.txt')
    expect((await readdir(here.folder)).filter((name) => name.startsWith('.'))).toEqual([])
  })
})

describe('the gate', () => {
  it('exits with 1 and says which number was found, for each limit that holds', async () => {
    const args = ['log.jsonl', '-c', 'curfew.yaml', '--against', 'today.yaml']
    const limits = ['ended>100', 'ended.policy.leavers>10', 'against.newlyEnded>0', 'lines.failed>0']
    const { code, stderr } = await run(...args, ...limits.map((limit) => `--fail-on=${limit}`))
    expect(code).toBe(1)
    expect(stderr.split('\n').slice(0, -1)).toEqual([
      "curfew: --fail-on 'ended.policy.leavers>10' holds: ended.policy.leavers is 15",
      "curfew: --fail-on 'against.newlyEnded>0' holds: against.newlyEnded is 5",
      "curfew: --fail-on 'lines.failed>0' holds: lines.failed is 1",
    ])
    expect(await run(...args, '--fail-on', 'ended>100')).toMatchObject({ code: 0, stderr: '' })
  })

  it.each([
    ['ended', "such as 'ended>100'"],
    ['ended.policy.levers>1', 'did you mean "ended.policy.leavers"?'],
    ['starts>1', 'expected lines.read, lines.understood,'],
    ['against.newlyEnded>0', 'valid only with --against'],
  ])('refuses %s before it reads a log', async (limit, message) => {
    const { code, stderr } = await run('missing.jsonl', '-c', 'curfew.yaml', '--fail-on', limit)
    expect(code).toBe(64)
    expect(stderr).toContain(message)
  })
})
