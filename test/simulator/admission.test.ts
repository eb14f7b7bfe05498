import {
  DescribeClientVpnConnectionsCommand,
  DescribeClientVpnEndpointsCommand,
  DescribeInstancesCommand,
  TerminateClientVpnConnectionsCommand,
} from '@aws-sdk/client-ec2'
import { describe, expect, it } from 'vitest'
import { SECOND } from '../../src/domain/time/instant.ts'
import { post, refusal, STAFF, simulateAws, staff } from './simulated-aws.ts'

const people = staff({ connections: [{ username: 'alice' }] })

const calls = (DryRun: boolean) =>
  [
    new DescribeClientVpnConnectionsCommand({ ClientVpnEndpointId: STAFF, DryRun }),
    new DescribeClientVpnEndpointsCommand({ DryRun }),
    new TerminateClientVpnConnectionsCommand({ ClientVpnEndpointId: STAFF, Username: 'alice', DryRun }),
  ] as const

describe('permission', () => {
  it('of an action makes a dry run answer that the request would have succeeded, without any effect', async () => {
    const aws = await simulateAws([people])
    const [connections, endpoints, termination] = calls(true)
    expect(await refusal(aws.client.send(connections))).toBe('DryRunOperation 412')
    expect(await refusal(aws.client.send(endpoints))).toBe('DryRunOperation 412')
    expect(await refusal(aws.client.send(termination))).toBe('DryRunOperation 412')
    expect(aws.world.connections(STAFF)).toMatchObject([{ status: 'active' }])
  })

  it.each([true, false])(
    'can be denied for one action while the others stay authorized (dry run: %s)',
    async (dryRun) => {
      const aws = await simulateAws([people], { scenario: { deny: ['ec2:TerminateClientVpnConnections'] } })
      const [connections, , termination] = calls(dryRun)
      expect(await refusal(aws.client.send(termination))).toBe('UnauthorizedOperation 403')
      expect(aws.world.connections(STAFF)).toMatchObject([{ status: 'active' }])
      if (dryRun) expect(await refusal(aws.client.send(connections))).toBe('DryRunOperation 412')
      else expect((await aws.client.send(connections)).Connections).toHaveLength(1)
    },
  )

  it.each([
    ['no signature', ''],
    ['a password', 'Basic dGVzdDp0ZXN0'],
    ['half a signature', 'AWS4-HMAC-SHA256 Credential=test/20261123/eu-central-1/ec2/aws4_request'],
  ])('is refused to a request with %s', async (_, authorization) => {
    const aws = await simulateAws([people])
    const answer = await post(aws.url, { Action: 'DescribeClientVpnEndpoints' }, { authorization })
    expect(answer.status).toBe(403)
    expect(await answer.text()).toContain('<Code>MissingAuthenticationToken</Code>')
  })
})

describe('an invalid request is refused', () => {
  it('for an action that the simulator does not have', async () => {
    const aws = await simulateAws([people])
    expect(await refusal(aws.client.send(new DescribeInstancesCommand({})))).toBe('InvalidAction 400')
  })

  it.each([
    [{}, 'MissingAction'],
    [{ Action: 'DescribeClientVpnConnections' }, 'MissingParameter'],
    [{ Action: 'DescribeClientVpnEndpoints', Colour: 'red' }, 'UnknownParameter'],
    [{ Action: 'DescribeClientVpnEndpoints', DryRun: 'maybe' }, 'InvalidParameterValue'],
    [{ Action: 'DescribeClientVpnEndpoints', MaxResults: 'many' }, 'InvalidParameterValue'],
    [{ Action: 'DescribeClientVpnEndpoints', 'Filter.1.Name': 'endpoint-id' }, 'InvalidParameterValue'],
    [{ Action: 'DescribeClientVpnEndpoints', 'Filter.1.Value.1': 'x' }, 'MissingParameter'],
  ])('%o: %s', async (parameters, code) => {
    const aws = await simulateAws([people])
    const answer = await post(aws.url, parameters as Record<string, string>)
    expect(answer.status).toBe(400)
    expect(await answer.text()).toContain(`<Code>${code}</Code>`)
  })
})

describe('request limits', () => {
  const spend = async (call: () => Promise<unknown>, most: number) => {
    for (let count = 0; count < most; count++) {
      const outcome = await call().then(
        () => 'ok',
        (error: Error) => error.name,
      )
      if (outcome === 'RequestLimitExceeded') return count
    }
    return most
  }

  it('are those that AWS publishes: 100 and 20 a second to describe, 50 and 5 a second to terminate', async () => {
    const aws = await simulateAws([people])
    const [connections, , termination] = calls(true)
    const describeOnce = () => aws.client.send(connections)
    const terminateOnce = () => aws.client.send(termination)

    expect(await spend(describeOnce, 200)).toBe(100)
    expect(await spend(terminateOnce, 200)).toBe(50)
    expect(await refusal(describeOnce())).toBe('RequestLimitExceeded 503')
    aws.clock.now += 2 * SECOND
    expect(await spend(describeOnce, 200)).toBe(40)
    expect(await spend(terminateOnce, 200)).toBe(10)
    aws.clock.now += 3600 * SECOND
    expect(await spend(describeOnce, 200)).toBe(100)
  })

  it('apply per Region and action, and are configurable', async () => {
    const buckets = { describe: { burst: 2, perSecond: 1 }, terminate: { burst: 1, perSecond: 0.5 } }
    const aws = await simulateAws([people], { scenario: { buckets } })
    const [connections, endpoints, termination] = calls(true)
    expect(await spend(() => aws.client.send(connections), 9)).toBe(2)
    expect(await spend(() => aws.client.send(endpoints), 9)).toBe(2)
    expect(await spend(() => aws.client.send(termination), 9)).toBe(1)
    const elsewhere = aws.clientIn('us-east-1')
    expect(await spend(() => elsewhere.send(connections), 9)).toBe(2)
    aws.clock.now += 2 * SECOND
    expect(await spend(() => aws.client.send(termination), 9)).toBe(1)
  })

  it('name the account and the action in the error', async () => {
    const buckets = { describe: { burst: 1, perSecond: 1 } }
    const aws = await simulateAws([people], { scenario: { account: '444455556666', buckets } })
    await post(aws.url, { Action: 'DescribeClientVpnEndpoints' })
    const answer = await post(aws.url, { Action: 'DescribeClientVpnEndpoints' })
    expect(await answer.text()).toContain('Account 444455556666 has been throttled on ec2:DescribeClientVpnEndpoints')
  })
})
