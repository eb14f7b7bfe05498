import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { workspace } from './curfew.ts'
import { AGE_POLICY, curfewYaml, OFFICE, startOffice } from './office.ts'

const files = { 'curfew.yaml': curfewYaml('mode: enforce'), 'policies.yaml': AGE_POLICY }

/** An operator sees one line that contains the words, no stack trace and no secret. */
const expectOneClearLine = (text: string, ...words: readonly string[]) => {
  const lines = text.split('\n').filter((line) => line !== '')
  expect(lines).toHaveLength(1)
  for (const word of words) expect(lines[0]).toContain(word)
  expect(text).not.toMatch(/^\s+at /m)
  expect(text).not.toContain('secret-of-the-test')
}

describe('an expected fault is reported in one clear line, with exit code 1', () => {
  it('without credentials', async () => {
    await using office = await startOffice()
    await using here = await workspace(files)
    const { code, stderr } = await here.run(['plan', '-c', 'curfew.yaml'], {
      AWS_ENDPOINT_URL_EC2: office.url,
      AWS_ENDPOINT_URL_STS: office.url,
    })
    expect(code).toBe(1)
    expectOneClearLine(stderr, 'AWS_PROFILE')
  })

  it('with a wrong endpoint id', async () => {
    await using office = await startOffice()
    await using here = await workspace({
      ...files,
      'curfew.yaml': files['curfew.yaml'].replaceAll('abcdef0', 'abcdef9'),
    })
    const { code, stderr } = await here.run(['plan', '-c', 'curfew.yaml'], office.env)
    expect(code).toBe(1)
    expectOneClearLine(stderr, 'cvpn-endpoint-0123456789abcdef9', 'eu-central-1')
  })

  it('with a host that cannot be reached', async () => {
    await using office = await startOffice()
    await office.close()
    await using here = await workspace(files)
    const { code, stderr } = await here.run(['plan', '-c', 'curfew.yaml'], office.env)
    expect(code).toBe(1)
    expectOneClearLine(stderr, `127.0.0.1:${office.port}`)
  })

  it('with an action that AWS denies', async () => {
    await using office = await startOffice({ deny: ['ec2:DescribeClientVpnConnections'] })
    await using here = await workspace(files)
    const { code, stderr } = await here.run(['plan', '-c', 'curfew.yaml'], office.env)
    expect(code).toBe(1)
    expectOneClearLine(stderr, 'ec2:DescribeClientVpnConnections', OFFICE)
  })

  it('with a file of somebody else at the path of the state, which stays as it is', async () => {
    await using office = await startOffice()
    await using here = await workspace({ ...files, 'data/state.json': 'notes of the team\n' })
    const { code, stderr } = await here.run(['run', '--once', '-c', 'curfew.yaml'], office.env)
    expect(code).toBe(1)
    expectOneClearLine(stderr, 'data/state.json is not the state: it is not JSON', 'correct "state.file"')
    expect(await readFile(join(here.folder, 'data/state.json'), 'utf8')).toBe('notes of the team\n')
    expect((await readdir(join(here.folder, 'data'))).sort()).toEqual(['audit.jsonl', 'state.json'])
  })

  it('with the state on the audit trail, before anything is written', async () => {
    await using here = await workspace({
      ...files,
      'curfew.yaml': `${files['curfew.yaml']}\nstate: { file: ./data/audit.jsonl }\n`,
      'data/audit.jsonl': '',
    })
    const { code, stderr } = await here.run(['run', '--once', '-c', 'curfew.yaml'])
    expect(code).toBe(1)
    expectOneClearLine(stderr, 'data/audit.jsonl belongs to the audit trail')
    expect(await readdir(join(here.folder, 'data'))).toEqual(['audit.jsonl'])
  })

  it('with broken YAML', async () => {
    await using here = await workspace({ ...files, 'policies.yaml': 'version: 1\npolicies: [\n' })
    const { code, stderr } = await here.run(['run', '-c', 'curfew.yaml'])
    expect(code).toBe(1)
    expectOneClearLine(stderr, 'policies.yaml:', 'error:')
  })

  it('without a configuration', async () => {
    await using here = await workspace({})
    const { code, stderr } = await here.run(['run'])
    expect(code).toBe(1)
    expectOneClearLine(stderr, 'config/curfew.yaml', '"curfew init config"')
  })

  it('with an audit file that cannot be written', async () => {
    await using here = await workspace({
      ...files,
      'curfew.yaml': `${files['curfew.yaml']}\naudit: { file: ./policies.yaml/audit.jsonl }\n`,
    })
    const { code, stderr } = await here.run(['run', '-c', 'curfew.yaml'])
    expect(code).toBe(1)
    expectOneClearLine(stderr, 'cannot write the audit file', 'policies.yaml/audit.jsonl', '"curfew doctor"')
  })

  it('with a port that is in use', async () => {
    await using office = await startOffice()
    await using here = await workspace({
      ...files,
      'curfew.yaml': files['curfew.yaml'].replace('port: 0', `port: ${office.port}`),
    })
    const { code, stderr } = await here.run(['run', '-c', 'curfew.yaml'], office.env)
    expect(code).toBe(1)
    expectOneClearLine(stderr, 'curfew.yaml: another program listens at', `127.0.0.1:${office.port}`, 'ss -ltnp')
  })

  it('in the log, when AWS denies a termination, and the daemon continues to run', async () => {
    await using office = await startOffice({ deny: ['ec2:TerminateClientVpnConnections'] })
    office.world.connect({ endpointId: OFFICE, username: 'bob', ageMs: 9 * 3_600_000 })
    await using here = await workspace(files)
    await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
    const answered = await running.untilLogged('call-answered')
    expect(answered).toMatchObject({ level: 'error', outcome: 'denied' })
    expect(answered.msg).toContain('ec2:TerminateClientVpnConnections')
    running.child.kill('SIGTERM')
    expect(await running.exited).toBe(0)
  })
})

describe('wrong usage is reported in one line, with exit code 64', () => {
  it.each([
    [['nonsense'], 'nonsense'],
    [['run', '--nonsense'], 'nonsense'],
    [['run', 'nonsense'], 'nonsense'],
    [['run', '--timeout', '5s'], '--once'],
    [['run', '--once', '--timeout', 'soon'], 'soon'],
    [['plan', '--output', 'xml'], 'xml'],
    [['plan', '--mode', 'destroy'], 'destroy'],
    [['simulate', '--port', 'http'], 'http'],
    [['simulate', '--faults', 'throtle=5'], 'throttle'],
    [['simulate', '--faults', 'reset=200'], '200'],
  ])('%j', async (args, word) => {
    await using here = await workspace({})
    const { code, stderr } = await here.run(args)
    expect(code).toBe(64)
    expectOneClearLine(stderr, word)
  })

  it('lists the commands if none is given', async () => {
    await using here = await workspace({})
    const { code, stderr } = await here.run([])
    expect(code).toBe(64)
    for (const name of ['run', 'plan', 'validate', 'simulate']) expect(stderr).toContain(name)
  })
})

describe('help', () => {
  it.each(['run', 'plan', 'validate', 'simulate'])('of %s names the command, in at most 120 columns', async (name) => {
    await using here = await workspace({})
    const { code, stdout } = await here.run([name, '--help'])
    expect(code).toBe(0)
    expect(stdout).toContain(`curfew ${name}`)
    expect(stdout.split('\n').every((line) => line.length <= 120)).toBe(true)
  })
})
