import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Summary } from '../../src/domain/backtest/summary.ts'
import { verdictSentence } from '../../src/domain/backtest/verdict-sentence.ts'
import { CONFIG, NOW, PARTNERS } from './company.ts'
import { CREDENTIALS, clockAt, workspace } from './curfew.ts'
import { expectGolden } from './golden.ts'
import { runInProcess } from './in-process.ts'
import { loggedWeek, MONDAY } from './logged-week.ts'
import { OFFICE, startOffice } from './office.ts'

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

const FAILED_ATTEMPT = JSON.stringify({
  'connection-log-type': 'connection-attempt',
  'connection-attempt-status': 'failed',
  'connection-id': 'cvpn-connection-00000000000000001',
  'client-vpn-endpoint-id': PARTNERS,
  'connection-start-time': '2026-11-02 08:00:00',
})

const WITHOUT_PARTNERS = CONFIG.replace(/ {2}- region: us-east-1\n.*\n/, '')

let here: Awaited<ReturnType<typeof workspace>>
beforeAll(async () => {
  here = await workspace({
    'log.jsonl': loggedWeek(),
    'logins.jsonl': `${FAILED_ATTEMPT}\n{"connection\n{"connection\n`,
    'curfew.yaml': CONFIG,
    'policies.yaml': EDITED,
    'both.jsonl': loggedWeek().replaceAll('ext-carol@vendor.example', 'alice@corp.example'),
    'one-each.yaml': 'version: 1\npolicies: [{ name: one, kind: max-sessions, limit: 1, across: all }]\n',
    'namesakes.yaml': CONFIG.replace('name: partners', 'name: office'),
    'audit.yaml': CONFIG.replace('mode: enforce', 'mode: audit'),
    'enforced.yaml': CONFIG.replace('./policies.yaml', './enforced-policies.yaml'),
    'enforced-policies.yaml': EDITED.replace(', mode: audit', ''),
    'today.yaml': TODAY,
    'office.yaml': WITHOUT_PARTNERS.replace('./policies.yaml', './today.yaml'),
    'office-edited.yaml': WITHOUT_PARTNERS,
    'broken.yaml': EDITED.replace('10h', '10hours'),
  })
})
afterAll(() => here[Symbol.asyncDispose]())
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

const run = async (...args: readonly string[]) => {
  const folder = `${here.folder}/`
  const isPath = (arg: string) => /\.(yaml|jsonl)$/.test(arg)
  const ran = await runInProcess(['backtest', ...args.map((arg) => (isPath(arg) ? folder + arg : arg))])
  return { ...ran, stderr: ran.stderr.replaceAll(folder, '') }
}

describe('a backtest', () => {
  it('shows a reader the verdict first, then what it rests on', async () => {
    const args = ['backtest', 'log.jsonl', '-c', 'curfew.yaml', '--against', 'today.yaml', '--fail-on', 'ended>9']
    await expectGolden('backtest', here, args, clockAt(NOW))
  })

  it('shows a program the same, and writes each session that would have ended', async () => {
    const args = ['backtest', 'log.jsonl', '-c', 'curfew.yaml', '--against', 'today.yaml', '--output', 'json']
    const files = ['--cuts', 'ends.jsonl', '--report', 'report.html']
    const { stdout, stderr, code } = await here.run([...args, ...files], clockAt(NOW))
    expect([stderr, code]).toEqual(['', 0])
    const fields = Object.entries(JSON.parse(stdout) as object).map(
      ([field, value]) => `${field}: ${JSON.stringify(value)}`,
    )
    const ends = await readFile(join(here.folder, 'ends.jsonl'), 'utf8')
    await expect(`${fields.join('\n')}\n--- ends.jsonl ---\n${ends}`).toMatchFileSnapshot('golden/backtest-json.txt')
    expect((await readdir(here.folder)).filter((name) => name.startsWith('.'))).toEqual([])
    const report = await readFile(join(here.folder, 'report.html'), 'utf8')
    expect(report.replaceAll(/<\/?span[^>]*>/g, '')).toContain(verdictSentence(JSON.parse(stdout) as Summary))
    expect(report).toContain('Compared with the policies before')
  })
})

const ofJson = async (...args: readonly string[]) => {
  const { stdout, stderr, code } = await run(...args, '--output', 'json')
  expect([stderr, code]).toEqual(['', 0])
  return JSON.parse(stdout) as Summary
}

describe('the comparison', () => {
  it('of a set with itself is empty, and swapping the two swaps the answer', async () => {
    const none = { newlyEnded: 0, noLongerEnded: 0, earlier: 0, later: 0, sessions: [], notListed: 0 }
    const compared = async (...args: readonly string[]) => (await ofJson('log.jsonl', ...args)).against
    expect(await compared('-c', 'curfew.yaml', '--against', 'curfew.yaml')).toEqual(none)
    const there = await compared('--policies', 'policies.yaml', '--against', 'today.yaml', '--region', 'us-east-1')
    const back = await compared('--policies', 'today.yaml', '--against', 'policies.yaml', '--region', 'us-east-1')
    expect(there).toMatchObject({ newlyEnded: 5, noLongerEnded: 6, earlier: 5, later: 0 })
    expect(back).toMatchObject({ newlyEnded: 6, noLongerEnded: 5, earlier: 0, later: 5 })
  })
})

describe('a comparison of two daemon files', () => {
  // The same policies, and one endpoint fewer.
  const watchesLess = 'office-edited.yaml'
  /** Without the warning that a policy of that file names a Region that it no longer watches. */
  const told = (stderr: string) => stderr.split('\n').filter((line) => line.startsWith('curfew: '))

  it('shows the ends on an endpoint that is newly watched, and closes the gate', async () => {
    const args = ['log.jsonl', '-c', 'curfew.yaml', '--against', watchesLess]
    const { code, stdout, stderr } = await run(...args, '--output', 'json', '--fail-on', 'against.newlyEnded>0')
    expect(JSON.parse(stdout)).toMatchObject({ sessions: 32, against: { newlyEnded: 5, noLongerEnded: 0 } })
    expect(told(stderr)).toEqual([
      `curfew: 5 sessions left out, on endpoints that the file of --against does not watch: ${PARTNERS}`,
      "curfew: --fail-on 'against.newlyEnded>0' holds: against.newlyEnded is 5",
    ])
    expect(code).toBe(1)
  })

  it('shows those on an endpoint that is no longer watched', async () => {
    const args = ['log.jsonl', '-c', watchesLess, '--against', 'curfew.yaml', '--output', 'json']
    const { stdout, stderr } = await run(...args)
    expect(JSON.parse(stdout)).toMatchObject({ sessions: 27, against: { newlyEnded: 0, noLongerEnded: 5 } })
    expect(told(stderr)).toEqual([
      `curfew: 5 sessions left out, on endpoints that the daemon's file does not watch: ${PARTNERS}`,
    ])
  })

  it('compares one endpoint, of which the other file may watch none', async () => {
    const args = ['log.jsonl', '-c', 'curfew.yaml', '--against', watchesLess, '--output', 'json']
    const partners = await run(...args, '--endpoint', 'partners')
    expect(JSON.parse(partners.stdout)).toMatchObject({ sessions: 5, against: { newlyEnded: 5 } })
    const office = await run(...args, '--endpoint', 'office')
    expect(told(office.stderr)).toEqual([])
    expect(JSON.parse(office.stdout)).toMatchObject({ sessions: 27, against: { newlyEnded: 0, noLongerEnded: 0 } })
  })
})

describe('modes as written', () => {
  const WRITTEN = ['log.jsonl', '--modes', 'as-written']

  it('are those of the daemon and of the policy, for each side its own', async () => {
    const ended = async (...args: readonly string[]) => (await ofJson(...WRITTEN, ...args)).ended.byReason
    expect(await ended('-c', 'curfew.yaml')).toMatchObject({ 'session-age': 5, banned: 0 })
    expect(await ended('-c', 'audit.yaml')).toMatchObject({ 'session-age': 0, banned: 0 })
    // No daemon's file, no daemon's mode.
    expect(await ended('--policies', 'policies.yaml')).toMatchObject({ 'session-age': 5, banned: 0 })

    const newlyEnded = async (now: string, before: string) =>
      (await ofJson(...WRITTEN, '-c', now, '--against', before)).against?.newlyEnded
    expect(await newlyEnded('curfew.yaml', 'audit.yaml')).toBe(10)
    expect(await newlyEnded('audit.yaml', 'curfew.yaml')).toBe(0)
    expect(await newlyEnded('enforced.yaml', 'curfew.yaml')).toBe(15)
    expect(await newlyEnded('audit.yaml', 'policies.yaml')).toBe(0)
  })
})

describe('the sessions that are judged', () => {
  it('are those of a period and of endpoints, by id or name', async () => {
    const thursday = ['--from', '2026-11-05T00:00:00Z', '--to', '2026-11-06T00:00:00Z']
    expect(await ofJson('log.jsonl', '-c', 'curfew.yaml', ...thursday)).toMatchObject({ sessions: 6 })
    expect(await ofJson('log.jsonl', '-c', 'curfew.yaml', '--endpoint', 'Partners')).toMatchObject({ sessions: 5 })
    // Two endpoints have this name.
    expect(await ofJson('log.jsonl', '-c', 'namesakes.yaml', '--endpoint', 'office')).toMatchObject({ sessions: 32 })
  })

  it('know who comes back after the period', async () => {
    const period = ['--from', '2026-11-02T10:00:00Z', '--to', '2026-11-02T10:00:30Z']
    expect(await ofJson('log.jsonl', '-c', 'curfew.yaml', ...period)).toMatchObject({ returned: 1 })
  })

  it('are judged beside those of the other endpoints, which do not count', async () => {
    const ended = async (...args: readonly string[]) =>
      (await ofJson('both.jsonl', '--policies', 'one-each.yaml', ...args)).ended.sessions
    const [office, partners] = [await ended('--endpoint', OFFICE), await ended('--endpoint', PARTNERS)]
    expect([office, partners, await ended()]).toEqual([5, 0, 5])
  })

  it('are those of the endpoints that the daemon watches, and the others are named', async () => {
    const { stdout, stderr, code } = await run('log.jsonl', '-c', 'office.yaml')
    const left = `5 sessions left out, on endpoints that the daemon's file does not watch: ${PARTNERS}`
    expect([code, stderr]).toEqual([0, `curfew: ${left}\n`])
    expect(stdout).toContain('would have ended 26 of 27 sessions and')
    expect(stdout).toContain("Left out: 5 sessions on endpoints that the daemon's file does not watch.")
  })

  it.each([
    [
      'no session is in the period',
      ['--from', '2027-01-01T00:00:00Z'],
      'no session was up from 2027-01-01T00:00:00Z on: the log',
    ],
    ['none is before it', ['--to', '2026-01-01T00:00:00Z'], 'no session was up before 2026-01-01T00:00:00Z: the log'],
    [
      'an endpoint has none',
      ['--endpoint', 'machines'],
      `shows no session on cvpn-endpoint-0123456789abcdef1, only on`,
    ],
  ])('are never none: %s', async (_, args, message) => {
    const { code, stderr } = await run('log.jsonl', '-c', 'curfew.yaml', ...args)
    expect(stderr).toContain(message)
    expect(code).toBe(1)
  })

  it('say what was asked for, and where the recording does not cover it', async () => {
    const asked = ['--endpoint', 'partners', '--modes', 'as-written', '--from', '2026-10-01T00:00:00Z']
    const { stdout } = await run('log.jsonl', '-c', 'curfew.yaml', ...asked)
    expect(stdout).toContain('begins at 2026-10-01T00:00:00Z, but the recording only at 2026-11-02T06:00:00Z.')
    expect(stdout).toContain(`Only sessions on ${PARTNERS}.`)
    expect(stdout).toContain("Modes as written: only policies act that say enforce, and the daemon's file too.")
    expect(await ofJson('log.jsonl', '-c', 'curfew.yaml', ...asked)).toMatchObject({
      period: { from: '2026-10-01T00:00:00.000Z', to: '2026-11-06T20:00:00.000Z' },
      recorded: { from: '2026-11-02T06:00:00.000Z', to: '2026-11-06T20:00:00.000Z' },
      scope: { modes: 'as-written', endpoints: [PARTNERS], notWatched: 0 },
    })
  })

  it('are none where the log shows none, with the lines that were not understood', async () => {
    const { code, stderr } = await run('logins.jsonl', '--policies', 'today.yaml')
    expect([code, stderr]).toEqual([
      1,
      [
        'curfew: the log shows no session: 1 of 3 lines understood, each of them a step of a login or a failed attempt.',
        'Not understood (2 of 3 lines):',
        '  logins.jsonl:2: it is damaged or cut off',
        '  logins.jsonl:3: it is damaged or cut off',
        '',
      ].join('\n'),
    ])
  })

  it('come from a log group too', async () => {
    await using office = await startOffice()
    vi.stubEnv('AWS_ENDPOINT_URL_CLOUDWATCH_LOGS', office.url)
    for (const [name, value] of Object.entries(CREDENTIALS)) vi.stubEnv(name, value)
    const place = { account: '111122223333', region: 'eu-central-1', name: '/aws/clientvpn' }
    const lines = loggedWeek().trimEnd().split('\n')
    office.logGroups.write(
      place,
      lines.map((message) => ({ publishedAt: MONDAY, message })),
    )
    const group = ['--log-group', '/aws/clientvpn', '--region', 'eu-central-1', '--from', '2026-11-02T00:00:00Z']
    expect(await ofJson(...group, '--policies', 'policies.yaml')).toMatchObject({ sessions: 32, lines: { failed: 1 } })
  })
})

describe('wrong arguments', () => {
  it.each([
    [[], 'expected LOG'],
    [['log.jsonl', '--since', '30d'], '--since is valid only with --log-group'],
    [['log.jsonl', '-c', 'curfew.yaml', '--policies', 'today.yaml'], 'give either --config'],
    [['log.jsonl', '--policies', 'curfew.yaml'], 'give it with --config'],
    [['log.jsonl', '-c', 'curfew.yaml', '--against', 'curfew.yaml', '--against', 'today.yaml'], 'give it alone'],
    [['log.jsonl', '--cuts', 'ends.jsonl', '--report', './ends.jsonl'], 'expected two files'],
    [['log.jsonl', '--cuts', '-'], 'the standard output has the answer'],
    [['log.jsonl', '--region', 'nowhere/x'], '--region: "nowhere/x" is not an AWS Region'],
    [['log.jsonl', '--from', '2026-11-05'], '"2026-11-05" is not an instant'],
    [['log.jsonl', '--from', '2026-11-05T00:00:00Z', '--to', '2026-11-05T00:00:00Z'], 'is not before --to'],
  ])('%j are refused', async (args, message) => {
    const { code, stderr } = await run(...args)
    expect(stderr).toContain(message)
    expect(code).toBe(64)
  })

  it('of the files have their places, and what cannot be written is refused before a log is read', async () => {
    expect(await run('log.jsonl', '--policies', 'broken.yaml')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('broken.yaml:4:') as string,
    })
    const missing = ['missing.jsonl', '--policies', 'today.yaml']
    expect(await run(...missing)).toMatchObject({ code: 1, stderr: expect.stringContaining('missing.jsonl') as string })
    const { code, stderr } = await run(...missing, '--cuts', here.folder)
    expect([code, stderr]).toEqual([1, `curfew: cannot write ${here.folder}: it is a folder\n`])
  })

  it.each([
    [['--cuts', 'log.jsonl', 'log.jsonl'], 'log.jsonl: it is read'],
    [['--report', 'curfew.yaml', 'log.jsonl'], 'curfew.yaml: it is read'],
    [['--cuts', 'office.yaml', 'log.jsonl'], 'office.yaml: it exists and has other content'],
    // A pattern of the shell that names all logs.
    [['--cuts', 'log.jsonl', 'missing.jsonl'], 'log.jsonl: it exists and has other content'],
  ])('%j keep the file', async (args, message) => {
    const { code, stderr } = await run(...args, '-c', 'curfew.yaml')
    expect([code, stderr]).toEqual([1, expect.stringContaining(`curfew: cannot write ${message}`)])
    expect(await readFile(join(here.folder, 'log.jsonl'), 'utf8')).toBe(loggedWeek())
  })

  it('replaces what an earlier run wrote', async () => {
    const args = [
      'log.jsonl',
      '-c',
      'curfew.yaml',
      '--cuts',
      'again.jsonl',
      '--report',
      join(here.folder, 'again.html'),
    ]
    expect(await run(...args)).toMatchObject({ code: 0 })
    expect(await run(...args)).toMatchObject({ code: 0, stderr: '' })
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
    ['starts>1', 'notJudged, ended.policy.NAME, ended.policy.NAME.FIELD'],
    ['against.newlyEnded>0', 'valid only with --against'],
  ])('refuses %s before it reads a log', async (limit, message) => {
    const { code, stderr } = await run('missing.jsonl', '-c', 'curfew.yaml', '--fail-on', limit)
    expect(code).toBe(64)
    expect(stderr).toContain(message)
  })
})
