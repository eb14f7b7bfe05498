import { DescribeClientVpnConnectionsCommand, paginateDescribeClientVpnConnections } from '@aws-sdk/client-ec2'
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

const list = async ({ client }: SimulatedAws, endpointId = STAFF, filters?: Record<string, string[]>) => {
  const answer = await client.send(
    new DescribeClientVpnConnectionsCommand({
      ClientVpnEndpointId: endpointId,
      ...(filters && { Filters: Object.entries(filters).map(([Name, Values]) => ({ Name, Values })) }),
    }),
  )
  return answer.Connections ?? []
}

const idsOf = (connections: readonly { ConnectionId?: string | undefined }[]) =>
  connections.map((row) => row.ConnectionId)

const page = (
  { client }: SimulatedAws,
  more: {
    MaxResults?: number
    NextToken?: string
    Filters?: { Name: string; Values: string[] }[]
    ClientVpnEndpointId?: string
  },
) => client.send(new DescribeClientVpnConnectionsCommand({ ClientVpnEndpointId: STAFF, ...more }))

describe('a list of connections', () => {
  it('is read in pages by the SDK’s paginator, each row once', async () => {
    const aws = await simulateAws([staff({ clients: [{ count: 2300, name: 'person{n}@corp.example' }] })])
    const sizes = []
    const ids = new Set()
    const pages = paginateDescribeClientVpnConnections(
      { client: aws.client, pageSize: 1000 },
      { ClientVpnEndpointId: STAFF },
    )
    for await (const { Connections = [] } of pages) {
      sizes.push(Connections.length)
      for (const { ConnectionId } of Connections) ids.add(ConnectionId)
    }
    expect(sizes).toEqual([1000, 1000, 300])
    expect(ids.size).toBe(2300)
  })

  it('has pages of a thousand rows if the request names no size', async () => {
    const aws = await simulateAws([staff({ clients: [{ count: 1001, name: 'person{n}@corp.example' }] })])
    const { Connections, NextToken } = await page(aws, {})
    expect(Connections).toHaveLength(1000)
    expect(NextToken).toBeDefined()
  })

  it('is an empty list, not a missing one, if there are no connections', async () => {
    const aws = await simulateAws([staff()])
    expect(await page(aws, {})).toMatchObject({ Connections: [] })
  })

  it('ends without a token when the last page is exactly full', async () => {
    const aws = await simulateAws([staff({ clients: [{ count: 10, name: 'person{n}@corp.example' }] })])
    const first = await page(aws, { MaxResults: 5 })
    const second = await page(aws, { MaxResults: 5, NextToken: first.NextToken ?? '' })
    expect(second.Connections).toHaveLength(5)
    expect(second.NextToken).toBeUndefined()
  })

  it('includes connections that are added between pages, and skips none when rows are removed', async () => {
    const aws = await simulateAws([staff({ clients: [{ count: 12, name: 'person{n}@corp.example' }] })])
    const [left = ''] = aws.world.connections(STAFF).map((row) => row.connectionId)
    aws.world.leave(left)
    const first = await page(aws, { MaxResults: 5 })
    aws.clock.now += HOUR - SECOND
    const late = aws.world.connect({ endpointId: STAFF, username: 'late@corp.example' })
    const second = await page(aws, { MaxResults: 5, NextToken: first.NextToken ?? '' })
    aws.clock.now += SECOND
    const third = await page(aws, { MaxResults: 5, NextToken: second.NextToken ?? '' })

    const seen = idsOf([first, second, third].flatMap(({ Connections = [] }) => Connections))
    expect(seen).toHaveLength(13)
    expect(new Set(seen).size).toBe(13)
    expect(seen.at(-1)).toBe(late)
    expect(aws.world.status(left)).toBeUndefined()
  })
})

describe('a row', () => {
  it('of a federated user has every member in AWS’s formats', async () => {
    const aws = await simulateAws([
      staff({ connections: [{ username: 'alice@corp.example', age: '2h5m', posture: ['compliant', 'known'] }] }),
    ])
    aws.clock.now += 7 * SECOND
    const [row] = await list(aws)
    expect(row).toEqual({
      ClientVpnEndpointId: STAFF,
      Timestamp: '2026-11-23 08:00:07',
      ConnectionId: expect.stringMatching(/^cvpn-connection-[0-9a-f]{17}$/),
      Username: 'alice@corp.example',
      ConnectionEstablishedTime: '2026-11-23 05:55:00',
      IngressBytes: expect.stringMatching(/^[1-9]\d*$/),
      EgressBytes: expect.stringMatching(/^[1-9]\d*$/),
      IngressPackets: expect.stringMatching(/^[1-9]\d*$/),
      EgressPackets: expect.stringMatching(/^[1-9]\d*$/),
      ClientIp: expect.stringMatching(/^10\.(6[4-9]|7\d)\.\d+\.\d+$/),
      CommonName: 'alice@corp.example',
      Status: { Code: 'active' },
      ConnectionEndTime: '-',
      PostureComplianceStatuses: ['compliant', 'known'],
    })
  })

  it('of a certificate has no user name, and may share its common name', async () => {
    const aws = await simulateAws([
      machines({
        connections: [{ commonName: 'shared.corp.example' }, { commonName: 'shared.corp.example' }],
      }),
    ])
    const rows = await list(aws, MACHINES)
    expect(rows.map((row) => [row.Username, row.CommonName])).toEqual([
      [undefined, 'shared.corp.example'],
      [undefined, 'shared.corp.example'],
    ])
    expect(rows.every((row) => !('Username' in row) || row.Username === undefined)).toBe(true)
  })

  it('of a directory user has the user name as common name too', async () => {
    const aws = await simulateAws([contractors({ connections: [{ username: 'dave' }] })])
    const [row] = await list(aws, contractors().id)
    expect(row).toMatchObject({ Username: 'dave', CommonName: 'dave' })
  })

  it('counts more bytes as time passes, and only keep-alives for an idle client', async () => {
    const aws = await simulateAws([staff({ connections: [{ username: 'busy' }, { username: 'idle', idle: true }] })])
    const bytes = async () => (await list(aws)).map((row) => Number(row.IngressBytes) + Number(row.EgressBytes))
    expect(await bytes()).toEqual([0, 0])
    aws.clock.now += 10 * MINUTE
    const [busy = 0, idle = 0] = await bytes()
    expect(busy).toBeGreaterThan(10 * 60 * 2000)
    expect(idle).toBeGreaterThan(0)
    // By default Curfew treats less than 2 KiB a minute as idle.
    expect(idle).toBeLessThan(10 * 2048)
  })

  it('shows the end of a connection for an hour, and is then removed', async () => {
    const aws = await simulateAws([staff({ connections: [{ username: 'alice' }, { username: 'bob' }] })])
    const [alice = ''] = idsOf(await list(aws))
    aws.clock.now += MINUTE
    aws.world.leave(alice)
    const [ended] = await list(aws)
    expect(ended).toMatchObject({
      Status: { Code: 'terminated' },
      ConnectionEndTime: '2026-11-23 08:01:00',
      Timestamp: '2026-11-23 08:01:00',
    })

    aws.clock.now += HOUR - 1
    const [still] = await list(aws)
    expect(still).toEqual(ended)
    aws.clock.now += 1
    expect(idsOf(await list(aws))).toHaveLength(1)
    expect(idsOf(await list(aws))).not.toContain(alice)
  })
})

describe('filters', () => {
  const people = staff({ connections: ['alice', 'alice', 'bob', 'Bob', 'carol'].map((username) => ({ username })) })

  it('accept any of their values, and must all match', async () => {
    const aws = await simulateAws([people])
    const [alice1 = '', alice2 = '', bob = ''] = idsOf(await list(aws)).map(String)
    expect(idsOf(await list(aws, STAFF, { username: ['bob', 'alice', 'alice', 'nobody'] }))).toEqual([
      alice1,
      alice2,
      bob,
    ])
    expect(idsOf(await list(aws, STAFF, { username: ['alice'], 'connection-id': [bob, alice2] }))).toEqual([alice2])
    expect(idsOf(await list(aws, STAFF, { 'connection-id': [bob, 'cvpn-connection-00000000000000000'] }))).toEqual([
      bob,
    ])
  })

  it('have at most 200 values', async () => {
    const aws = await simulateAws([people])
    const values = (count: number) => ({ 'connection-id': Array.from({ length: count }, (_, at) => `c-${at}`) })
    expect(await list(aws, STAFF, values(200))).toEqual([])
    expect(await refusal(list(aws, STAFF, values(201)))).toBe('FilterLimitExceeded 400')
  })

  it('are case-sensitive', async () => {
    const aws = await simulateAws([people])
    expect(await list(aws, STAFF, { username: ['BOB'] })).toEqual([])
    expect(await list(aws, STAFF, { username: ['Bob'] })).toHaveLength(1)
    expect(await refusal(list(aws, STAFF, { Username: ['bob'] }))).toBe('InvalidFilter 400')
  })

  it('that AWS does not document are refused, `status` too', async () => {
    const aws = await simulateAws([people])
    expect(await refusal(list(aws, STAFF, { status: ['active'] }))).toBe('InvalidFilter 400')
  })

  it('apply to every page', async () => {
    const aws = await simulateAws([
      staff({ connections: Array.from({ length: 24 }, (_, index) => ({ username: index % 2 ? 'odd' : 'even' })) }),
    ])
    const Filters = [{ Name: 'username', Values: ['odd'] }]
    const sizes = []
    for (let token: string | undefined = ''; token !== undefined; ) {
      const { Connections = [], NextToken } = await page(aws, {
        MaxResults: 5,
        Filters,
        ...(token && { NextToken: token }),
      })
      expect(Connections.every((row) => row.Username === 'odd')).toBe(true)
      sizes.push(Connections.length)
      token = NextToken
    }
    expect(sizes).toEqual([5, 5, 2])
  })
})

describe('a list of connections is refused', () => {
  const crowd = staff({ clients: [{ count: 12, name: 'person{n}@corp.example' }] })

  it.each([0, 4, 1001])('for %i rows a page', async (MaxResults) => {
    const aws = await simulateAws([crowd])
    expect(await refusal(page(aws, { MaxResults }))).toBe('InvalidParameterValue 400')
  })

  it('for a token that is invented, altered, too old or of another list', async () => {
    const aws = await simulateAws([crowd, machines()])
    const { NextToken: token = '' } = await page(aws, { MaxResults: 5 })
    const invalid = 'InvalidPaginationToken 400'
    const half = token.length >> 1
    const altered = token.slice(0, half) + (token[half] === 'A' ? 'B' : 'A') + token.slice(half + 1)

    expect(await refusal(page(aws, { NextToken: 'made-up' }))).toBe(invalid)
    expect(await refusal(page(aws, { NextToken: altered }))).toBe(invalid)
    expect(await refusal(page(aws, { NextToken: `${token}A` }))).toBe(invalid)
    expect(await refusal(page(aws, { NextToken: token, ClientVpnEndpointId: MACHINES }))).toBe(invalid)
    expect(await refusal(page(aws, { NextToken: token, Filters: [{ Name: 'username', Values: ['a'] }] }))).toBe(invalid)
    aws.clock.now += HOUR - 1
    expect((await page(aws, { NextToken: token })).Connections).toHaveLength(7)
    aws.clock.now += 1
    expect(await refusal(page(aws, { NextToken: token }))).toBe(invalid)
  })

  it('for an endpoint that does not exist, is in another Region, or is not named', async () => {
    const aws = await simulateAws([crowd])
    const unknown = 'cvpn-endpoint-00000000000000000'
    expect(await refusal(list(aws, unknown))).toBe('InvalidClientVpnEndpointId.NotFound 400')
    const elsewhere = new DescribeClientVpnConnectionsCommand({ ClientVpnEndpointId: STAFF })
    expect(await refusal(aws.clientIn('us-east-1').send(elsewhere))).toBe('InvalidClientVpnEndpointId.NotFound 400')
    expect(await refusal(list(aws, ''))).toBe('MissingParameter 400')
  })
})
