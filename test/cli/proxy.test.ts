import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { HOUR } from '../../src/domain/time/instant.ts'
import { type Certificate, certificate } from '../adapters/http/certificates.ts'
import { startReceiver } from '../adapters/notify/receiver.ts'
import { startNames, startTlsFront } from '../adapters/proxy/inner-network.ts'
import { startTinyproxy } from '../adapters/proxy/tinyproxy.ts'
import { CREDENTIALS, workspace } from './curfew.ts'
import { nodeOfImage, THIS_NODE } from './node-versions.ts'
import { AGE_POLICY, curfewYaml, OFFICE, startOffice } from './office.ts'

const EC2 = 'ec2.eu-central-1.amazonaws.com'
const STS = 'sts.eu-central-1.amazonaws.com'
const KEY = `whsec_${Buffer.alloc(32, 'curfew').toString('base64')}`
const HOOKS = 'hooks.corp.example'

let folder: string
let authority: Certificate
let server: Certificate

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'curfew-proxy-'))
  authority = certificate(folder, 'authority')
  const names = [EC2, STS, HOOKS].map((name) => `DNS:${name}`).join(',')
  server = certificate(folder, 'server', authority, `${names},IP:0.0.0.0`)
})

afterAll(() => rmSync(folder, { recursive: true }))

const closedAtEnd = <Resource extends AsyncDisposable>(resource: Resource): Resource => {
  onTestFinished(() => resource[Symbol.asyncDispose]())
  return resource
}

/** AWS and a webhook behind tinyproxy, under their real names. Their certificate is of a CA that only AWS_CA_BUNDLE has. */
const startCompany = async (settings: readonly string[] = []) => {
  const office = closedAtEnd(await startOffice())
  const receiver = closedAtEnd(await startReceiver(() => 204, server))
  const aws = closedAtEnd(await startTlsFront(server, office.port))
  const hooks = Number(new URL(receiver.url).port)
  const names = closedAtEnd(await startNames({ [EC2]: aws.port, [STS]: aws.port, [HOOKS]: hooks }))
  const proxy = closedAtEnd(
    await startTinyproxy(...settings, `Upstream http 127.0.0.1:${names.port}`, 'Upstream none "0.0.0.0"'),
  )
  return {
    office,
    receiver,
    proxy,
    aws: `https://0.0.0.0:${aws.port}`,
    env: {
      ...CREDENTIALS,
      // The SDK's own addresses instead of those that keep the tests from AWS.
      AWS_ENDPOINT_URL_EC2: undefined,
      AWS_ENDPOINT_URL_STS: undefined,
      AWS_CA_BUNDLE: authority.certFile,
      KEY,
      HTTPS_PROXY: `http://${proxy.address}`,
    },
  }
}

const PROFILE_B = { '[profile b]': ['aws_access_key_id = A', 'aws_secret_access_key = B'] }

/** The files of a daemon whose webhook is behind the proxy too. */
const FILES = {
  'curfew.yaml': curfewYaml(
    `mode: enforce\npoll: { minGap: 1s }\nnotify: [{ name: desk, webhook: https://${HOOKS}/curfew, secret: { env: KEY } }]\n`,
  ),
  'policies.yaml': AGE_POLICY,
}

const connectTooLong = ({ office }: Awaited<ReturnType<typeof startCompany>>) =>
  office.world.connect({ endpointId: OFFICE, username: 'alice', ageMs: 9 * HOUR })

describe.each([
  ['the Node of the tests', () => Promise.resolve(THIS_NODE), {}],
  ['the Node of the image', nodeOfImage, {}],
  ['the Node of the image, which reads the variables too', nodeOfImage, { NODE_USE_ENV_PROXY: '1' }],
])('with %s', (_which, node, more) => {
  it('plan reaches EC2 and STS through the proxy', async () => {
    const company = await startCompany()
    connectTooLong(company)
    await using here = await workspace(FILES, await node())
    const { code, stdout, stderr } = await here.run(['plan', '-c', 'curfew.yaml'], { ...company.env, ...more })
    expect(stderr).toBe('')
    expect(stdout).toContain('alice')
    expect(code).toBe(0)
    expect(company.proxy.connects()).toEqual(expect.arrayContaining([`${EC2}:443`, `${STS}:443`]))
  })

  it('run ends a connection, and the webhook hears of it, through the proxy', async () => {
    const company = await startCompany()
    connectTooLong(company)
    await using here = await workspace(FILES, await node())
    const { code } = await here.run(['run', '--once', '-c', 'curfew.yaml'], { ...company.env, ...more })
    expect(code).toBe(0)
    expect(company.receiver.received.map(({ body }) => body).join()).toContain('alice')
    expect(company.proxy.connects()).toEqual(expect.arrayContaining([`${EC2}:443`, `${HOOKS}:443`]))
  })
})

describe('curfew behind a proxy', () => {
  it('reuses a tunnel', async () => {
    const company = await startCompany()
    await using here = await workspace({
      ...FILES,
      'curfew.yaml': curfewYaml('poll: { schedule: "* * * * * *", minGap: 1s }'),
    })
    await using running = here.start(['run', '-c', 'curfew.yaml'], company.env)
    const polls = () => company.office.requests.filter(({ action }) => action === 'DescribeClientVpnConnections')
    await running.until(() => (polls().length >= 4 ? true : undefined))
    expect(company.proxy.tunnels(`${EC2}:443`)).toBeLessThan(3)
  })

  it('does not use it for a host in NO_PROXY', async () => {
    const company = await startCompany()
    await using here = await workspace(FILES)
    // An address of this machine for which a proxy is used like for any other.
    const env = { ...company.env, AWS_ENDPOINT_URL_EC2: company.aws, AWS_ENDPOINT_URL_STS: company.aws }
    expect((await here.run(['plan', '-c', 'curfew.yaml'], { ...env, NO_PROXY: 'corp.example,0.0.0.0' })).code).toBe(0)
    expect(company.proxy.connects()).toEqual([])
    await here.run(['plan', '-c', 'curfew.yaml'], { ...env, NO_PROXY: 'corp.example' })
    expect(company.proxy.connects()).toEqual([new URL(company.aws).host])
  })

  it.each([
    [
      'a role of a profile',
      { '[profile a]': ['role_arn = arn:aws:iam::111122223333:role/a', 'source_profile = b'], ...PROFILE_B },
      STS,
    ],
    [
      'a web identity',
      { '[profile a]': ['role_arn = arn:aws:iam::111122223333:role/a', 'web_identity_token_file = token'] },
      STS,
    ],
    [
      'SSO',
      {
        '[profile a]': [
          'sso_start_url = https://corp.example/start',
          'sso_region = eu-central-1',
          'sso_account_id = 111122223333',
          'sso_role_name = a',
        ],
      },
      'portal.sso.eu-central-1.amazonaws.com',
    ],
  ])('asks for the credentials of %s through it', async (_what, profiles, host) => {
    const company = await startCompany()
    const token = JSON.stringify({ accessToken: 'token', expiresAt: new Date(Date.now() + HOUR).toISOString() })
    const cached = createHash('sha1').update('https://corp.example/start').digest('hex')
    await using here = await workspace({
      ...FILES,
      token: 'token',
      aws: Object.entries(profiles)
        .map(([heading, lines]) => [heading, ...lines].join('\n'))
        .join('\n'),
      [`.aws/sso/cache/${cached}.json`]: token,
    })
    const env = { AWS_ACCESS_KEY_ID: undefined, AWS_CONFIG_FILE: join(here.folder, 'aws'), AWS_PROFILE: 'a' }
    await here.run(['plan', '-c', 'curfew.yaml'], { ...company.env, ...env, HOME: here.folder })
    expect(company.proxy.connects()).toEqual([`${host}:443`])
  })

  it('assumes a role through it', async () => {
    const company = await startCompany()
    const role = '{ arn: arn:aws:iam::111122223333:role/curfew }'
    const config = FILES['curfew.yaml'].replace('region: eu-central-1', `region: eu-central-1, assumeRole: ${role}`)
    await using here = await workspace({ ...FILES, 'curfew.yaml': config })
    const { stderr } = await here.run(['plan', '-c', 'curfew.yaml'], company.env)
    expect(stderr).toContain('cannot assume arn:aws:iam::111122223333:role/curfew')
    expect(company.proxy.connects()).toEqual([`${STS}:443`])
  })

  it('logs in, and never shows the password', async () => {
    const company = await startCompany(['BasicAuth curfew hunter2'])
    await using here = await workspace(FILES)
    const plan = async (user: string) => {
      const env = { ...company.env, HTTPS_PROXY: `http://${user}${company.proxy.address}` }
      const { code, stdout, stderr } = await here.run(['plan', '-c', 'curfew.yaml'], env)
      expect(stdout + stderr).not.toContain('hunter')
      return { code, stderr }
    }
    expect(await plan('curfew:hunter2@')).toEqual({ code: 0, stderr: '' })
    expect((await plan('curfew:hunter3@')).stderr).toContain('refuses the user name or the password (HTTP 401)')
    expect((await plan('')).stderr).toContain('asks for a user name and a password (HTTP 407)')
  })

  it('names AWS_CA_BUNDLE if a certificate is refused', async () => {
    const company = await startCompany()
    await using here = await workspace(FILES)
    const { code, stderr } = await here.run(['plan', '-c', 'curfew.yaml'], { ...company.env, AWS_CA_BUNDLE: undefined })
    expect(code).toBe(1)
    expect(stderr).toContain(`${EC2}:443 through the proxy ${company.proxy.address} of HTTPS_PROXY`)
    expect(stderr).toContain('AWS_CA_BUNDLE')
  })

  it('trusts the certificates of NODE_EXTRA_CA_CERTS beside those of AWS_CA_BUNDLE', async () => {
    const company = await startCompany()
    const other = certificate(folder, 'other')
    await using here = await workspace(FILES)
    const env = { ...company.env, AWS_CA_BUNDLE: other.certFile, NODE_EXTRA_CA_CERTS: authority.certFile }
    expect((await here.run(['plan', '-c', 'curfew.yaml'], env)).code).toBe(0)
  })

  it.each(['plan', 'connections', 'run --once'])('%s does not start with a wrong variable', async (command) => {
    await using here = await workspace(FILES)
    const env = { ...CREDENTIALS, KEY, https_proxy: 'socks5://user:hunter2@proxy:1080', AWS_CA_BUNDLE: '/nowhere' }
    const { code, stdout, stderr } = await here.run([...command.split(' '), '-c', 'curfew.yaml'], env)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^curfew: https_proxy: .*\nAWS_CA_BUNDLE: .*\n$/)
    expect(stdout + stderr).not.toContain('hunter2')
  })

  it('names the proxy that is down to a webhook', async () => {
    const company = await startCompany()
    connectTooLong(company)
    await using here = await workspace(FILES)
    const env = { ...company.env, ...company.office.env, HTTPS_PROXY: 'http://127.0.0.1:9' }
    await using running = here.start(['run', '-c', 'curfew.yaml'], env)
    const { code } = await running.untilLogged('notification-delayed')
    expect(code).toBe('ECONNREFUSED at the proxy 127.0.0.1:9 of HTTPS_PROXY')
  })
})
