import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readOutgoing } from '../../../src/adapters/proxy/outgoing.ts'
import { certificate } from '../http/certificates.ts'

const AWS = new URL('https://ec2.eu-central-1.amazonaws.com')

const outgoing = (env: Readonly<Record<string, string>>) => {
  const read = readOutgoing(env)
  if ('problems' in read) throw new Error(read.problems.join('\n'))
  return read
}

const problems = (env: Readonly<Record<string, string>>) => {
  const read = readOutgoing(env)
  return 'problems' in read ? read.problems : []
}

describe('the proxy of the environment', () => {
  it.each([
    ['http://proxy.corp.example:3128', 'proxy.corp.example:3128'],
    ['http://proxy.corp.example:3128/', 'proxy.corp.example:3128'],
    ['proxy.corp.example:3128', 'proxy.corp.example:3128'],
    ['10.1.2.3:3128', '10.1.2.3:3128'],
    ['http://proxy.corp.example', 'proxy.corp.example:80'],
    ['https://proxy.corp.example', 'proxy.corp.example:443'],
    ['http://[fd00::1]:3128', '[fd00::1]:3128'],
    [' http://user:secret@proxy.corp.example:3128 ', 'proxy.corp.example:3128'],
  ])('is read from "%s"', (written, address) => {
    expect(outgoing({ HTTPS_PROXY: written }).proxyFor(AWS)).toMatchObject({ variable: 'HTTPS_PROXY', address })
  })

  it('has a user name and a password with any characters', () => {
    const { authorization } = outgoing({ HTTPS_PROXY: 'http://a%3Ab:p%40%23%C3%BC@proxy:3128' }).proxyFor(AWS) ?? {}
    expect(authorization).toBe(`Basic ${Buffer.from('a:b:p@#ü').toString('base64')}`)
  })

  it.each([
    [{ https_proxy: 'small:1', HTTPS_PROXY: 'large:1' }, 'small:1'],
    [{ https_proxy: '', HTTPS_PROXY: 'large:1' }, 'large:1'],
    [{ HTTPS_PROXY: ' ' }, undefined],
    [{ HTTP_PROXY: 'other:1', http_proxy: 'other:1', ALL_PROXY: 'other:1', all_proxy: 'other:1' }, undefined],
    [{ HTTPS_PROXY: 'large:1', NO_PROXY: 'amazonaws.com' }, undefined],
    [{ HTTPS_PROXY: 'large:1', no_proxy: 'amazonaws.com', NO_PROXY: 'corp.example' }, undefined],
    [{ HTTPS_PROXY: 'large:1', no_proxy: '', NO_PROXY: 'amazonaws.com' }, undefined],
    [{ HTTPS_PROXY: 'large:1', NO_PROXY: 'corp.example' }, 'large:1'],
  ])('is chosen from %j', (env, address) => {
    expect(outgoing(env as Record<string, string>).proxyFor(AWS)?.address).toBe(address)
  })

  it.each(['https://localhost', 'https://127.0.0.1:8443', 'https://[::1]', 'http://hooks.corp.example'])(
    'is not used for %s',
    (url) => {
      expect(outgoing({ HTTPS_PROXY: 'proxy:3128' }).proxyFor(new URL(url))).toBeUndefined()
    },
  )

  it.each([
    'socks5://user:hunter2@proxy:1080',
    'http://',
    'http://user:hunter2@',
    'http://user:hun/ter2@proxy:3128',
    'http://user:1#hunter2@proxy:3128',
    'http://user:hunter2%zz@proxy:3128',
    'http://user:hunter2@proxy:99999',
    'user:hunter2@proxy:http',
  ])('is refused if it is "%s", without its password', (written) => {
    const [problem, ...more] = problems({ https_proxy: written })
    expect(problem).toMatch(/^https_proxy: .*expected http:\/\/HOST:PORT/)
    expect(problem).not.toContain('ter2')
    expect(more).toEqual([])
  })
})

describe('the certificates of AWS_CA_BUNDLE', () => {
  let folder: string
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'curfew-bundle-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  it('are read from a file with several and with comments', () => {
    const [one, other] = ['one', 'other'].map((name) => certificate(folder, name).cert.toString('latin1'))
    expect(problems({ AWS_CA_BUNDLE: file('bundle.pem', `# one\n${one}\n# other\n${other}`) })).toEqual([])
  })

  it.each([
    ['empty', '', 'holds no certificate'],
    ['key', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n', 'holds no certificate'],
    ['damaged', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', 'certificate 1 of 1 is damaged'],
  ])('are missing in a file that is %s', (name, text, problem) => {
    const path = file(`${name}.pem`, text)
    expect(problems({ AWS_CA_BUNDLE: path })).toEqual([expect.stringContaining(`AWS_CA_BUNDLE: ${path}: ${problem}`)])
  })

  it('are damaged if the last one is cut off', () => {
    const [one, other] = ['one', 'other'].map((name) => certificate(folder, name).cert.toString('latin1'))
    const cut = other?.slice(0, 200) ?? ''
    const [both, alone] = [file('cut.pem', `${one}${cut}`), file('only.pem', cut)]
    expect(problems({ AWS_CA_BUNDLE: both })[0]).toContain(`${both}: certificate 2 of 2 is damaged`)
    expect(problems({ AWS_CA_BUNDLE: alone })[0]).toContain(`${alone}: certificate 1 of 1 is damaged`)
  })

  it('are missing if there is no file, beside the problem of the proxy', () => {
    const found = problems({ HTTPS_PROXY: 'socks5://proxy', AWS_CA_BUNDLE: '/nowhere/bundle.pem' })
    expect(found).toEqual([
      expect.stringContaining('HTTPS_PROXY'),
      expect.stringContaining('AWS_CA_BUNDLE: /nowhere/bundle.pem: cannot be read (ENOENT)'),
    ])
  })
})
