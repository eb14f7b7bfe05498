import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { diskFiles } from '../../src/adapters/files/config-files.ts'
import { loadConfiguration, loadPolicies } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/yaml/problem.ts'

const curfewYaml = (policies = './policies') => `version: 1
policies: [${JSON.stringify(policies)}]
watch: [{ region: eu-central-1, endpoints: [cvpn-endpoint-0123456789abcdef0] }]
`

const SECRET = 'canary-of-another-folder'

const banOf = (usersFile: string) =>
  `version: 1\npolicies: [{ name: leavers, kind: banned-users, usersFile: ${JSON.stringify(usersFile)} }]\n`

const AGE = 'version: 1\npolicies: [{ name: daily, kind: max-session-age, maxAge: 8h }]\n'

/** A folder `etc` for the configuration and a folder `elsewhere` outside it. Both are removed after the test. */
const disk = (files: Readonly<Record<string, string>>) => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'curfew-security-')))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const at = (name: string) => join(root, name)
  const write = (name: string, text: string) => {
    mkdirSync(dirname(at(name)), { recursive: true })
    writeFileSync(at(name), text)
  }
  write('etc/curfew.yaml', curfewYaml())
  write('elsewhere/secret.txt', `${SECRET}\n`)
  write('elsewhere/a.yaml', `version: 1\npolicies: [{ name: ${SECRET}, kind: max-session-age, maxAge: 8h }]\n`)
  for (const [name, text] of Object.entries(files)) write(name, text)
  const link = (name: string, target: string) => {
    mkdirSync(dirname(at(name)), { recursive: true })
    symlinkSync(target, at(name))
  }
  const load = () => {
    const { configuration, problems } = loadConfiguration(diskFiles, at('etc/curfew.yaml'))
    return { configuration, messages: problems.map(formatProblem) }
  }
  return { at, write, link, load }
}

/** Expects a refusal in one line that shows nothing of the content of other files. */
const expectRefused = ({ configuration, messages }: ReturnType<ReturnType<typeof disk>['load']>) => {
  expect(configuration).toBeUndefined()
  expect(messages).toHaveLength(1)
  expect(messages.join()).not.toMatch(new RegExp(`${SECRET}|root:`))
}

describe('a policy file that names a file outside its folder', () => {
  it.each([
    '../../elsewhere/secret.txt',
    '../../../../../../../../../../etc/passwd',
    '/etc/passwd',
    '/proc/self/environ',
    './../policies/../../elsewhere/secret.txt',
    '/etc/passwd\0.txt',
  ])('is refused with usersFile %j', (usersFile) => {
    expectRefused(disk({ 'etc/policies/a.yaml': banOf(usersFile) }).load())
  })

  it('is refused if a link inside the folder leads out', () => {
    const { link, load } = disk({ 'etc/policies/a.yaml': banOf('./banned.txt') })
    link('etc/policies/banned.txt', '../../elsewhere/secret.txt')
    expectRefused(load())
  })

  it('is refused if a folder of the path is a link', () => {
    const { link, load } = disk({ 'etc/policies/a.yaml': banOf('./lists/secret.txt') })
    link('etc/policies/lists', '../../elsewhere')
    expectRefused(load())
  })

  it('is refused if it is a link out of the folder itself', () => {
    const { link, load } = disk({ 'etc/policies/b.yaml': AGE })
    link('etc/policies/a.yaml', '../../elsewhere/a.yaml')
    expectRefused(load())
  })

  it('is refused if the other folder’s name begins with the name of its own folder', () => {
    const { load } = disk({ 'etc/policies/a.yaml': banOf('../../etc-old/secret.txt'), 'etc-old/secret.txt': SECRET })
    expectRefused(load())
  })

  it('is refused without curfew.yaml, when its own folder is the limit', () => {
    const { at } = disk({ 'etc/policies/a.yaml': banOf('../secret.txt'), 'etc/secret.txt': SECRET })
    const { policies, problems } = loadPolicies(diskFiles, [at('etc/policies')])
    expect(policies).toBeUndefined()
    expect(problems.map(formatProblem).join()).not.toContain(SECRET)
  })
})

describe('a policies key that leads outside the folder of curfew.yaml', () => {
  it.each(['../elsewhere', '../elsewhere/a.yaml', '/etc', '/'])('is refused with %s', (path) => {
    const { write, load } = disk({})
    write('etc/curfew.yaml', curfewYaml(path))
    expectRefused(load())
  })

  it('is refused if the policy folder is a link', () => {
    const { link, load } = disk({})
    link('etc/policies', '../elsewhere')
    expectRefused(load())
  })
})

it('mounted ConfigMaps and Secrets are read: their links stay inside the folder', () => {
  const { link, load } = disk({
    'etc/policies/..2026_11_22/a.yaml': banOf('./lists/banned.txt'),
    'etc/policies/lists/..2026_11_23/banned.txt': 'mallory\n',
  })
  link('etc/policies/..data', '..2026_11_22')
  link('etc/policies/a.yaml', '..data/a.yaml')
  link('etc/policies/lists/..data', '..2026_11_23')
  link('etc/policies/lists/banned.txt', '..data/banned.txt')
  const { configuration, messages } = load()
  expect(messages).toEqual([])
  expect(configuration?.written.policies).toMatchObject([{ usersFile: ['mallory'] }])
})

const fifo = (path: string) => execFileSync('/usr/bin/mkfifo', [path])

describe('a pipe or a device in place of a file', () => {
  it('is refused without waiting as a policy file, a users file or curfew.yaml', () => {
    const policy = disk({ 'etc/policies/b.yaml': AGE })
    fifo(policy.at('etc/policies/a.yaml'))
    expectRefused(policy.load())

    const list = disk({ 'etc/policies/a.yaml': banOf('./pipe') })
    fifo(list.at('etc/policies/pipe'))
    expectRefused(list.load())

    const curfew = disk({ 'etc/policies/a.yaml': AGE })
    rmSync(curfew.at('etc/curfew.yaml'))
    fifo(curfew.at('etc/curfew.yaml'))
    expectRefused(curfew.load())
  })

  it('is not read if it replaces a file after the file was checked', () => {
    const { at } = disk({})
    fifo(at('etc/pipe'))
    expect(diskFiles.read(at('etc/pipe'))).toHaveProperty('why')
    expect(diskFiles.read('/dev/zero')).toHaveProperty('why')
    expect(diskFiles.read('/dev/stdin')).toHaveProperty('why')
  })
})

describe('a huge file', () => {
  /** Creates a sparse file, which uses no space on the disk. */
  const huge = (path: string, bytes: number) => {
    writeFileSync(path, '')
    truncateSync(path, bytes)
  }

  it.each([100e6, 100e9])('of %d bytes is not read as a users file or a policy file', (bytes) => {
    const list = disk({ 'etc/policies/a.yaml': banOf('./banned.txt') })
    huge(list.at('etc/policies/banned.txt'), bytes)
    const refused = list.load()
    expectRefused(refused)
    expect(refused.messages.join()).toContain(`${bytes / 1e6} MB`)

    const policy = disk({ 'etc/policies/b.yaml': AGE })
    huge(policy.at('etc/policies/a.yaml'), bytes)
    const refusedPolicy = policy.load()
    expectRefused(refusedPolicy)
    expect(refusedPolicy.messages.join()).toContain('usersFile')
  })

  it('of users has limits for its entries and for its error messages', () => {
    const many = disk({
      'etc/policies/a.yaml': banOf('./banned.txt'),
      'etc/policies/banned.txt': 'a\n'.repeat(3_000_000),
    })
    expectRefused(many.load())
    const wrong = disk({
      'etc/policies/a.yaml': banOf('./banned.txt'),
      'etc/policies/banned.txt': ' a\n'.repeat(200_000),
    })
    const { configuration, messages } = wrong.load()
    expect(configuration).toBeUndefined()
    expect(messages.length).toBeLessThan(1_100)
    expect(messages.at(-1)).toMatch(/banned\.txt:1001:1: error: .*more than 1000 errors/)
  })
})
