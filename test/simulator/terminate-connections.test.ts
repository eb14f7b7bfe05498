import {
  TerminateClientVpnConnectionsCommand,
  type TerminateClientVpnConnectionsCommandInput,
} from '@aws-sdk/client-ec2'
import { describe, expect, it } from 'vitest'
import { HOUR, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import {
  contractors,
  MACHINES,
  machines,
  refusal,
  type SimulatedAws,
  STAFF,
  simulateAws,
  staff,
} from './simulated-aws.ts'

const terminate = (
  { client }: SimulatedAws,
  selector: Omit<TerminateClientVpnConnectionsCommandInput, 'ClientVpnEndpointId'>,
  endpointId: string = STAFF,
) => client.send(new TerminateClientVpnConnectionsCommand({ ClientVpnEndpointId: endpointId, ...selector }))

const idsOf = ({ world }: SimulatedAws, username: string) =>
  world
    .connections(STAFF)
    .filter((row) => row.username === username)
    .map((row) => row.connectionId)

const sessions = (username: string, count: number) => Array.from({ length: count }, () => ({ username }))

describe('terminating by connection id', () => {
  it('changes the status from active to terminating to terminated', async () => {
    const aws = await simulateAws([staff({ terminatingFor: '3s', connections: sessions('alice', 2) })])
    const [id = '', other = ''] = idsOf(aws, 'alice')
    const answer = await terminate(aws, { ConnectionId: id })
    expect(answer).toMatchObject({
      ClientVpnEndpointId: STAFF,
      ConnectionStatuses: [
        { ConnectionId: id, PreviousStatus: { Code: 'active' }, CurrentStatus: { Code: 'terminating' } },
      ],
    })
    expect(answer.Username).toBeUndefined()

    aws.clock.now += 3 * SECOND - 1
    expect(aws.world.status(id)).toBe('terminating')
    aws.clock.now += 1
    expect(aws.world.connections(STAFF)[0]).toMatchObject({ status: 'terminated', endedAt: aws.clock.now })
    expect(aws.world.status(other)).toBe('active')
    aws.clock.now += HOUR
    expect(aws.world.status(id)).toBeUndefined()
  })

  it('stops the traffic at once', async () => {
    const aws = await simulateAws([staff({ connections: [{ username: 'alice', age: '1h' }] })])
    const [id = ''] = idsOf(aws, 'alice')
    await terminate(aws, { ConnectionId: id })
    const [before] = aws.world.connections(STAFF)
    aws.clock.now += MINUTE
    expect(aws.world.connections(STAFF)[0]).toMatchObject({
      ingressBytes: before?.ingressBytes,
      egressBytes: before?.egressBytes,
    })
  })

  it('does not change a connection that is ending or has ended', async () => {
    const aws = await simulateAws([staff({ connections: sessions('alice', 1) })])
    const [id = ''] = idsOf(aws, 'alice')
    const statuses = async () => {
      const { ConnectionStatuses = [] } = await terminate(aws, { ConnectionId: id })
      return ConnectionStatuses.map((row) => [row.PreviousStatus?.Code, row.CurrentStatus?.Code])
    }
    await statuses()
    expect(await statuses()).toEqual([['terminating', 'terminating']])
    aws.clock.now += 2 * SECOND
    const endedAt = aws.clock.now
    expect(await statuses()).toEqual([['terminated', 'terminated']])
    aws.clock.now += MINUTE
    expect(aws.world.connections(STAFF)).toMatchObject([{ endedAt }])
  })

  it('refuses invented ids, ids of other endpoints, and connections that ended more than an hour ago', async () => {
    const aws = await simulateAws([staff({ connections: sessions('alice', 1) }), machines()])
    const [id = ''] = idsOf(aws, 'alice')
    const notFound = 'InvalidClientVpnConnection.IdNotFound 400'
    expect(await refusal(terminate(aws, { ConnectionId: 'cvpn-connection-00000000000000000' }))).toBe(notFound)
    expect(await refusal(terminate(aws, { ConnectionId: id }, MACHINES))).toBe(notFound)
    aws.world.leave(id)
    aws.clock.now += HOUR
    expect(await refusal(terminate(aws, { ConnectionId: id }))).toBe(notFound)
  })
})

describe('terminating by user name', () => {
  it('ends up to five connections of exactly that name', async () => {
    const aws = await simulateAws([staff({ connections: [...sessions('alice', 5), ...sessions('Alice', 1)] })])
    const answer = await terminate(aws, { Username: 'alice' })
    expect(answer.Username).toBe('alice')
    expect(answer.ConnectionStatuses?.map((row) => row.ConnectionId)).toEqual(idsOf(aws, 'alice'))
    expect(aws.world.connections(STAFF).map((row) => row.status)).toEqual([...Array(5).fill('terminating'), 'active'])
  })

  it('ends nothing if the user has more than five connections', async () => {
    const aws = await simulateAws([staff({ connections: sessions('alice', 6) })])
    const limit = 'ClientVpnTerminateConnectionsLimitExceeded 400'
    expect(await refusal(terminate(aws, { Username: 'alice' }))).toBe(limit)
    expect(aws.world.connections(STAFF).every((row) => row.status === 'active')).toBe(true)
  })

  it('counts only active connections', async () => {
    const aws = await simulateAws([staff({ connections: sessions('alice', 6) })])
    const [first = ''] = idsOf(aws, 'alice')
    await terminate(aws, { ConnectionId: first })
    expect((await terminate(aws, { Username: 'alice' })).ConnectionStatuses).toHaveLength(5)
    expect(await refusal(terminate(aws, { Username: 'alice' }))).toBe('InvalidClientVpnConnection.UserNotFound 400')
  })

  it('does not find the common name of a certificate', async () => {
    const aws = await simulateAws([machines({ connections: [{ commonName: 'sensor' }] })])
    const call = terminate(aws, { Username: 'sensor' }, MACHINES)
    expect(await refusal(call)).toBe('InvalidClientVpnConnection.UserNotFound 400')
  })
})

describe('a termination is refused', () => {
  it('without a selector, and with two', async () => {
    const aws = await simulateAws([staff({ connections: sessions('alice', 1) })])
    const [id = ''] = idsOf(aws, 'alice')
    expect(await refusal(terminate(aws, {}))).toBe('MissingParameter 400')
    const both = terminate(aws, { ConnectionId: id, Username: 'alice' })
    expect(await refusal(both)).toBe('InvalidParameterCombination 400')
    expect(aws.world.status(id)).toBe('active')
  })

  it('for an endpoint that does not exist', async () => {
    const aws = await simulateAws([staff()])
    const call = terminate(aws, { Username: 'alice' }, 'cvpn-endpoint-00000000000000000')
    expect(await refusal(call)).toBe('InvalidClientVpnEndpointId.NotFound 400')
  })
})

describe('after a termination', () => {
  /** Terminates the only connection of an endpoint; returns the new connections after the given time. */
  const reconnects = async (endpoint: ReturnType<typeof staff>, afterMs: number) => {
    const aws = await simulateAws([endpoint])
    const [terminated] = aws.world.connections(endpoint.id)
    await terminate(aws, { ConnectionId: terminated?.connectionId }, endpoint.id)
    aws.clock.now += afterMs
    const [old, ...fresh] = aws.world.connections(endpoint.id)
    expect(old?.connectionId).toBe(terminated?.connectionId)
    return fresh
  }

  const laptop = machines({ connections: [{ commonName: 'laptop', age: '9h' }] })

  it.each([
    ['certificate', laptop],
    ['directory', contractors({ connections: [{ username: 'dave', age: '9h' }] })],
  ])('a %s client reconnects within two to three seconds, with a new id and age', async (_, endpoint) => {
    expect(await reconnects(endpoint, 2 * SECOND - 1)).toEqual([])
    const [fresh, ...others] = await reconnects(endpoint, 3 * SECOND)
    expect(others).toEqual([])
    expect(fresh).toMatchObject({ status: 'active' })
    expect(fresh?.establishedAt).toBeGreaterThanOrEqual(Date.UTC(2026, 10, 23, 8, 0, 2))
    expect(fresh?.commonName).toBe(endpoint === laptop ? 'laptop' : 'dave')
    expect(fresh?.ingressBytes).toBeLessThan(20_000)
  })

  it('automatic reconnects are spread over the whole second', async () => {
    const people = Array.from({ length: 40 }, (_, index) => ({ commonName: `laptop-${index}` }))
    const aws = await simulateAws([machines({ connections: people })])
    for (const { connectionId } of aws.world.connections(MACHINES)) {
      await terminate(aws, { ConnectionId: connectionId }, MACHINES)
    }
    const terminatedAt = aws.clock.now
    aws.clock.now += MINUTE
    const waits = aws.world
      .connections(MACHINES)
      .slice(people.length)
      .map((row) => row.establishedAt - terminatedAt)
    expect(waits).toHaveLength(people.length)
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(2 * SECOND)
    expect(Math.max(...waits)).toBeLessThanOrEqual(3 * SECOND)
    expect(new Set(waits).size).toBeGreaterThan(people.length / 2)
  })

  it('a client that leaves while it is terminating does not reconnect, and leaving later does not move the end', async () => {
    const aws = await simulateAws([machines({ connections: [{ commonName: 'laptop' }] })])
    const [connectionId = ''] = aws.world.connections(MACHINES).map((row) => row.connectionId)
    await terminate(aws, { ConnectionId: connectionId }, MACHINES)
    aws.clock.now += SECOND
    aws.world.leave(connectionId)
    expect(aws.world.status(connectionId)).toBe('terminating')
    aws.clock.now += MINUTE
    aws.world.leave(connectionId)
    expect(aws.world.connections(MACHINES)).toMatchObject([{ connectionId, endedAt: aws.clock.now - MINUTE + SECOND }])
  })

  it('a federated client does not reconnect', async () => {
    expect(await reconnects(staff({ connections: [{ username: 'alice' }] }), 30 * MINUTE)).toEqual([])
  })

  it('a federated client reconnects if its scenario sets reconnectAfter', async () => {
    const endpoint = staff({ connections: [{ username: 'alice', reconnectAfter: '40s' }] })
    expect(await reconnects(endpoint, 40 * SECOND - 1)).toEqual([])
    expect(await reconnects(endpoint, 40 * SECOND)).toMatchObject([{ username: 'alice', status: 'active' }])
  })

  it('a certificate client does not reconnect if its scenario says never, or if it has left', async () => {
    const never = machines({ connections: [{ commonName: 'laptop', reconnectAfter: 'never' }] })
    expect(await reconnects(never, 30 * MINUTE)).toEqual([])
    const home = machines({ connections: [{ commonName: 'laptop', leavesAfter: '1s' }] })
    expect(await reconnects(home, 30 * MINUTE)).toEqual([])
  })
})
