import { once } from 'node:events'
import { chmod, mkdir, readdir } from 'node:fs/promises'
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { DAY, MINUTE } from '../../src/domain/time/instant.ts'
import { certificate } from '../adapters/http/certificates.ts'
import { startTinyproxy } from '../adapters/proxy/tinyproxy.ts'
import { freePort } from '../free-port.ts'
import { clockAt } from './curfew.ts'
import { NAMED_BY_SDK, startBehindProxy } from './doctor-behind-proxy.ts'
import { expectFailed, expectWarned, runAsNobody, someone, startChanger, startSetUp } from './doctor-set-ups.ts'
import { curfewYaml, OFFICE } from './office.ts'

const listen = async (server: Pick<Server, 'listen' | 'once' | 'address' | 'close'>) => {
  server.listen(0, '127.0.0.1')
  await once(server as Server, 'listening')
  const { port } = server.address() as AddressInfo
  return { port, [Symbol.asyncDispose]: async () => void server.close() }
}

const isRead = (action: string, params: Readonly<Record<string, string>>) =>
  action === 'DescribeClientVpnConnections' && params.DryRun !== 'true'

const at = (url: string) => ({ AWS_ENDPOINT_URL_EC2: url, AWS_ENDPOINT_URL_STS: url })

const HTML = '<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Sign in</body></html>'

const portal: RequestListener = (_request, response) => {
  response.writeHead(200, { 'content-type': 'text/html' }).end(HTML)
}

const profile = (folder: string, name: string) => ({
  AWS_CONFIG_FILE: join(folder, 'aws'),
  AWS_PROFILE: name,
  AWS_ACCESS_KEY_ID: undefined,
  AWS_SECRET_ACCESS_KEY: undefined,
  HOME: '/nonexistent',
})

describe('curfew doctor on a set-up in which all is well', () => {
  it('says so, checks everything, and changes nothing', async () => {
    await using setUp = await startSetUp({ config: curfewYaml('mode: enforce') })
    const { office, here, doctor } = setUp
    office.world.connect(someone())
    const before = await readdir(here.folder, { recursive: true })
    const { code, stdout, stderr } = await doctor({}, '--watch', '2s')
    expect(stderr).toBe('curfew: the findings follow in 2s or a little more; Ctrl-C ends the watch\n')
    expect(stdout).toMatch(/^All is well/)
    expect(code).toBe(0)
    expect(stdout).not.toMatch(/^(warning|failed|not checked)/m)
    expect(await readdir(here.folder, { recursive: true })).toEqual(before)
    const terminations = office.requests.filter(({ action }) => action === 'TerminateClientVpnConnections')
    expect(terminations.map(({ params }) => params.DryRun)).toEqual(['true'])
    expect(office.world.connections(OFFICE).map(({ status }) => status)).toEqual(['active'])
  })

  it('behind a proxy names the proxy that each host is reached through', async () => {
    await using company = await startBehindProxy()
    const { code, stdout } = await company.setUp.doctor(company.env)
    expect(stdout).toMatch(/^All is well/)
    expect(code).toBe(0)
    const through = `answers through the proxy ${company.proxy.address} of HTTPS_PROXY`
    expect(stdout).toContain(`ec2.eu-central-1.amazonaws.com:443 ${through}`)
    expect(stdout).toContain(`sts.eu-central-1.amazonaws.com:443 ${through}`)
    expect(company.proxy.connects()).toContain('ec2.eu-central-1.amazonaws.com:443')
  })

  it('fits 80 columns', async () => {
    await using setUp = await startSetUp({ config: curfewYaml('mode: enforce') })
    const { stdout } = await setUp.doctor({ COLUMNS: '80' })
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
  })
})

describe('curfew doctor names in its first line', () => {
  it('a configuration that is missing', async () => {
    await using setUp = await startSetUp()
    expectFailed(await setUp.here.run(['doctor'], setUp.office.env), 'configuration', 'config/curfew.yaml')
  })

  it('a configuration that is empty', async () => {
    await using setUp = await startSetUp({ config: '' })
    expectFailed(await setUp.doctor(), 'configuration', 'the file is empty')
  })

  it('a configuration with errors, with the place of the first', async () => {
    await using setUp = await startSetUp({ policies: 'version: 1\npolicies: [{ name: daily }, { nam: daily }]\n' })
    expectFailed(await setUp.doctor(), 'configuration', 'policies.yaml:2:', 'more error')
  })

  it('a policy that is probably not what the operator wants', async () => {
    const banned = '{ name: leavers, kind: banned-users, users: [{ pattern: eve, until: "2020-01-01T00:00:00Z" }] }'
    await using setUp = await startSetUp({ policies: `version: 1\npolicies: [${banned}]\n` })
    expectWarned(await setUp.doctor(), 'configuration', 'policies.yaml:2:')
  })

  it('files that its user may not read', async () => {
    await using setUp = await startSetUp()
    const { here } = setUp
    await chmod(join(here.folder, 'policies.yaml'), 0)
    const ended = await runAsNobody(setUp)
    expectFailed(ended, 'configuration', 'policies.yaml', 'permission denied for user ', '(uid ')
  })

  it('a secret that is missing', async () => {
    const config = curfewYaml('notify: [{ webhook: { env: HOOK_URL }, events: [blind] }]')
    await using setUp = await startSetUp({ config })
    expectFailed(await setUp.doctor(), 'secrets', 'HOOK_URL')
  })

  it('a key of links that is missing', async () => {
    const server = 'port: 0, publicUrl: "https://curfew.corp.example", linkKey: { env: LINK_KEY }'
    await using setUp = await startSetUp({ config: curfewYaml().replace('port: 0', server) })
    expectFailed(await setUp.doctor(), 'secrets', 'LINK_KEY')
  })

  it('a secret that everybody can read', async () => {
    await using setUp = await startSetUp({
      config: curfewYaml().replace('port: 0', 'port: 0, bearerTokenFile: ./token'),
      files: { token: '0123456789abcdef0123456789abcdef\n' },
    })
    await chmod(setUp.here.folder, 0o755)
    await chmod(join(setUp.here.folder, 'token'), 0o644)
    expectWarned(await setUp.doctor(), 'secrets', 'token')
  })

  it('a certificate that the server cannot read', async () => {
    const tls = 'port: 0, tls: { certFile: ./cert.pem, keyFile: ./key.pem }'
    await using setUp = await startSetUp({ config: curfewYaml().replace('port: 0', tls) })
    expectFailed(await setUp.doctor(), 'secrets', 'cert.pem', 'it does not exist')
  })

  it.each([
    [-1, 'Failed', 'clients refuse it'],
    [13, 'Nothing failed, but', 'expires at'],
  ])('a certificate of the server that expires in %d days', async (days, head, words) => {
    const tls = 'port: 0, tls: { certFile: ./server.crt, keyFile: ./server.key }'
    await using setUp = await startSetUp({ config: curfewYaml().replace('port: 0', tls) })
    const { folder } = setUp.here
    certificate(folder, 'server', undefined, undefined, 13)
    const { stdout } = await setUp.doctor(days < 0 ? clockAt(Date.now() + 14 * DAY, 'runs') : {})
    expect(stdout.split('\n', 1)[0]).toMatch(new RegExp(`^${head}: secrets: .*server\\.crt`))
    expect(stdout.split('\n', 1)[0]).toContain(words)
  })

  it('an audit trail below a file', async () => {
    await using setUp = await startSetUp({ config: curfewYaml('audit: { file: ./policies.yaml/audit.jsonl }') })
    const ended = await setUp.doctor()
    expectFailed(ended, 'audit', 'policies.yaml', 'not a folder')
    expect(ended.stdout).toContain('move it away, or set audit.file')
  })

  it('a history below a file', async () => {
    await using setUp = await startSetUp({ config: curfewYaml('history: { file: ./policies.yaml/history.jsonl }') })
    expectWarned(await setUp.doctor(), 'state', 'history.jsonl cannot be written', 'not a folder')
  })

  it.each(['/dev/null', '/dev/full'])('an audit trail that is no file: %s', async (file) => {
    await using setUp = await startSetUp({ config: curfewYaml(`audit: { file: ${file} }`) })
    expectFailed(await setUp.doctor(), 'audit', file, 'not a regular file')
  })

  it('an audit folder in which its user may not write', async () => {
    await using setUp = await startSetUp()
    await mkdir(join(setUp.here.folder, 'data'), { mode: 0o555 })
    const ended = await runAsNobody(setUp)
    expectFailed(ended, 'audit', join(setUp.here.folder, 'data'), 'permission denied')
    expect(ended.stdout).toContain("let Curfew's user write there, or set audit.file")
  })

  it('an audit folder on a full disk', async () => {
    await using setUp = await startSetUp({
      files: {
        'full.mjs': `import fs from 'node:fs/promises'
          import { syncBuiltinESMExports } from 'node:module'
          fs.statfs = async () => ({ bavail: 0, bsize: 4096 })
          syncBuiltinESMExports()`,
      },
    })
    const NODE_OPTIONS = `--import=${join(setUp.here.folder, 'full.mjs')}`
    const ended = await setUp.doctor({ NODE_OPTIONS })
    expectFailed(ended, 'audit', '0 bytes left')
    expect(ended.stdout).toContain('make room, or set audit.file')
  })

  it('an audit trail that was changed', async () => {
    await using setUp = await startSetUp()
    await setUp.here.run(['run', '--once', '-c', 'curfew.yaml'], setUp.office.env)
    await setUp.here.write('data/audit.jsonl', '{"seq":1,"forged":true}\n')
    const ended = await setUp.doctor()
    expectFailed(ended, 'audit', 'audit.jsonl cannot be continued')
    expect(ended.stdout.match(/audit verify/g)).toHaveLength(1)
  })

  it('a second process with the same audit trail', async () => {
    await using setUp = await startSetUp()
    await using running = setUp.here.start(['run', '-c', 'curfew.yaml'], setUp.office.env)
    await running.untilLogged('listening')
    expectWarned(await setUp.doctor(), 'audit', `process ${running.child.pid} `)
  })

  it('a damaged state', async () => {
    await using setUp = await startSetUp({ files: { 'data/state.json': '' } })
    expectWarned(await setUp.doctor(), 'state', 'data/state.json is of no use: it is empty')
  })

  it('a file of somebody else in place of the state', async () => {
    await using setUp = await startSetUp({ files: { 'data/state.json': 'version: 1\n' } })
    expectFailed(await setUp.doctor(), 'state', 'data/state.json is not the state: it is not JSON')
  })

  it('a state that is a folder', async () => {
    await using setUp = await startSetUp()
    await mkdir(join(setUp.here.folder, 'data/state.json'), { recursive: true })
    expectFailed(await setUp.doctor(), 'state', 'it is a folder')
  })

  it('a port that another program has', async () => {
    await using other = await listen(createHttpServer(portal))
    await using setUp = await startSetUp({ config: curfewYaml().replace('port: 0', `port: ${other.port}`) })
    expectFailed(await setUp.doctor(), 'server', `127.0.0.1:${other.port}`)
  })

  it('an address that this machine does not have', async () => {
    const config = curfewYaml().replace('port: 0', 'host: 192.0.2.1, port: 9464')
    await using setUp = await startSetUp({ config })
    expectFailed(await setUp.doctor(), 'server', '192.0.2.1')
  })

  it('a connection that AWS refuses', async () => {
    await using setUp = await startSetUp()
    await setUp.office.close()
    expectFailed(await setUp.doctor(), 'network', 'ECONNREFUSED', String(setUp.office.port))
  })

  it('a host that DNS does not know', async () => {
    await using setUp = await startSetUp()
    expectFailed(await setUp.doctor(at('http://ec2.example.invalid')), 'network', 'DNS', 'ec2.example.invalid')
  })

  it.each([
    ['AWS_ENDPOINT_URL_EC2', 'nonsense'],
    ['AWS_ENDPOINT_URL_EC2', 'localhost:4592'],
    ['AWS_ENDPOINT_URL_STS', 'nonsense'],
    ['AWS_ENDPOINT_URL', 'nonsense'],
  ])('the variable %s with %s, which is no URL', async (variable, text) => {
    await using setUp = await startSetUp()
    const none = { AWS_ENDPOINT_URL_EC2: undefined, AWS_ENDPOINT_URL_STS: undefined }
    const ended = await setUp.doctor({ ...(variable === 'AWS_ENDPOINT_URL' ? none : {}), [variable]: text })
    expect(ended.stdout.split('\n', 1)[0]).toContain(`: ${variable} is not a URL`)
    expect(ended.stdout).toContain('To do: write it with http:// or https://')
  })

  it('a URL of a profile that is none', async () => {
    const aws = '[profile vault]\nservices = local\n[services local]\nec2 =\n  endpoint_url = nonsense\n'
    await using setUp = await startSetUp({ files: { aws } })
    const ended = await setUp.doctor({
      AWS_CONFIG_FILE: join(setUp.here.folder, 'aws'),
      AWS_PROFILE: 'vault',
      AWS_ENDPOINT_URL_EC2: undefined,
    })
    expectFailed(ended, 'network', 'endpoint_url of the AWS profile is not a URL')
  })

  it('a server that does not speak TLS', async () => {
    await using server = await listen(createHttpServer(portal))
    await using setUp = await startSetUp()
    const ended = await setUp.doctor(at(`https://127.0.0.1:${server.port}`))
    expectFailed(ended, 'network', `127.0.0.1:${server.port} does not speak TLS`)
    expect(ended.stdout).toContain('To do: write http://')
  })

  it('a certificate that is not trusted', async () => {
    await using setUp = await startSetUp()
    const { cert, key } = certificate(setUp.here.folder, 'interceptor')
    await using server = await listen(createHttpsServer({ cert, key }, portal))
    const ended = await setUp.doctor(at(`https://127.0.0.1:${server.port}`))
    expectFailed(ended, 'network', 'certificate', `127.0.0.1:${server.port}`)
    expect(ended.stdout).toContain('AWS_CA_BUNDLE')
  })

  it('a login page in place of AWS', async () => {
    await using server = await listen(createHttpServer(portal))
    await using setUp = await startSetUp()
    expectFailed(await setUp.doctor(at(`http://127.0.0.1:${server.port}`)), 'network', 'another server')
  })

  it('a server that does not answer', async () => {
    await using server = await listen(createTcpServer() as unknown as Server)
    await using setUp = await startSetUp({ config: curfewYaml('poll: { requestTimeout: 1s }') })
    expectFailed(await setUp.doctor(at(`http://127.0.0.1:${server.port}`)), 'network', 'no answer')
  })

  it('a proxy that is down', async () => {
    await using setUp = await startSetUp()
    const address = `127.0.0.1:${await freePort()}`
    const ended = await setUp.doctor({ ...NAMED_BY_SDK, HTTPS_PROXY: `http://${address}` })
    expectFailed(ended, 'network', `the proxy ${address} of HTTPS_PROXY`)
  })

  it('a proxy that asks for a password', async () => {
    await using proxy = await startTinyproxy('BasicAuth curfew secret')
    await using setUp = await startSetUp()
    const ended = await setUp.doctor({ ...NAMED_BY_SDK, HTTPS_PROXY: `http://${proxy.address}` })
    expectFailed(ended, 'network', `the proxy ${proxy.address} of HTTPS_PROXY`, 'password', '407')
  })

  it('a proxy whose certificates are not trusted', async () => {
    await using company = await startBehindProxy()
    const ended = await company.setUp.doctor({ ...company.env, AWS_CA_BUNDLE: undefined })
    expectFailed(ended, 'network', 'certificate', 'ec2.eu-central-1.amazonaws.com', 'through the proxy')
  })

  it('a variable of the proxy that is wrong', async () => {
    await using setUp = await startSetUp()
    expectFailed(await setUp.doctor({ HTTPS_PROXY: 'socks5://127.0.0.1:1080' }), 'proxy', 'HTTPS_PROXY', 'socks5')
  })

  it('a clock that is ten minutes behind', async () => {
    await using setUp = await startSetUp({ aws: { now: () => Date.now() + 10 * MINUTE } })
    expectFailed(await setUp.doctor(), 'clock', '10m', 'behind')
  })

  it('a clock that only the dates of later answers show to be wrong', async () => {
    await using setUp = await startSetUp({ scenario: { faults: [{ fault: 'wrong-date' }] } })
    expectFailed(await setUp.doctor(), 'clock', '10m', 'behind', 'ends nobody')
  })

  it.each([
    ['throttle', 'connections', 'RequestLimitExceeded', 'Expected: all connections'],
    ['unavailable', 'connections', 'Unavailable', 'Expected: all connections'],
    ['reset', 'connections', 'ECONNRESET', 'Expected: all connections'],
    ['hang', 'connections', 'no complete answer', 'Expected: all connections'],
    ['stall', 'connections', 'no complete answer', 'Expected: all connections'],
    ['garbage', 'connections', 'DescribeClientVpnConnections', 'Expected: all connections'],
    ['login-page', 'connections', 'DescribeClientVpnConnections', 'Expected: all connections'],
    ['expired-credentials', 'credentials', 'RequestExpired', 'Expected: credentials'],
    ['denied', 'permissions', 'UnauthorizedOperation', 'Expected: permission'],
  ] as const)('the fault %s as one of %s', async (fault, check, found, expected) => {
    // An answer of a busy machine may take longer than a second. Those that never come are given up sooner.
    const never = fault === 'hang' || fault === 'stall'
    const config = curfewYaml(`poll: { requestTimeout: ${never ? '1s' : '4s'} }`)
    await using setUp = await startSetUp({ scenario: { faults: [{ fault }] }, config })
    const ended = await setUp.doctor()
    expectFailed(ended, check, OFFICE, found)
    expect(ended.stdout).toContain(expected)
    expect(ended.stdout.match(/^(failed|not checked) +connections /gm)).toHaveLength(1)
  })

  it('the service that does not answer in the time for all checks', async () => {
    const config = curfewYaml('poll: { requestTimeout: 1m }').replace(/endpoints: \[.*\] }\]/, 'discover: all }]')
    await using setUp = await startSetUp({ scenario: { faults: [{ fault: 'hang' }] }, config })
    expectFailed(await setUp.doctor(), 'endpoints', 'no answer of EC2 in eu-central-1')
  })

  it('a clock that is twenty seconds ahead', async () => {
    await using setUp = await startSetUp({ aws: { now: () => Date.now() - 20_000 } })
    expectWarned(await setUp.doctor(), 'clock', 'ahead')
  })

  it('credentials that are missing', async () => {
    await using setUp = await startSetUp()
    const none = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined, HOME: '/nonexistent' }
    expectFailed(await setUp.doctor(none), 'credentials', 'no usable credentials')
  })

  it('a profile that is not there', async () => {
    await using setUp = await startSetUp({ files: { aws: '[profile vault]\nregion = eu-central-1\n' } })
    expectFailed(await setUp.doctor(profile(setUp.here.folder, 'volt')), 'credentials', 'no profile "volt"')
  })

  it('a credential_process that fails', async () => {
    await using setUp = await startSetUp({ files: { aws: '[profile vault]\ncredential_process = false\n' } })
    expectFailed(await setUp.doctor(profile(setUp.here.folder, 'vault')), 'credentials', 'credential_process')
  })

  it('a credential_process that does not answer', async () => {
    await using setUp = await startSetUp({
      config: curfewYaml('poll: { requestTimeout: 1s }'),
      files: { aws: '[profile vault]\ncredential_process = sleep 600\n' },
    })
    expectFailed(await setUp.doctor(profile(setUp.here.folder, 'vault')), 'credentials', 'credential_process')
  })

  it('credentials that have expired', async () => {
    const body =
      '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>The security token included in the request is expired</Message></Error><RequestId>r-1</RequestId></ErrorResponse>'
    await using setUp = await startSetUp({
      aws: { intercept: ({ service }) => (service === 'sts' ? { status: 400, body } : undefined) },
    })
    expectFailed(await setUp.doctor(), 'credentials', 'ExpiredToken')
  })

  it('a role that cannot be assumed', async () => {
    const role = 'assumeRole: { arn: "arn:aws:iam::444455556666:role/curfew", externalId: wrong }'
    await using setUp = await startSetUp({
      config: curfewYaml().replace('region: eu-central-1,', `region: eu-central-1, ${role},`),
    })
    expectFailed(await setUp.doctor(), 'credentials', 'arn:aws:iam::444455556666:role/curfew')
  })

  it('no right to list endpoints, where they are discovered', async () => {
    await using setUp = await startSetUp({
      scenario: { deny: ['ec2:DescribeClientVpnEndpoints'] },
      config: curfewYaml().replace(/endpoints: \[.*\] }\]/, 'discover: all }]'),
    })
    expectFailed(await setUp.doctor(), 'endpoints', 'DescribeClientVpnEndpoints')
  })

  it('no right to read the tags that a policy selects by', async () => {
    const tagged = '{ name: production, kind: max-session-age, maxAge: 8h, match: { endpoints: ["tag:env=prod"] } }'
    await using setUp = await startSetUp({
      scenario: { deny: ['ec2:DescribeClientVpnEndpoints'] },
      policies: `version: 1\npolicies: [${tagged}]\n`,
    })
    const ended = await setUp.doctor()
    expectFailed(ended, 'endpoints', 'DescribeClientVpnEndpoints')
    // The endpoint is watched all the same.
    expect(ended.stdout).toMatch(/^ok +connections/m)
  })

  it('tags that no endpoint has', async () => {
    await using setUp = await startSetUp({
      config: curfewYaml().replace(/endpoints: \[.*\] }\]/, 'discover: { tags: { vpn: enforced } } }]'),
    })
    expectFailed(await setUp.doctor(), 'endpoints', 'no endpoint', 'tags')
  })

  it('no right to read connections', async () => {
    await using setUp = await startSetUp({ scenario: { deny: ['ec2:DescribeClientVpnConnections'] } })
    const ended = await setUp.doctor()
    expectFailed(ended, 'permissions', 'DescribeClientVpnConnections', OFFICE)
    expect(ended.stdout).toContain('allow ec2:DescribeClientVpnConnections')
  })

  it('no right to end connections, where a policy acts', async () => {
    const scenario = { deny: ['ec2:TerminateClientVpnConnections' as const] }
    await using setUp = await startSetUp({ scenario, config: curfewYaml('mode: enforce') })
    expectFailed(await setUp.doctor(), 'permissions', 'TerminateClientVpnConnections')
    await using audit = await startSetUp({ scenario })
    expectWarned(await audit.doctor(), 'permissions', 'TerminateClientVpnConnections', 'no policy acts')
  })

  it('an endpoint that is not there, and those that are', async () => {
    const config = curfewYaml().replaceAll('abcdef0', 'abcdef9')
    await using setUp = await startSetUp({ config })
    expectFailed(await setUp.doctor(), 'connections', 'cvpn-endpoint-0123456789abcdef9', 'eu-central-1', OFFICE)
  })

  it('a Region without any endpoint', async () => {
    await using setUp = await startSetUp({ config: curfewYaml().replace('eu-central-1', 'us-east-1') })
    const ended = await setUp.doctor()
    expectFailed(ended, 'connections', 'no endpoint at all in that Region')
    expect(ended.stdout).toMatch(/endpoints \(us-east-1\): 1 endpoint named by\s+id, not looked up/)
  })

  it('an endpoint in another Region, and which', async () => {
    const other = 'cvpn-endpoint-0123456789abcdef1'
    const entry = `watch: [{ region: us-east-1, endpoints: [${other}] }, {`
    await using setUp = await startSetUp({
      config: curfewYaml()
        .replace('watch: [{', entry)
        .replace(other, OFFICE)
        .replace(`{ id: ${OFFICE}, name: office }`, other),
      scenario: {
        endpoints: [OFFICE, other].map((id) => ({
          id,
          name: 'office',
          region: 'eu-central-1',
          authentication: 'federated' as const,
        })),
      },
    })
    expectFailed(await setUp.doctor(), 'connections', 'us-east-1', 'but in eu-central-1')
  })

  it('times in another zone', async () => {
    await using setUp = await startSetUp()
    setUp.office.world.connect(someone())
    await using changer = await startChanger(setUp.office.url, (body) =>
      body.replaceAll(/(?<=<(?:timestamp|connectionEstablishedTime)>)[\d-]+ [\d:]+/g, (time) =>
        new Date(Date.parse(`${time.replace(' ', 'T')}Z`) + 330 * MINUTE).toISOString().slice(0, 19).replace('T', ' '),
      ),
    )
    expectWarned(await setUp.doctor(changer.env), 'times', '+5h30m')
  })

  it('user names that are missing and that a policy needs', async () => {
    const banned = '{ name: leavers, kind: banned-users, users: ["user:mallory"] }'
    await using setUp = await startSetUp({ policies: `version: 1\npolicies: [${banned}]\n` })
    setUp.office.world.connect({ endpointId: OFFICE, commonName: 'laptop-7' })
    setUp.office.world.connect(someone())
    const ended = await setUp.doctor()
    expectWarned(ended, 'user-names', '1 of 2 connections', '"leavers"')
    expect(ended.stdout).toContain('write "cn:" entries')
  })

  it('byte counters that never move', async () => {
    const idle = '{ name: quiet, kind: idle-timeout, after: 30m }'
    await using setUp = await startSetUp({
      policies: `version: 1\npolicies: [${idle}]\n`,
      config: curfewYaml('poll: { minGap: 1s }'),
    })
    setUp.office.world.connect(someone())
    await using changer = await startChanger(setUp.office.url, (body) =>
      body.replaceAll(/(?<=<(?:in|e)gressBytes>)\d+/g, '1000'),
    )
    expectWarned(await setUp.doctor(changer.env, '--watch', '3s'), 'byte-counters', 'no byte counter')
    const unwatched = await setUp.doctor(changer.env)
    expect(unwatched.stdout).toMatch(/^not checked +byte-counters .*--watch 5m .*"quiet"/m)
  })
})

describe('curfew doctor', () => {
  it('does not check what needs something that has failed, and says what', async () => {
    await using setUp = await startSetUp({ scenario: { deny: ['ec2:DescribeClientVpnConnections'] } })
    const { stdout } = await setUp.doctor()
    for (const check of ['connections', 'times', 'user-names', 'byte-counters']) {
      expect(stdout).toMatch(new RegExp(`^not checked +${check}.*: it needs permissions`, 'm'))
    }
  })

  it('paints the states in a terminal, and the lines stay as they are', async () => {
    await using setUp = await startSetUp({ scenario: { deny: ['ec2:DescribeClientVpnConnections'] } })
    const plain = await setUp.doctor({ COLUMNS: '80' })
    const { stdout } = await setUp.doctor({ COLUMNS: '80', NO_COLOR: '', FORCE_COLOR: '1' })
    expect(stdout.replaceAll(/\u001b\[\d+m/g, '')).toBe(plain.stdout)
    expect(stdout).toMatch(/^\u001b\[31mFailed: permissions/)
    expect(stdout).toMatch(/^\u001b\[32mok\u001b\[0m {11}configuration: /m)
  })

  it.each([
    [[], 0, /^All is well/] as const,
    [['ec2:TerminateClientVpnConnections'], 1, /^Failed: permissions/] as const,
  ])('prints the findings until Ctrl-C ends its watch, with their exit code: denied %j', async (deny, code, head) => {
    await using setUp = await startSetUp({ scenario: { deny: [...deny] }, config: curfewYaml('mode: enforce') })
    const { office, here } = setUp
    office.world.connect(someone())
    await using running = here.start(['doctor', '-c', 'curfew.yaml', '--watch', '5m'], office.env)
    const lists = () => office.requests.filter(({ action, params }) => isRead(action, params)).length
    // The list, the page of the times, and the first look of the watch.
    await vi.waitFor(() => expect(lists()).toBeGreaterThanOrEqual(2), { timeout: 20_000 })
    running.child.kill('SIGINT')
    expect(await running.exited).toBe(code)
    expect(running.stdout).toMatch(head)
    expect(running.stdout).toMatch(/^not checked +byte-counters .*the watch was ended/m)
  })

  it('prints JSON with the same cause', async () => {
    await using setUp = await startSetUp({ scenario: { deny: ['ec2:DescribeClientVpnConnections'] } })
    const { code, stdout } = await setUp.doctor({}, '--output', 'json')
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ cause: { check: 'permissions', state: 'failed' }, failed: 1 })
  })

  it.each([['--watch', 'soon'], ['--watch', '0s'], ['--output', 'xml'], ['extra']])(
    'refuses %s %s',
    async (...args) => {
      await using setUp = await startSetUp()
      expect((await setUp.doctor({}, ...args)).code).toBe(64)
    },
  )
})
