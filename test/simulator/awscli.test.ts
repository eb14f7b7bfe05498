import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SECOND } from '../../src/domain/time/instant.ts'
import { CONTRACTORS, contractors, REGION, type SimulatedAws, simulateAws } from './simulated-aws.ts'

/** The command of Debian's package, which is for this Python. */
const [AWS, PYTHON] = ['/usr/bin/aws', '/usr/bin/python3']

/** Calls the AWS CLI as its own command does, for each line with arguments. Loading it takes longer than a command. */
const CLI = `
import contextlib, io, json, os, sys
from awscli.clidriver import AWSCLIEntryPoint
for line in sys.stdin:
    asked = json.loads(line)
    os.environ.update(asked['environment'])
    written = [io.TextIOWrapper(io.BytesIO(), 'utf8', write_through=True) for _ in range(2)]
    with contextlib.redirect_stdout(written[0]), contextlib.redirect_stderr(written[1]):
        code = AWSCLIEntryPoint().main(asked['args'])
    for name in asked['environment']:
        del os.environ[name]
    print(json.dumps([code, *[one.buffer.getvalue().decode() for one in written]]), flush=True)
`

interface Finished {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

let cli: ChildProcess
const waiting: Array<(finished: Finished) => void> = []

beforeAll(() => {
  if (!existsSync(AWS)) throw new Error(`${AWS} is missing: run scripts/install-test-servers.sh`)
  const child = spawn(PYTHON, ['-c', CLI], { env: {}, stdio: ['pipe', 'pipe', 'inherit'] })
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [exitCode, stdout, stderr] = JSON.parse(line) as [number, string, string]
    waiting.shift()?.({ exitCode, stdout, stderr })
  })
  cli = child
})

afterAll(async () => {
  const exited = once(cli, 'exit')
  cli.stdin?.end()
  await exited
})

const aws = (simulated: SimulatedAws, args: readonly string[], environment: Record<string, string> = {}) =>
  run(simulated, ['ec2', ...args], environment)

const run = (
  { url }: SimulatedAws,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<Finished> =>
  new Promise((resolve) => {
    waiting.push(resolve)
    const asked = {
      args: [...args, '--endpoint-url', url, '--output', 'json', '--no-cli-pager'],
      environment: {
        PATH: '/usr/bin:/bin',
        HOME: '/nonexistent',
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
        AWS_REGION: REGION,
        AWS_CONFIG_FILE: '/dev/null',
        AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
        AWS_MAX_ATTEMPTS: '1',
        ...environment,
      },
    }
    cli.stdin?.write(`${JSON.stringify(asked)}\n`)
  })

const ON_ENDPOINT = ['--client-vpn-endpoint-id', CONTRACTORS]

/** The code in `An error occurred (Code) when calling the … operation`. */
const codeOf = ({ stderr }: Finished) => /\(([\w.]+)\)/.exec(stderr)?.[1]

describe('the AWS command line', () => {
  it('lists connections page by page', async () => {
    const simulated = await simulateAws([
      contractors({ clients: [{ count: 12, name: 'ext-{n}', ages: { from: '1m', to: '9h' } }] }),
    ])
    const run = await aws(simulated, ['describe-client-vpn-connections', ...ON_ENDPOINT, '--page-size', '5'])
    expect(run).toMatchObject({ exitCode: 0, stderr: '' })
    const { Connections } = JSON.parse(run.stdout) as { Connections: Record<string, unknown>[] }
    expect(Connections.map((row) => row.Username)).toEqual(Array.from({ length: 12 }, (_, index) => `ext-${index + 1}`))
    expect(Connections[0]).toMatchObject({
      ConnectionEndTime: '-',
      Status: { Code: 'active' },
      Timestamp: '2026-11-23 08:00:00',
    })
    expect(simulated.requests.map((request) => request.params.MaxResults)).toEqual(['5', '5', '5'])
  })

  it('filters connections and describes endpoints', async () => {
    const simulated = await simulateAws([
      contractors({ connections: [{ username: 'a b' }, { username: 'c' }], tags: { team: 'x' } }),
    ])
    const filtered = await aws(simulated, [
      'describe-client-vpn-connections',
      ...ON_ENDPOINT,
      '--filters',
      'Name=username,Values=a b,d',
    ])
    expect(JSON.parse(filtered.stdout)).toMatchObject({ Connections: [{ Username: 'a b' }] })
    const [, { connectionId } = { connectionId: '' }] = simulated.world.connections(CONTRACTORS)
    const lookedUp = await aws(simulated, [
      'describe-client-vpn-connections',
      ...ON_ENDPOINT,
      '--filters',
      `Name=connection-id,Values=${connectionId},cvpn-connection-00000000000000000`,
    ])
    expect(JSON.parse(lookedUp.stdout)).toMatchObject({ Connections: [{ ConnectionId: connectionId, Username: 'c' }] })
    const endpoints = await aws(simulated, ['describe-client-vpn-endpoints', '--client-vpn-endpoint-ids', CONTRACTORS])
    expect(JSON.parse(endpoints.stdout)).toMatchObject({
      ClientVpnEndpoints: [
        {
          ClientVpnEndpointId: CONTRACTORS,
          VpnPort: 443,
          AuthenticationOptions: [
            { Type: 'directory-service-authentication', ActiveDirectory: { DirectoryId: 'd-0123456789' } },
          ],
          Tags: [
            { Key: 'Name', Value: 'contractors' },
            { Key: 'team', Value: 'x' },
          ],
        },
      ],
    })
  })

  it('terminates by id and by user name', async () => {
    const people = ['dave', 'erin', 'erin'].map((username) => ({ username }))
    const simulated = await simulateAws([contractors({ connections: people })])
    const [dave = '', ...erin] = simulated.world.connections(CONTRACTORS).map((row) => row.connectionId)

    const byId = await aws(simulated, ['terminate-client-vpn-connections', ...ON_ENDPOINT, '--connection-id', dave])
    expect(JSON.parse(byId.stdout)).toEqual({
      ClientVpnEndpointId: CONTRACTORS,
      ConnectionStatuses: [
        { ConnectionId: dave, PreviousStatus: { Code: 'active' }, CurrentStatus: { Code: 'terminating' } },
      ],
    })
    const byName = await aws(simulated, ['terminate-client-vpn-connections', ...ON_ENDPOINT, '--username', 'erin'])
    expect(JSON.parse(byName.stdout)).toMatchObject({
      Username: 'erin',
      ConnectionStatuses: erin.map((ConnectionId) => ({ ConnectionId })),
    })
    simulated.clock.now += 2 * SECOND
    expect([dave, ...erin].map((id) => simulated.world.status(id))).toEqual(['terminated', 'terminated', 'terminated'])
  })

  it('receives the documented errors', async () => {
    const simulated = await simulateAws([contractors({ connections: Array(6).fill({ username: 'dave' }) })], {
      scenario: { buckets: { describe: { burst: 1, perSecond: 0.001 } } },
    })
    const terminate = (...args: string[]) =>
      aws(simulated, ['terminate-client-vpn-connections', ...ON_ENDPOINT, ...args])
    const describeEndpoints = ['describe-client-vpn-endpoints']
    const codes = await Promise.all([
      terminate('--username', 'nobody'),
      terminate('--username', 'dave'),
      terminate('--connection-id', 'cvpn-connection-00000000000000000'),
      terminate('--username', 'dave', '--dry-run'),
      terminate(),
      aws(simulated, ['terminate-client-vpn-connections', ...ON_ENDPOINT, '--username', 'dave'], {
        AWS_REGION: 'us-east-1',
      }),
      aws(simulated, [...describeEndpoints, '--filters', 'Name=status,Values=active']),
    ])
    expect(codes.map(codeOf)).toEqual([
      'InvalidClientVpnConnection.UserNotFound',
      'ClientVpnTerminateConnectionsLimitExceeded',
      'InvalidClientVpnConnection.IdNotFound',
      'DryRunOperation',
      'MissingParameter',
      'InvalidClientVpnEndpointId.NotFound',
      'InvalidFilter',
    ])
    expect(codes.every((run) => run.exitCode !== 0)).toBe(true)
    expect(codeOf(await aws(simulated, describeEndpoints))).toBe('RequestLimitExceeded')
  })

  it('assumes a role and reads its identity', async () => {
    const account = '444455556666'
    const arn = `arn:aws:iam::${account}:role/curfew`
    const simulated = await simulateAws([contractors({ account })], {
      scenario: { roles: [{ arn, externalId: 'curfew' }] },
    })
    const assume = (...more: string[]) =>
      run(simulated, ['sts', 'assume-role', '--role-arn', arn, '--role-session-name', 'cli', ...more])
    expect(codeOf(await assume())).toBe('AccessDenied')
    expect(codeOf(await assume('--external-id', 'other'))).toBe('AccessDenied')
    const assumed = await assume('--external-id', 'curfew')
    expect(assumed).toMatchObject({ exitCode: 0, stderr: '' })
    const { Credentials, AssumedRoleUser } = JSON.parse(assumed.stdout) as {
      Credentials: Record<'AccessKeyId' | 'SecretAccessKey' | 'SessionToken' | 'Expiration', string>
      AssumedRoleUser: { Arn: string }
    }
    expect(Credentials.Expiration).toMatch(/^2026-11-23T09:00:00/)
    const keys = {
      AWS_ACCESS_KEY_ID: Credentials.AccessKeyId,
      AWS_SECRET_ACCESS_KEY: Credentials.SecretAccessKey,
      AWS_SESSION_TOKEN: Credentials.SessionToken,
    }
    const identity = await run(simulated, ['sts', 'get-caller-identity'], keys)
    expect(JSON.parse(identity.stdout)).toMatchObject({ Account: account, Arn: AssumedRoleUser.Arn })
    const own = await run(simulated, ['sts', 'get-caller-identity'])
    expect(JSON.parse(own.stdout)).toMatchObject({ Account: '111122223333' })

    const describe = ['describe-client-vpn-endpoints']
    expect(JSON.parse((await aws(simulated, describe, keys)).stdout)).toMatchObject({
      ClientVpnEndpoints: [{ ClientVpnEndpointId: CONTRACTORS }],
    })
    expect(JSON.parse((await aws(simulated, describe)).stdout)).toEqual({ ClientVpnEndpoints: [] })
    expect(codeOf(await aws(simulated, ['describe-client-vpn-connections', ...ON_ENDPOINT]))).toBe(
      'InvalidClientVpnEndpointId.NotFound',
    )
  })
})
