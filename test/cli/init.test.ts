import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { curfewJsonSchema, policiesJsonSchema, testJsonSchema } from '../../src/config/schema/json-schema.ts'
import { workspace } from './curfew.ts'
import { OFFICE } from './office.ts'

const filesIn = async ({ folder }: Awaited<ReturnType<typeof workspace>>) =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()

const FILES = [
  'README.md',
  'curfew.yaml',
  'policies/daily-reauthentication.test.yaml',
  'policies/daily-reauthentication.yaml',
  'schema/curfew.schema.json',
  'schema/policies.schema.json',
  'schema/test.schema.json',
]

const BACKTEST = 'backtest --log-group LOG_GROUP --since 30d'

/** The indented lines below "Next:". */
const nextSteps = (stdout: string) => [...stdout.matchAll(/^ {2}curfew (.*)$/gm)].map(([, command = '']) => command)

describe('curfew init', () => {
  it('writes a configuration that passes the next steps that it names', async () => {
    await using here = await workspace({})
    const made = await here.run(['init', 'config', '--region', 'us-east-1', '--endpoint', OFFICE])
    expect(made).toMatchObject({ code: 0, stderr: '' })
    expect(await filesIn(here)).toEqual(FILES.map((name) => `config/${name}`))
    expect(nextSteps(made.stdout)).toEqual([
      'validate',
      'test config/policies',
      'doctor',
      'plan --mode enforce',
      BACKTEST,
      'run',
    ])
    expect(await here.run(['validate', '--strict'])).toMatchObject({ code: 0, stdout: 'no errors\n', stderr: '' })
    expect(await here.run(['test'])).toMatchObject({ code: 0, stdout: '2 passed, 0 failed\n', stderr: '' })
    const written = await readFile(join(here.folder, 'config/curfew.yaml'), 'utf8')
    expect(written).toMatch(/^mode: audit /m)
    expect(written).toContain(`  - region: us-east-1\n    endpoints:\n      - ${OFFICE}\n`)
  })

  it('names the folder in the next steps as a shell reads it', async () => {
    await using here = await workspace({})
    const { stdout } = await here.run(['init', "Bob's VPN", '--region', 'us-east-1', '--endpoint', OFFICE])
    expect(nextSteps(stdout)).toContain(`validate -c 'Bob'\\''s VPN/curfew.yaml'`)
  })

  it('names a folder that begins with "-" so that no command takes it for an option', async () => {
    await using here = await workspace({})
    const { stdout } = await here.run(['init', '--region', 'us-east-1', '--endpoint', OFFICE, '--', '-dash'])
    const [validate = '', test = ''] = nextSteps(stdout)
    expect(validate).toBe('validate -c ./-dash/curfew.yaml')
    for (const step of [validate, test]) expect(await here.run(step.split(' '))).toMatchObject({ code: 0, stderr: '' })
  })

  it('writes a README of four lines, whose commands work in its folder', async () => {
    await using here = await workspace({})
    await here.run(['init', '.'])
    const readme = await readFile(join(here.folder, 'README.md'), 'utf8')
    expect(readme.trimEnd().split('\n')).toHaveLength(4)
    const [, commands = ''] = /`(curfew .*)`/.exec(readme) ?? []
    const [validate, test, plan] = commands.split(' && ').map((command) => command.split(' ').slice(1))
    expect(await here.run(validate ?? [])).toMatchObject({ code: 0 })
    expect(await here.run(test ?? [])).toMatchObject({ code: 0 })
    expect(await here.run([...(plan ?? []), '--help'])).toMatchObject({ code: 0, stderr: '' })
    const [, backtest = ''] = /`curfew (backtest .*)`/.exec(readme) ?? []
    expect(backtest).toContain('--log-group')
    expect(await here.run([...backtest.split(' '), '--help'])).toMatchObject({ code: 0, stderr: '' })
  })

  it('writes the schemas to which the first lines of the files refer', async () => {
    await using here = await workspace({})
    await here.run(['init', 'config'])
    const read = async (name: string) => readFile(join(here.folder, 'config', name), 'utf8')
    for (const [name, schema] of [
      ['curfew.yaml', curfewJsonSchema()],
      ['policies/daily-reauthentication.yaml', policiesJsonSchema()],
      ['policies/daily-reauthentication.test.yaml', testJsonSchema()],
    ] as const) {
      const [, path = ''] = /^# yaml-language-server: \$schema=(.*)\n/.exec(await read(name)) ?? []
      expect(JSON.parse(await read(join(name, '..', path)))).toEqual(schema)
    }
  })

  it('writes a placeholder that validate reports, if it is called without an endpoint', async () => {
    await using here = await workspace({})
    const { stdout } = await here.run(['init', 'config'])
    expect(stdout).toContain('write your Region and the id of your endpoint into config/curfew.yaml')
    const { code, stderr } = await here.run(['validate'])
    expect(code).toBe(0)
    expect(stderr).toMatch(
      /curfew\.yaml:\d+:9: warning: cvpn-endpoint-0{17} is the placeholder that "curfew init" writes/,
    )
    expect(await here.run(['validate', '--strict'])).toMatchObject({ code: 1 })
    const known = await here.run(['init', 'known', '--region', 'eu-west-3'])
    expect(known.stdout).toContain('write the id of your endpoint into known/curfew.yaml')
    expect(await readFile(join(here.folder, 'known/curfew.yaml'), 'utf8')).toContain('  - region: eu-west-3\n')
  })

  it('takes the Region from AWS_REGION', async () => {
    await using here = await workspace({})
    await here.run(['init', 'config', '--endpoint', OFFICE], { AWS_REGION: 'eu-west-3' })
    expect(await readFile(join(here.folder, 'config/curfew.yaml'), 'utf8')).toContain('  - region: eu-west-3\n')
  })

  it('changes no file, and writes none beside one that has another content', async () => {
    await using here = await workspace({ 'config/curfew.yaml': 'mine\n' })
    const refused = await here.run(['init', 'config'])
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toBe(
      'curfew: config/curfew.yaml is there with another content, and nothing was written: name another folder, or move it away\n',
    )
    expect(await filesIn(here)).toEqual(['config/curfew.yaml'])
  })

  it('can be repeated', async () => {
    await using here = await workspace({})
    await here.run(['init', 'config'])
    expect(await here.run(['init', 'config'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('All files are in config already.') as string,
    })
  })

  it.each([
    [['init'], 64, ' init: expected DIR'],
    [['init', ''], 64, ' init: expected DIR, found an empty argument'],
    [['init', 'x', '--region', ''], 64, ' init: --region needs a value, found an empty one: REGION'],
    [['init', 'a', 'b'], 64, ' init: '],
    [['init', 'x', '--region', 'Frankfurt'], 64, ' init: --region: "Frankfurt" is not an AWS Region'],
    [['init', 'x', '--region', 'us-east-1', '--endpoint', 'vpn'], 64, ' init: --endpoint: "vpn" is not the id'],
    [['init', 'x', '--endpoint', OFFICE], 64, ' init: --endpoint needs the Region of the endpoint'],
    [['init', 'file'], 1, ': cannot write into file: it is not a folder'],
    [['init', 'file/x'], 1, ': cannot write into file/x: a part of its path is not a folder'],
  ])('refuses %j', async (args, code, message) => {
    await using here = await workspace({ file: '' })
    const refused = await here.run(args)
    expect(refused).toMatchObject({ code, stdout: '' })
    expect(refused.stderr).toContain(`curfew${message}`)
    expect(await filesIn(here)).toEqual(['file'])
  })
})
