import { DescribeClientVpnConnectionsCommand, DescribeClientVpnEndpointsCommand, EC2Client } from '@aws-sdk/client-ec2'
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { describe, expect, it, onTestFinished } from 'vitest'
import { HOUR, SECOND } from '../../src/domain/time/instant.ts'
import {
  CONTRACTORS,
  contractors,
  MACHINES,
  machines,
  post,
  REGION,
  SIGNATURE,
  type SimulatedAws,
  STAFF,
  simulateAws,
  staff,
} from './simulated-aws.ts'

const OWN_ACCOUNT = '111122223333'
const OTHER_ACCOUNT = '444455556666'
const ROLE = `arn:aws:iam::${OTHER_ACCOUNT}:role/vpn/curfew`
const READER = `arn:aws:iam::${OTHER_ACCOUNT}:role/reader`

const PEOPLE = [{ username: 'alice' }]

const twoAccounts = (scenario: Parameters<typeof simulateAws>[1] = {}) =>
  simulateAws([staff({ connections: PEOPLE }), contractors({ account: OTHER_ACCOUNT, connections: PEOPLE })], {
    ...scenario,
    scenario: {
      roles: [
        { arn: ROLE, externalId: 'curfew' },
        { arn: READER, deny: ['ec2:TerminateClientVpnConnections'] },
      ],
      ...scenario.scenario,
    },
  })

type Keys = { accessKeyId: string; secretAccessKey: string; sessionToken?: string }

const stsOf = ({ url }: SimulatedAws, credentials: Keys = { accessKeyId: 'test', secretAccessKey: 'test' }) => {
  const client = new STSClient({ region: REGION, endpoint: url, credentials, maxAttempts: 1 })
  onTestFinished(() => client.destroy())
  return client
}

const ec2Of = ({ url }: SimulatedAws, credentials: Keys, region = REGION) => {
  const client = new EC2Client({ region, endpoint: url, credentials, maxAttempts: 1 })
  onTestFinished(() => client.destroy())
  return client
}

const assume = async (
  aws: SimulatedAws,
  RoleArn = ROLE,
  more: { ExternalId?: string; DurationSeconds?: number } = {},
) => {
  const input = { RoleArn, RoleSessionName: 'test', ExternalId: 'curfew', ...more }
  const { Credentials } = await stsOf(aws).send(new AssumeRoleCommand(input))
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '', Expiration } = Credentials ?? {}
  const keys = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken }
  return { keys, expiresAt: Expiration?.getTime() }
}

/** The error of a call: code and HTTP status, or `none` if it succeeds. */
const refusal = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'none',
    (error: { name: string; $metadata: { httpStatusCode?: number } }) =>
      `${error.name} ${error.$metadata.httpStatusCode}`,
  )

const idsOf = async (client: EC2Client) =>
  ((await client.send(new DescribeClientVpnEndpointsCommand({}))).ClientVpnEndpoints ?? []).map(
    ({ ClientVpnEndpointId }) => ClientVpnEndpointId,
  )

const connectionsOf = (client: EC2Client, ClientVpnEndpointId: string, more = {}) =>
  client.send(new DescribeClientVpnConnectionsCommand({ ClientVpnEndpointId, ...more }))

describe('GetCallerIdentity', () => {
  it('names the account of a plain key and of a role', async () => {
    const aws = await twoAccounts()
    expect(await stsOf(aws).send(new GetCallerIdentityCommand({}))).toMatchObject({
      Account: OWN_ACCOUNT,
      Arn: `arn:aws:iam::${OWN_ACCOUNT}:user/simulated`,
    })
    const { keys } = await assume(aws)
    expect(await stsOf(aws, keys).send(new GetCallerIdentityCommand({}))).toMatchObject({
      Account: OTHER_ACCOUNT,
      Arn: `arn:aws:sts::${OTHER_ACCOUNT}:assumed-role/curfew/test`,
    })
  })

  it('names the account that the scenario sets', async () => {
    const aws = await simulateAws([staff()], { scenario: { account: OTHER_ACCOUNT } })
    expect(await stsOf(aws).send(new GetCallerIdentityCommand({}))).toMatchObject({ Account: OTHER_ACCOUNT })
  })
})

describe('AssumeRole', () => {
  it('checks the external id if the role has one', async () => {
    const aws = await twoAccounts()
    expect(await refusal(assume(aws, ROLE))).toBe('none')
    expect(await refusal(assume(aws, ROLE, { ExternalId: 'Curfew' }))).toBe('AccessDenied 403')
    const without = new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: 'test' })
    expect(await refusal(stsOf(aws).send(without))).toBe('AccessDenied 403')
    expect(await refusal(assume(aws, READER, { ExternalId: 'anything' }))).toBe('none')
  })

  it('gives the same answer for an unknown role and a denied one', async () => {
    const aws = await twoAccounts()
    expect(await refusal(assume(aws, `arn:aws:iam::${OTHER_ACCOUNT}:role/curfew`))).toBe('AccessDenied 403')
    const denied = await twoAccounts({ scenario: { deny: ['sts:AssumeRole'] } })
    expect(await refusal(assume(denied))).toBe('AccessDenied 403')
  })

  it('issues credentials for an hour, or for the requested time', async () => {
    const aws = await twoAccounts()
    expect((await assume(aws)).expiresAt).toBe(aws.clock.now + HOUR)
    expect((await assume(aws, ROLE, { DurationSeconds: 900 })).expiresAt).toBe(aws.clock.now + 900 * SECOND)
    expect(await refusal(assume(aws, ROLE, { DurationSeconds: 60 }))).toBe('InvalidParameterValue 400')
  })

  it('refuses invalid parameters', async () => {
    const aws = await twoAccounts()
    const sts = { authorization: SIGNATURE.replace('/ec2/', '/sts/') }
    const codeOf = async (parameters: Record<string, string>) => {
      const answer = await post(aws.url, parameters, sts)
      return /<Code>(\w+)<\/Code>/.exec(await answer.text())?.[1]
    }
    expect(await codeOf({ Action: 'AssumeRole' })).toBe('MissingParameter')
    expect(await codeOf({ Action: 'AssumeRole', RoleArn: ROLE, RoleSessionName: 'a b' })).toBe('ValidationError')
    expect(await codeOf({ Action: 'GetCallerIdentity', Colour: 'red' })).toBe('UnknownParameter')
  })
})

describe('a service', () => {
  it('does not answer for the other service', async () => {
    const aws = await twoAccounts()
    const asked = async (action: string, service: string) => {
      const authorization = SIGNATURE.replace('/ec2/', `/${service}/`)
      return (await post(aws.url, { Action: action }, { authorization })).text()
    }
    expect(await asked('DescribeClientVpnEndpoints', 'sts')).toContain('<Code>InvalidAction</Code>')
    expect(await asked('GetCallerIdentity', 'ec2')).toContain('<Code>InvalidAction</Code>')
    expect(await asked('GetCallerIdentity', 'sts')).toContain(`<Account>${OWN_ACCOUNT}</Account>`)
    expect(aws.requests.map(({ service, code }) => [service, code])).toEqual([
      ['sts', 'InvalidAction'],
      ['ec2', 'InvalidAction'],
      ['sts', undefined],
    ])
  })
})

describe('an account', () => {
  it('sees only its own endpoints', async () => {
    const aws = await twoAccounts()
    const role = ec2Of(aws, (await assume(aws)).keys)
    expect([await idsOf(aws.client), await idsOf(role)]).toEqual([[STAFF], [CONTRACTORS]])
    expect((await connectionsOf(role, CONTRACTORS)).Connections).toHaveLength(1)
    expect(await refusal(connectionsOf(role, STAFF))).toBe('InvalidClientVpnEndpointId.NotFound 400')
    expect(await refusal(connectionsOf(aws.client, CONTRACTORS))).toBe('InvalidClientVpnEndpointId.NotFound 400')
  })

  it('has request limits of its own', async () => {
    const aws = await twoAccounts({ scenario: { buckets: { describe: { burst: 1, perSecond: 0.1 } } } })
    const role = ec2Of(aws, (await assume(aws)).keys)
    await connectionsOf(aws.client, STAFF)
    expect(await refusal(connectionsOf(aws.client, STAFF))).toBe('RequestLimitExceeded 503')
    expect(await refusal(connectionsOf(role, CONTRACTORS))).toBe('none')
    expect(await refusal(connectionsOf(role, CONTRACTORS))).toBe('RequestLimitExceeded 503')
  })
})

describe('temporary credentials', () => {
  it('have the denied actions of their role', async () => {
    const aws = await twoAccounts()
    const reader = ec2Of(aws, (await assume(aws, READER)).keys)
    const dry = { DryRun: true }
    expect(await refusal(connectionsOf(reader, CONTRACTORS, dry))).toBe('DryRunOperation 412')
    const answer = await post(aws.url, {
      Action: 'TerminateClientVpnConnections',
      ClientVpnEndpointId: STAFF,
      Username: 'alice',
      DryRun: 'true',
    })
    expect(answer.status).toBe(412)
    const denied = await twoAccounts({
      scenario: { roles: [{ arn: ROLE, deny: ['ec2:DescribeClientVpnConnections'] }] },
    })
    const role = ec2Of(denied, (await assume(denied)).keys)
    expect(await refusal(connectionsOf(role, CONTRACTORS, dry))).toBe('UnauthorizedOperation 403')
    expect(await refusal(connectionsOf(denied.client, STAFF, dry))).toBe('DryRunOperation 412')
  })

  it('expire by the simulator’s clock, with the error of each service', async () => {
    const aws = await twoAccounts()
    const { keys } = await assume(aws)
    const [ec2, sts] = [ec2Of(aws, keys), stsOf(aws, keys)]
    aws.clock.now += HOUR - 1
    expect(await refusal(connectionsOf(ec2, CONTRACTORS))).toBe('none')
    aws.clock.now += 1
    expect(await refusal(connectionsOf(ec2, CONTRACTORS))).toBe('RequestExpired 400')
    expect(await refusal(sts.send(new GetCallerIdentityCommand({})))).toBe('ExpiredToken 400')
  })

  it('of another run, or with another token, are invalid', async () => {
    const { keys } = await assume(await twoAccounts({ seed: 2 }))
    const aws = await twoAccounts()
    expect(await refusal(connectionsOf(ec2Of(aws, keys), CONTRACTORS))).toBe('AuthFailure 401')
    expect(await refusal(stsOf(aws, keys).send(new GetCallerIdentityCommand({})))).toBe('InvalidClientTokenId 403')
    const own = await assume(aws)
    const forged = { ...own.keys, sessionToken: 'other' }
    expect(await refusal(connectionsOf(ec2Of(aws, forged), CONTRACTORS))).toBe('AuthFailure 401')
  })
})

describe('endpoints', () => {
  it('are added, changed and removed while the simulator runs', async () => {
    const aws = await simulateAws([staff()])
    aws.world.addEndpoint(machines({ connections: [{ commonName: 'build-01.corp.example' }] }))
    expect(await idsOf(aws.client)).toEqual([STAFF, MACHINES])
    expect((await connectionsOf(aws.client, MACHINES)).Connections).toHaveLength(1)

    aws.world.changeEndpoint(STAFF, { tags: { 'vpn-policy': 'enforced' }, status: 'deleting' })
    const [listed] =
      (await aws.client.send(new DescribeClientVpnEndpointsCommand({ ClientVpnEndpointIds: [STAFF] })))
        .ClientVpnEndpoints ?? []
    expect(listed).toMatchObject({
      Status: { Code: 'deleting' },
      Tags: [
        { Key: 'Name', Value: 'staff' },
        { Key: 'vpn-policy', Value: 'enforced' },
      ],
    })

    aws.world.removeEndpoint(STAFF)
    expect(await idsOf(aws.client)).toEqual([MACHINES])
    expect(await refusal(connectionsOf(aws.client, STAFF))).toBe('InvalidClientVpnEndpointId.NotFound 400')
    expect(() => aws.world.removeEndpoint(STAFF)).toThrow(STAFF)
    expect(() => aws.world.addEndpoint(machines())).toThrow(MACHINES)
  })

  it('that are removed between pages do not hide others', async () => {
    const many = Array.from({ length: 12 }, (_, index) =>
      staff({ id: `cvpn-endpoint-${index.toString(16).padStart(17, '0')}` }),
    )
    const aws = await simulateAws(many)
    const first = await aws.client.send(new DescribeClientVpnEndpointsCommand({ MaxResults: 5 }))
    aws.world.removeEndpoint(many[0]?.id ?? '')
    const { NextToken } = first
    const second = await aws.client.send(new DescribeClientVpnEndpointsCommand({ MaxResults: 10, NextToken }))
    const ids = [first, second].flatMap(({ ClientVpnEndpoints = [] }) =>
      ClientVpnEndpoints.map(({ ClientVpnEndpointId }) => ClientVpnEndpointId),
    )
    expect(ids).toEqual(many.map(({ id }) => id))
  })
})
