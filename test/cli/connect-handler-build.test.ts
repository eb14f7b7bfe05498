import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { unzipSync } from 'fflate'
import { describe, expect, it } from 'vitest'
import { VERSION } from '../../src/version.ts'
import { ENDPOINT } from '../domain/build.ts'
import { workspace } from './curfew.ts'
import { runInProcess } from './in-process.ts'

const POLICIES = `version: 1
policies:
  - { name: leavers, kind: banned-users, users: [mallory] }
  - { name: contractors, kind: off-hours, timeZone: Europe/Berlin, allowed: [{ days: mon-fri }], match: { endpoints: ["tag:env=prod", office], door: { publicIp: [192.0.2.0/24] } } }
  - { name: daily, kind: max-session-age, maxAge: 8h }
`
const CURFEW = `version: 1
mode: enforce
policies: [./policies.yaml]
watch: [{ region: eu-central-1, endpoints: [${ENDPOINT}] }]
`

const office = async (different: Readonly<Record<string, string>> = {}) => {
  const here = await workspace({ 'curfew.yaml': CURFEW, 'policies.yaml': POLICIES, ...different })
  const zip = join(here.folder, 'handler.zip')
  const build = (...args: readonly string[]) =>
    runInProcess(['connect-handler', 'build', '-c', join(here.folder, 'curfew.yaml'), '--out', zip, ...args])
  return { here, zip, build, [Symbol.asyncDispose]: () => here[Symbol.asyncDispose]() }
}

const textIn = (zip: string) => new TextDecoder().decode(unzipSync(readFileSync(zip))['index.mjs'])

describe('curfew connect-handler build', () => {
  it('writes a zip with one file for its owner alone, and says what is in it', async () => {
    await using built = await office()
    const { code, stdout, stderr } = await built.build()
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(Object.keys(unzipSync(readFileSync(built.zip)))).toEqual(['index.mjs'])
    expect(statSync(built.zip).mode & 0o777).toBe(0o600)
    const hash = (
      await runInProcess(['validate', '--hash', '-c', join(built.here.folder, 'curfew.yaml')])
    ).stdout.trim()
    expect(textIn(built.zip).split('\n')[1]).toBe(
      `// Curfew ${VERSION}, policy set ${hash}, mode enforce, on error allow`,
    )
    expect(stdout).toContain(`Policy set ${hash}`)
    const [, handlerHash = 'none'] = /^\/\/ handlerHash ([0-9a-f]{64})$/m.exec(textIn(built.zip)) ?? []
    expect(stdout).toContain(`handlerHash ${handlerHash}`)
    expect(stdout).toMatch(/^ {2}leavers \(banned-users, enforce\)$/m)
    expect(stdout).toMatch(
      /^ {4}reads tags of .*\n {4}reads names of .*\n {4}reads door\.publicIp, which the daemon does not know/m,
    )
    expect(stdout).toMatch(/^ {2}daily \(max-session-age, enforce\): it reads the age of a session/m)
  })

  it('makes a module that imports nothing and answers', async () => {
    await using built = await office()
    await built.build()
    const text = textIn(built.zip)
    expect(text).not.toMatch(/\bimport\b\s*[^.]|\brequire\(/)
    const file = join(built.here.folder, 'index.mjs')
    writeFileSync(file, text)
    const ask = `const { handler } = await import(${JSON.stringify(file)})
      const context = { functionName: 'test' }
      const answer = await handler({ username: 'mallory', 'endpoint-id': '${ENDPOINT}', 'schema-version': 'v3' }, context)
      console.log(JSON.stringify(answer))`
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', ask], { encoding: 'utf8' })
    const [line, answer] = output
      .trim()
      .split('\n')
      .map((one) => JSON.parse(one) as unknown)
    expect(line).toMatchObject({ Decision: 'deny', FunctionName: 'test', policy: 'leavers' })
    expect(answer).toMatchObject({ allow: false, 'schema-version': 'v3' })
  })

  it('gives the same bytes in another folder and time zone, whatever the order of keys and the comments are', async () => {
    await using one = await office()
    await using other = await office({
      'curfew.yaml': `# The same\n${CURFEW.split('\n').toReversed().join('\n')}`,
      'policies.yaml': POLICIES.replace(
        '{ name: leavers, kind: banned-users, users: [mallory] }',
        '{ users: [mallory], name: leavers, kind: banned-users } # the same',
      ),
    })
    await one.build()
    const zone = process.env.TZ
    try {
      process.env.TZ = 'Pacific/Auckland'
      expect(new Date(0).getHours()).toBe(12)
      await other.build()
    } finally {
      if (zone === undefined) delete process.env.TZ
      else process.env.TZ = zone
    }
    expect(readFileSync(one.zip).equals(readFileSync(other.zip))).toBe(true)
    await one.build('--mode', 'audit')
    expect(readFileSync(one.zip).equals(readFileSync(other.zip))).toBe(false)
  })

  it('takes mode and onError from the file, and from the options before that', async () => {
    await using built = await office({ 'curfew.yaml': `${CURFEW}connectHandler: { mode: audit, onError: deny }\n` })
    // In audit mode nobody is denied, whatever onError says.
    expect((await built.build('--on-error', 'deny')).stderr).toContain(
      '--on-error deny has no effect: the mode is audit',
    )
    expect((await built.build()).stdout).toMatch(/Mode audit: .*\n.*lets everybody in/)
    expect((await built.build('--mode', 'enforce')).stdout).toMatch(/Mode enforce: .*\n.*DENIES EVERYBODY/)
    const { stdout } = await built.build('--mode', 'enforce', '--on-error', 'allow', '--output', 'json')
    expect(JSON.parse(stdout)).toMatchObject({
      mode: 'enforce',
      onError: 'allow',
      bytes: statSync(built.zip).size,
      policies: [
        { policy: 'leavers', reads: [] },
        { policy: 'contractors', reads: ['tags', 'name', 'door.publicIp'] },
      ],
      leftToDaemon: [{ policy: 'daily' }],
    })
  })

  it('writes nothing if the configuration has an error, as validate finds it, and writes beside a warning', async () => {
    await using built = await office()
    const { here } = built
    await here.write('policies.yaml', POLICIES.replace('[mallory]', '[]').replace('8h', '8hours'))
    const refused = await built.build()
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    const validated = await runInProcess(['validate', '-c', join(here.folder, 'curfew.yaml')])
    const found = refused.stderr.trim().split('\n')
    expect(validated.stderr.split('\n').filter((line) => found.includes(line))).toHaveLength(found.length)
    expect(found.filter((line) => line.includes(': error: '))).toHaveLength(2)
    expect(existsSync(built.zip)).toBe(false)
    await here.write(
      'policies.yaml',
      POLICIES.replace('[mallory]', '[mallory, { pattern: eve, until: "2020-01-01T00:00:00Z" }]'),
    )
    expect(await built.build()).toMatchObject({ code: 0, stderr: expect.stringMatching('this ban ended') as string })
  })

  it('refuses a policy set that is not approved', async () => {
    await using built = await office({ 'curfew.yaml': `${CURFEW}approved: { hashes: [${'0'.repeat(64)}] }\n` })
    expect(await built.build()).toMatchObject({ code: 1 })
    expect(existsSync(built.zip)).toBe(false)
  })

  it('replaces an earlier handler or an empty file, and no other file', async () => {
    await using built = await office()
    await built.build()
    expect(await built.build()).toMatchObject({ code: 0 })
    writeFileSync(built.zip, 'PK my own')
    expect(await built.build()).toMatchObject({ code: 1, stderr: expect.stringMatching('it exists') as string })
    expect(readFileSync(built.zip, 'utf8')).toBe('PK my own')
    writeFileSync(built.zip, '')
    expect(await built.build()).toMatchObject({ code: 0 })
    const config = join(built.here.folder, 'curfew.yaml')
    const itself = await runInProcess(['connect-handler', 'build', '-c', config, '--out', config])
    expect(itself).toMatchObject({ code: 1, stderr: expect.stringMatching('it is read') as string })
    const dash = await runInProcess(['connect-handler', 'build', '-c', config, '--out', '-'])
    expect(dash).toMatchObject({ code: 64, stdout: '', stderr: expect.stringMatching('expected a file') as string })
  })

  it('refuses a set without a policy for the door, unless the handler gives posture statuses', async () => {
    const only = 'version: 1\npolicies:\n  - { name: daily, kind: max-session-age, maxAge: 8h }\n'
    await using built = await office({ 'policies.yaml': only })
    const refused = await built.build()
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching('let everybody in') as string })
    expect(existsSync(built.zip)).toBe(false)
    await built.here.write('curfew.yaml', `${CURFEW}connectHandler: { posture: [{ status: managed }] }\n`)
    expect(await built.build()).toMatchObject({ code: 0 })
  })

  it('leaves posture policies to the daemon where no rule gives a status, and warns of statuses that none gives', async () => {
    const only = 'version: 1\npolicies:\n  - { name: devices, kind: posture, require: [managed], deny: [lost] }\n'
    await using built = await office({ 'policies.yaml': only })
    expect(await built.build()).toMatchObject({ code: 1, stderr: expect.stringMatching('let everybody in') as string })
    await built.here.write('policies.yaml', `${only}  - { name: leavers, kind: banned-users, users: [mallory] }\n`)
    const { stdout, stderr } = await built.build('--output', 'json')
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toMatchObject({
      policies: [{ policy: 'leavers' }],
      leftToDaemon: [{ policy: 'devices', because: expect.stringMatching(/"connectHandler.posture"/) as string }],
    })
    const rule = '{ status: managed, match: { users: ["*@corp.example"] } }'
    await built.here.write('curfew.yaml', `${CURFEW}connectHandler: { posture: [${rule}] }\n`)
    const warned = await built.build('--output', 'json')
    expect(JSON.parse(warned.stdout)).toMatchObject({ policies: [{ policy: 'devices' }, { policy: 'leavers' }] })
    expect(warned.stderr).toMatch(
      /policies\.yaml:3:\d+: warning: .*no rule of .* gives the status "lost", so that it keeps/,
    )
    expect(warned.stderr).toMatch(/curfew\.yaml:5:\d+: warning: no rule selects everybody/)
    const rules = `${rule}, { status: lost, match: { users: [ext-dave] } }, { status: checked }`
    await built.here.write('curfew.yaml', `${CURFEW}connectHandler: { posture: [${rules}] }\n`)
    expect(await built.build()).toMatchObject({ code: 0, stderr: '' })
  })
})
