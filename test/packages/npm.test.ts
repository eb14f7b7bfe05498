import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { VERSION } from '../../src/version.ts'
import { CLEAN_ENV, CREDENTIALS, Running } from '../cli/curfew.ts'
import { OFFICE } from '../cli/office.ts'

const scratch = mkdtempSync(join(tmpdir(), 'curfew-npm-'))
const empty = join(scratch, 'empty')
let tarball = ''

/** A program in the folder in which the tarball is installed, without a network. */
const run = (program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  promisify(execFile)(program, args, {
    cwd: empty,
    env: { ...CLEAN_ENV, HOME: scratch, npm_config_offline: 'true', npm_config_update_notifier: 'false', ...env },
  })

/** The files of a folder, as the tarball names them. */
const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join('package', entry.parentPath, entry.name))

const SCENARIO = `
endpoints:
  - id: ${OFFICE}
    name: office
    region: eu-central-1
    authentication: federated
    connections: [{ username: bob@corp.example, age: 11h }, { username: carol@corp.example, age: 1h }]
`

beforeAll(async () => {
  mkdirSync(empty)
  const { stdout } = await promisify(execFile)('node', ['--import', 'tsx', 'scripts/npm-package.ts', scratch])
  tarball = stdout.trim()
  await run('npm', ['install', '--no-audit', '--no-fund', tarball])
})

afterAll(() => {
  rmSync(scratch, { recursive: true, force: true })
})

describe('the npm package', () => {
  it('has the bundle, the schemas, samples, the licences and README.md, and nothing else', () => {
    const listed = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).trim().split('\n')
    const expected = [
      ...['LICENSE', 'README.md', 'package.json', 'config/curfew.yaml'].map((name) => `package/${name}`),
      ...['dist', 'config/schema', 'config/policies', 'config/connect-handler'].flatMap(filesIn),
    ]
    expect(listed.toSorted()).toEqual(expected.toSorted())
    expect(listed).toContain('package/dist/THIRD-PARTY-LICENSES.txt')
  })

  it('asks for nothing but Node: the bundle contains what Curfew needs', () => {
    const manifest = JSON.parse(readFileSync(join(empty, 'node_modules/curfew/package.json'), 'utf8')) as object
    const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as { engines: object }
    expect(manifest).toMatchObject({ version: VERSION, engines })
    for (const key of ['dependencies', 'scripts', 'private', 'imports']) expect(manifest).not.toHaveProperty(key)
    expect(readdirSync(join(empty, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['curfew'])
  })

  it('has a command for npx', async () => {
    expect(await run('npx', ['curfew', '--version'])).toEqual({ stdout: `${VERSION}\n`, stderr: '' })
  })

  it('ends a first session against its own simulator', async () => {
    const main = join(empty, 'node_modules/.bin/curfew')
    writeFileSync(join(empty, 'office.yaml'), SCENARIO)
    await run(main, ['init', 'config', '--region', 'eu-central-1', '--endpoint', OFFICE])
    const file = join(empty, 'config/curfew.yaml')
    writeFileSync(file, readFileSync(file, 'utf8').replace('mode: audit', 'mode: enforce'))
    const simulate = ['simulate', '--port', '0', '--scenario', 'office.yaml']
    await using simulator = new Running(simulate, {}, empty, process.execPath, main)
    const url = await simulator.until((stdout) => /http:\/\/127\.0\.0\.1:\d+/.exec(stdout)?.[0])
    const env = { ...CREDENTIALS, AWS_ENDPOINT_URL_EC2: url, AWS_ENDPOINT_URL_STS: url }
    const { stdout } = await run(main, ['run', '--once'], env)
    const ended = stdout
      .split('\n')
      .filter((line) => line.includes('"event":"termination"'))
      .map((line) => JSON.parse(line) as object)
    expect(ended).toMatchObject([{ username: 'bob@corp.example', outcome: 'confirmed' }])
  })
})
