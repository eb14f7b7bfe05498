import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { VERSION } from '../../src/version.ts'
import { CLEAN_ENV, CREDENTIALS, Running, workspace } from '../cli/curfew.ts'
import { OFFICE } from '../cli/office.ts'
import { IS_NIGHTLY } from '../nightly.ts'
import { deadLinks } from './dead-links.ts'

const scratch = mkdtempSync(join(tmpdir(), 'curfew-tarballs-'))
const empty = join(scratch, 'empty')
/** A link to the command of the unpacked archive, as in a folder of PATH. */
const link = join(scratch, 'curfew')
let tarball = ''
let archive = ''

/** A program without a network, in the folder in which the tarball is installed or in another one. */
const run = (program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}, cwd = empty) =>
  promisify(execFile)(program, args, {
    cwd,
    env: { ...CLEAN_ENV, HOME: scratch, npm_config_offline: 'true', npm_config_update_notifier: 'false', ...env },
  })

/** The files of a folder, as the tarball names them. */
const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join('package', entry.parentPath, entry.name))

/** The files in a tarball. */
const filesOf = (path: string) =>
  execFileSync('tar', ['-tzf', path], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .filter((name) => !name.endsWith('/'))

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
  const make = async (program: string, args: readonly string[]) =>
    (await promisify(execFile)(program, args)).stdout.trim()
  tarball = await make('node', ['--import', 'tsx', 'scripts/npm-package.ts', scratch])
  archive = await make('bash', ['scripts/archive.sh', scratch])
  execFileSync('tar', ['-xzf', archive, '-C', scratch])
  symlinkSync(`curfew-${VERSION}/bin/curfew`, link)
  await run('npm', ['install', '--no-audit', '--no-fund', tarball])
})

afterAll(() => {
  rmSync(scratch, { recursive: true, force: true })
})

describe('the npm package', () => {
  it('has the bundle, the schemas, samples, the licences and README.md, and nothing else', () => {
    const listed = filesOf(tarball)
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

  it('has a README.md without dead links, and without what only a clone can do', () => {
    const folder = join(empty, 'node_modules/curfew')
    expect(deadLinks(folder)).toEqual([])
    const readme = readFileSync(join(folder, 'README.md'), 'utf8')
    expect(readme).not.toMatch(/npm ci|npm run|docker compose|<!--/)
    expect(readme).toContain('curfew init config')
    expect(readme).toContain(`](https://repository-not-yet-set.invalid/curfew/blob/v${VERSION}/docs/iam.md)`)
  })

  it('has a command for npx', async () => {
    expect(await run('npx', ['curfew', '--version'])).toEqual({ stdout: `${VERSION}\n`, stderr: '' })
  })
})

describe('the release archive', () => {
  it('has one folder: the files of the npm package, the command with its manual page and completions, and the changelog', () => {
    const shared = filesOf(tarball).map((name) => name.replace(/^package/, `curfew-${VERSION}`))
    const own = ['bin/curfew', 'curfew.1', 'completions/curfew.bash', 'completions/_curfew', 'completions/curfew.fish']
    const expected = [...shared, ...[...own, 'CHANGELOG.md'].map((name) => `curfew-${VERSION}/${name}`)]
    expect(filesOf(archive).toSorted()).toEqual(expected.toSorted())
  })

  it.each(IS_NIGHTLY ? [''] : [])('has the same bytes when it is made again%s', async () => {
    const first = readFileSync(archive)
    await promisify(execFile)('bash', ['scripts/archive.sh', scratch])
    expect(readFileSync(archive).equals(first)).toBe(true)
  })
})

describe.each([
  ['npm package', join(empty, 'node_modules/.bin/curfew')],
  ['release archive', link],
])('the command of the %s', (_, main) => {
  it('ends a first session against its own simulator', async () => {
    await using here = await workspace({ 'office.yaml': SCENARIO })
    const args = ['init', 'config', '--region', 'eu-central-1', '--endpoint', OFFICE]
    await run(main, args, {}, here.folder)
    const config = await readFile(join(here.folder, 'config/curfew.yaml'), 'utf8')
    await here.write('config/curfew.yaml', config.replace('mode: audit', 'mode: enforce'))
    const simulate = ['simulate', '--port', '0', '--scenario', 'office.yaml']
    await using simulator = new Running(simulate, {}, here.folder, '/usr/bin/env', main)
    const url = await simulator.until((stdout) => /http:\/\/127\.0\.0\.1:\d+/.exec(stdout)?.[0])
    const env = { ...CREDENTIALS, AWS_ENDPOINT_URL_EC2: url, AWS_ENDPOINT_URL_STS: url }
    const { stdout } = await run(main, ['run', '--once'], env, here.folder)
    const ended = stdout
      .split('\n')
      .filter((line) => line.includes('"event":"termination"'))
      .map((line) => JSON.parse(line) as object)
    expect(ended).toMatchObject([{ username: 'bob@corp.example', outcome: 'confirmed' }])
  })
})
