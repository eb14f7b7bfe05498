import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { explainAtDoor } from '../../src/cli/at-the-door.ts'
import { readToShow } from '../../src/cli/compose-files.ts'
import { doorExplainedJson, doorExplainedText } from '../../src/cli/door-explained.ts'
import type { OnError, PostureRule } from '../../src/domain/door/door-rules.ts'
import type { Selector } from '../../src/domain/policies/policy.ts'
import { workspace } from './curfew.ts'
import { runInProcess } from './in-process.ts'

const OFFICE = 'cvpn-endpoint-0123456789abcdef0'

const CONFIG = `
version: 1
mode: enforce
policies: [./policies.yaml]
protect: { users: [break-glass] }
watch:
  - { region: eu-central-1, endpoints: [{ id: ${OFFICE}, name: office }] }
  - { region: us-east-1, endpoints: [{ id: cvpn-endpoint-0fedcba9876543210, name: partners }] }
`

const POLICIES = `
version: 1
policies:
  - { name: daily, kind: max-session-age, maxAge: 8h }
  - { name: leavers, kind: banned-users, users: [{ pattern: mallory, until: "2026-12-01T00:00:00Z", reason: on leave }] }
  - { name: hours, kind: off-hours, timeZone: Europe/Berlin, allowed: [{ days: mon-fri, hours: "07:30-18:30" }], match: { users: ["ext-*"] } }
  - { name: europe, kind: banned-users, users: [eve], match: { regions: ["eu-*"] } }
  - { name: trial, kind: banned-users, mode: audit, users: [trent] }
`

const NOON = ['--at', '2026-11-23T12:00:00Z']

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'curfew-try-'))
  await write('curfew.yaml', CONFIG)
  await write('policies.yaml', POLICIES)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const write = (name: string, text: string | Uint8Array) => writeFile(join(folder, name), text)

const REQUEST = { 'endpoint-id': OFFICE, username: 'mallory', 'schema-version': 'v3' }

const tryFile = (name: string, ...args: readonly string[]) =>
  runInProcess(['connect-handler', 'try', join(folder, name), '-c', join(folder, 'curfew.yaml'), ...args])

const explain = (...args: readonly string[]) =>
  runInProcess(['explain', '--at-the-door', '-c', join(folder, 'curfew.yaml'), ...args])

interface Shown {
  readonly answer: Readonly<Record<string, unknown>>
  readonly decision: string
  readonly verdicts: ReadonlyArray<Readonly<Record<string, unknown>>>
  readonly [field: string]: unknown
}

const shown = async (request: object, ...args: readonly string[]): Promise<Shown> => {
  await write('request.json', JSON.stringify({ ...REQUEST, ...request }))
  const { code, stdout, stderr } = await tryFile('request.json', '--output', 'json', ...NOON, ...args)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout) as Shown
}

describe('curfew connect-handler try', () => {
  it('shows the answer, its text, until when, and the verdict of each policy that the door judges', async () => {
    const { answer, text, verdicts, leftToDaemon, ...rest } = await shown({})
    expect(rest).toMatchObject({
      decision: 'deny',
      leadPolicy: 'leavers',
      reason: 'banned',
      until: '2026-12-01T00:00:00.000Z',
      mode: 'enforce',
      onError: 'allow',
      request: { region: 'eu-central-1', username: 'mallory', platform: null, schemaVersion: 'v3' },
    })
    expect(answer).toEqual({
      allow: false,
      'error-msg-on-denied-connection': text,
      'posture-compliance-statuses': [],
      'schema-version': 'v3',
    })
    expect(verdicts.map(({ policy, verdict }) => [policy, verdict])).toEqual([
      ['leavers', 'violated'],
      ['hours', 'not-matched'],
      ['europe', 'fine'],
      ['trial', 'fine'],
    ])
    expect(verdicts[0]).toMatchObject({
      because: expect.stringContaining('on leave') as unknown,
      nextAt: '2026-12-01T00:00:00.000Z',
    })
    expect(leftToDaemon).toMatchObject([{ policy: 'daily', kind: 'max-session-age' }])
  })

  it('as text ends with the answer byte for byte', async () => {
    const { answer } = await shown({ 'schema-version': 'v1' })
    const { stdout } = await tryFile('request.json', ...NOON)
    expect(stdout.split('\n').at(-2)).toBe(JSON.stringify(answer))
    expect(stdout).toMatch(
      /^mallory asks to connect to office \(cvpn-endpoint-\w+\) in eu-central-1 at 2026-11-23T12:00:00Z\nDenied/,
    )
    expect(stdout).toContain('Left to the daemon:\n  daily (max-session-age, enforce)')
  })

  it('takes the instant, the mode and the Region from its options', async () => {
    expect(await shown({}, '--mode', 'audit')).toMatchObject({
      decision: 'audit',
      answer: { allow: true },
      mode: 'audit',
    })
    await write('request.json', JSON.stringify(REQUEST))
    const later = await tryFile('request.json', '--output', 'json', '--at', '2026-12-01T00:00:00Z')
    expect(JSON.parse(later.stdout)).toMatchObject({ decision: 'allow', text: null })
    expect(await shown({ username: 'eve' })).toMatchObject({ decision: 'deny', leadPolicy: 'europe' })
    expect((await shown({ username: 'eve' }, '--region', 'us-east-1')).decision).toBe('allow')
    expect((await shown({ username: 'trent' })).decision).toBe('audit')
  })

  it('says that an answer to errors has no effect in audit mode', async () => {
    await write('request.json', JSON.stringify(REQUEST))
    const dropped = await tryFile('request.json', '--mode', 'audit', '--on-error', 'deny')
    expect(dropped).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^curfew: --on-error deny has no/) as string,
    })
    expect((await tryFile('request.json', '--on-error', 'deny')).stderr).toBe('')
    expect((await tryFile('request.json', '--mode', 'audit', '--on-error', 'allow')).stderr).toBe('')
  })

  it('keeps everybody whose facts are missing, and names what the request does not tell rightly', async () => {
    const { decision, verdicts, request } = await shown({ username: 'm'.repeat(255), groups: 7 })
    expect(decision).toBe('allow')
    expect(verdicts[0]).toMatchObject({ policy: 'leavers', verdict: 'unknown' })
    expect(request).toMatchObject({ username: null, doubts: ['username', 'groups'] })
    const { stdout } = await tryFile('request.json', ...NOON)
    expect(stdout).toContain('not known: username, groups')
    const notJudged = await shown({ 'endpoint-id': undefined }, '--on-error', 'deny')
    const error = expect.stringContaining('"endpoint-id"') as unknown
    expect(notJudged).toMatchObject({ decision: 'on-error', error, answer: { allow: false }, verdicts: [] })
    expect((await tryFile('request.json', ...NOON)).stdout).toContain('\nAllowed by onError, and not judged: ')
  })

  it('answers an object that is no request as the handler does, and says so', async () => {
    await write('odd.json', '{ "endpointId": "cvpn-endpoint-0123456789abcdef0", "Decision": "deny" }')
    const { code, stdout, stderr } = await tryFile('odd.json')
    expect({ code, allows: stdout.includes('"allow":true') }).toEqual({ code: 0, allows: true })
    expect(stderr).toMatch(/no field that AWS sends.*explain --at-the-door/)
  })

  it('remarks that the endpoint is not watched, unless endpoints are discovered', async () => {
    await write('request.json', JSON.stringify({ ...REQUEST, 'endpoint-id': 'cvpn-endpoint-0123456789abcdefO' }))
    const { code, stderr } = await tryFile('request.json')
    expect(code).toBe(0)
    expect(stderr).toMatch(
      /^curfew: "watch" does not have the endpoint "cvpn-endpoint-0123456789abcdefO": check its id/,
    )
    await write(
      'discovering.yaml',
      CONFIG.replace(
        'endpoints: [{ id: cvpn-endpoint-0fedcba9876543210',
        'discover: all, endpoints: [{ id: cvpn-endpoint-0fedcba9876543210',
      ),
    )
    const others = ['-c', join(folder, 'discovering.yaml')]
    const { stderr: discovered } = await runInProcess([
      'connect-handler',
      'try',
      join(folder, 'request.json'),
      ...others,
    ])
    expect(discovered).toBe('')
  })

  it.each([
    ['no JSON', '{ "username": mallory }', 'is no JSON'],
    ['a list', '[{}, {}]', 'has a list of 2'],
    ['a text', '"v3"', 'has a string'],
    ['nothing', ' \n', 'is empty'],
    ['UTF-16', Buffer.from('\ufeff{}', 'utf16le'), ':1:1: the file is UTF-16'],
    ['more than Lambda passes on', Buffer.alloc(6 * 2 ** 20 + 1, ' '), 'has more than the 6MiB'],
  ])('refuses a file with %s', async (_what, text, message) => {
    await write('odd.json', text)
    const { code, stdout, stderr } = await tryFile('odd.json')
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(message)
    expect(stderr).toMatch(/^curfew: .*odd\.json/)
    expect(stderr.split('\n')).toHaveLength(2)
  })

  it('refuses what cannot be read, and wrong options', async () => {
    expect((await tryFile('.')).stderr).toContain('it is a folder')
    expect((await tryFile('missing.json')).stderr).toContain('it does not exist')
    await write('request.json', JSON.stringify(REQUEST))
    for (const args of [
      ['--at', 'noon'],
      ['--region', 'Europe'],
      ['--mode', 'off'],
      ['--on-error', 'ask'],
    ]) {
      const { code, stderr } = await tryFile('request.json', ...args)
      expect([code, stderr]).toEqual([64, expect.stringContaining(args[0] ?? '') as string])
    }
  })

  it('reads a request from the standard input', async () => {
    await using here = await workspace({ 'curfew.yaml': CONFIG, 'policies.yaml': POLICIES })
    const running = here.start(['connect-handler', 'try', '-', '-c', 'curfew.yaml', ...NOON])
    running.child.stdin.end(JSON.stringify(REQUEST))
    expect(await running.exited).toBe(0)
    expect(running.stdout).toMatch(/^mallory asks to connect to office/)
  })
})

describe('curfew explain --at-the-door', () => {
  it('decides as for a request with the facts of the options', async () => {
    const { stdout } = await explain('--user', 'mallory', '--output', 'json', ...NOON)
    const { answer, ...tried } = await shown({})
    expect(answer).toMatchObject({ allow: false })
    expect(JSON.parse(stdout)).toEqual(tried)
    expect((await explain('--user', 'mallory', ...NOON)).stdout).toContain('Message for the user:\n  ')
  })

  it('takes every fact of the door, and the endpoint by its name', async () => {
    const facts = ['--idp-group', 'a', '--idp-group', 'b', '--platform', 'win', '--client-version', '5.2.1']
    const { stdout } = await explain(
      '--common-name',
      'eve',
      '--endpoint',
      'partners',
      '--public-ip',
      '2001:db8::1',
      ...facts,
      '--output',
      'json',
    )
    expect(JSON.parse(stdout)).toMatchObject({
      decision: 'allow',
      request: {
        region: 'us-east-1',
        username: null,
        commonName: 'eve',
        idpGroups: ['a', 'b'],
        platform: 'win',
        publicIp: '2001:db8::1',
        clientVersion: '5.2.1',
      },
    })
  })

  it('takes the settings of the handler, so that a denial shows before anything is enforced', async () => {
    const settings = ['--mode', 'enforce', '--on-error', 'deny', '--region', 'us-east-1']
    await write('audit.yaml', CONFIG.replace('mode: enforce', 'mode: audit'))
    const ask = (...args: readonly string[]) =>
      runInProcess(['explain', '--at-the-door', '-c', join(folder, 'audit.yaml'), '--output', 'json', ...args])
    expect(JSON.parse((await ask('--user', 'mallory')).stdout)).toMatchObject({ decision: 'audit' })
    expect(JSON.parse((await ask('--user', 'mallory', ...settings)).stdout)).toMatchObject({
      decision: 'deny',
      onError: 'deny',
      request: { region: 'us-east-1' },
    })
    expect((await ask('--user', 'mallory', '--on-error', 'deny')).stderr).toContain('has no effect')
  })

  it('names no id where none is given and the endpoints are discovered', async () => {
    await write('found.yaml', `${CONFIG.split('watch:')[0] ?? ''}watch: [{ region: eu-central-1, discover: all }]\n`)
    for (const form of ['--at-the-door', '--imagine']) {
      const { stdout } = await runInProcess(['explain', form, '-c', join(folder, 'found.yaml'), '--user', 'eve'])
      expect(stdout).toMatch(/^eve (?:asks to connect to|on) a discovered endpoint in eu-central-1 at/)
    }
  })

  it('says of policies that select on facts of the door what each fact changes, and what is not known', async () => {
    const rule = 'kind: banned-users, users: ["*@corp.example"]'
    await write(
      'facts.yaml',
      `version: 1\npolicies: [{ name: elsewhere, ${rule}, match: { door: { idpGroups: [Contractors], clientVersion: ["< 5.2"] } }, exempt: { door: { publicIp: [203.0.113.0/24] } } }]\n`,
    )
    await write('with-facts.yaml', CONFIG.replace('./policies.yaml', './facts.yaml'))
    const ask = async (...facts: readonly string[]) => {
      const args = ['explain', '--at-the-door', '-c', join(folder, 'with-facts.yaml'), '--user', 'a@corp.example']
      const { stdout } = await runInProcess([...args, ...facts, '--output', 'json'])
      const { decision, verdicts } = JSON.parse(stdout) as Shown
      return [decision, verdicts[0]?.verdict, verdicts[0]?.because]
    }
    const group = ['--idp-group', 'engineering', '--idp-group', 'contractors']
    const old = [...group, '--client-version', '5.1.9']
    expect(await ask(...old, '--public-ip', '198.51.100.7')).toEqual(['deny', 'violated', expect.anything()])
    expect(await ask(...old, '--public-ip', '203.0.113.7')).toEqual(['allow', 'exempt', expect.anything()])
    expect(await ask(...group, '--client-version', '5.10')).toEqual(['allow', 'not-matched', expect.anything()])
    expect(await ask(...old)).toEqual(['allow', 'unknown', expect.stringContaining('door.publicIp') as string])
    expect(await ask()).toEqual(['allow', 'unknown', expect.stringContaining('door.') as string])
  })

  it('shows what onError answers, and the error, where judging itself throws', () => {
    const { configuration } = readToShow(join(folder, 'curfew.yaml'))
    if (configuration === undefined) throw new Error('the configuration cannot be read')
    const broken: PostureRule = { status: 'managed', match: JSON.parse('{ "users": [7] }') as Selector }
    const faulty = { ...configuration, connectHandler: { ...configuration.connectHandler, posture: [broken] } }
    const ask = (onError: OnError) =>
      explainAtDoor(REQUEST, faulty, { now: Date.UTC(2026, 10, 23), region: undefined, onError })
    const error = expect.stringMatching(/^TypeError: /) as string
    expect(doorExplainedJson(ask('allow'))).toMatchObject({ decision: 'on-error', error, text: null, verdicts: [] })
    expect(doorExplainedText(ask('allow')).join('\n')).toContain('\nAllowed by onError, and not judged: TypeError: ')
    expect(doorExplainedJson(ask('deny'))).toMatchObject({
      text: expect.stringContaining('could not be checked') as string,
    })
    expect(doorExplainedText(ask('deny')).at(-2)).toBe('Message for the user:')
  })

  it.each([
    [['--at-the-door', '--user', 'eve', '--public-ip', '203.0.113.0/24'], '--public-ip'],
    [['--imagine', '--at-the-door', '--user', 'eve'], '--at-the-door'],
    [['--at-the-door', '--connection', 'x'], '--connection'],
    [['--at-the-door', '--user', 'eve', '--established', '2026-11-23T12:00:00Z'], '--imagine'],
    [['--imagine', '--user', 'eve', '--idp-group', 'a'], '--at-the-door'],
    [['--user', 'eve', '--platform', 'win'], '--at-the-door'],
    [['--user', 'eve', '--mode', 'audit'], 'a setting of the connect handler'],
    [['--imagine', '--user', 'eve', '--region', 'us-east-1'], 'a setting of the connect handler'],
    [['--at-the-door', '--user', 'eve', '--region', 'Europe'], '--region'],
    [['--user', 'eve', '--endpoint', 'office'], '--imagine or --at-the-door'],
    [['--at-the-door', '--user', 'eve', '--endpoint', 'attic'], 'partners'],
  ])('refuses %j as wrong usage', async (args, word) => {
    const { code, stderr } = await runInProcess(['explain', '-c', join(folder, 'curfew.yaml'), ...args])
    expect(code).toBe(64)
    expect(stderr).toContain(word)
  })
})
