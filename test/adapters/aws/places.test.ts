import { describe, expect, it, vi } from 'vitest'
import { AWS_ACTIONS } from '../../../src/adapters/aws/actions.ts'
import type { VpnSite } from '../../../src/app/vpn.ts'
import { isActive } from '../../../src/domain/connection.ts'
import { answerXml, reply, startStandIn } from './ec2-stand-in.ts'
import {
  ABROAD,
  CONTRACTORS,
  codeOf,
  failureOf,
  never,
  OFFICE,
  OTHER_ACCOUNT,
  OWN_ACCOUNT,
  REGION,
  ROLE,
  STAFF,
  simulateAccounts,
} from './simulated-accounts.ts'

describe('endpoints', () => {
  it('are listed for one account and one Region, with their tags', async () => {
    const { connect } = await simulateAccounts()
    expect(await connect().endpoints(never)).toEqual([
      {
        id: STAFF,
        name: 'staff',
        tags: new Map([
          ['Name', 'staff'],
          ['vpn-policy', 'enforced'],
        ]),
        status: 'available',
      },
    ])
    const ids = async (vpn: VpnSite) => (await vpn.endpoints(never)).map(({ id }) => id)
    expect(await ids(connect({ region: ABROAD }))).toEqual([OFFICE])
    expect(await ids(connect({ assumeRole: ROLE }))).toEqual([CONTRACTORS])
    expect(await ids(connect({ assumeRole: ROLE, region: ABROAD }))).toEqual([])
  })

  it('are read from all pages, and later lists show their changes', async () => {
    const many = Array.from({ length: 1200 }, (_, index) => ({
      id: `cvpn-endpoint-${index.toString(16).padStart(17, '0')}`,
      name: `endpoint-${index}`,
      region: REGION,
      authentication: 'directory' as const,
    }))
    const { connect, requestsOf, world } = await simulateAccounts({ scenario: { endpoints: many } })
    const pages: number[] = []
    const vpn = connect({ beforePage: async () => void pages.push(1) })
    expect((await vpn.endpoints(never)).map(({ id }) => id)).toEqual(many.map(({ id }) => id))
    expect(requestsOf('DescribeClientVpnEndpoints').map(({ params }) => params.MaxResults)).toEqual(['1000', '1000'])
    expect(pages).toHaveLength(2)

    const [first = '', second = ''] = many.map(({ id }) => id)
    world.changeEndpoint(first, { status: 'deleting', name: '' })
    world.removeEndpoint(second)
    const after = await vpn.endpoints(never)
    expect(after).toHaveLength(1199)
    expect(after[0]).toMatchObject({ id: first, name: undefined, status: 'deleting' })
  })

  it.each([
    ['no list', answerXml('DescribeClientVpnEndpoints', '')],
    ['another list', answerXml('DescribeClientVpnEndpoints', '<connections/>')],
    [
      'an endpoint without an id',
      answerXml('DescribeClientVpnEndpoints', '<clientVpnEndpoint><item/></clientVpnEndpoint>'),
    ],
    ['a login page', '<html>please log in</html>'],
  ])('are not read from an answer with %s', async (_, body) => {
    await using server = await startStandIn(reply(body))
    const { connect } = await simulateAccounts()
    expect(await codeOf(connect({ endpointUrl: server.url }).endpoints(never))).toBe('malformed')
  })

  it('cannot be listed without permission, and the message names it', async () => {
    const { connect } = await simulateAccounts({ scenario: { deny: ['ec2:DescribeClientVpnEndpoints'] } })
    const { code, message } = await failureOf(connect().endpoints(never))
    expect(code).toBe('denied')
    expect(message).toContain('allow ec2:DescribeClientVpnEndpoints on *')
  })
})

describe('the account', () => {
  it('is that of the credentials', async () => {
    const { connect, requestsOf } = await simulateAccounts()
    expect(await connect().account(never)).toBe(OWN_ACCOUNT)
    expect(requestsOf('GetCallerIdentity')).toMatchObject([{ service: 'sts', region: REGION }])
  })

  it('is that of the role, and no request is sent', async () => {
    const { connect, requests } = await simulateAccounts()
    expect(await connect({ assumeRole: ROLE }).account(never)).toBe(OTHER_ACCOUNT)
    expect(requests).toEqual([])
  })

  it('is unknown when STS cannot be reached', async () => {
    const { connect } = await simulateAccounts()
    vi.stubEnv('AWS_ENDPOINT_URL_STS', 'http://127.0.0.1:1')
    expect(await codeOf(connect().account(never))).toBe('unreachable')
  })
})

describe('a termination by user name', () => {
  it('ends all connections of the user and no others', async () => {
    const { connect } = await simulateAccounts()
    const vpn = connect()
    const { statuses } = await vpn.terminate({ endpointId: STAFF, username: 'bob' }, never)
    expect(statuses.map(({ previous, current }) => [previous, current])).toEqual([
      ['active', 'terminating'],
      ['active', 'terminating'],
    ])
    const left = (await vpn.snapshot(STAFF, never)).connections.filter((row) => isActive(row) && row.username !== 'bob')
    expect(left.map(({ username }) => username)).toEqual(['alice'])
  })

  it('fails for a user without connections, and for a user with too many', async () => {
    const { connect, world } = await simulateAccounts()
    const vpn = connect()
    expect(await codeOf(vpn.terminate({ endpointId: STAFF, username: 'Bob' }, never))).toBe('user-not-found')
    for (let count = 0; count < 4; count++) world.connect({ endpointId: STAFF, username: 'bob' })
    expect(await codeOf(vpn.terminate({ endpointId: STAFF, username: 'bob' }, never))).toBe('too-many-connections')
    expect(world.connections(STAFF).every(({ status }) => status === 'active')).toBe(true)
  })
})

describe('the list of actions', () => {
  it('holds exactly the actions that the adapter calls, and those that read logs', async () => {
    const { connect, requests, world } = await simulateAccounts()
    const connectionId = world.connections(CONTRACTORS)[0]?.connectionId ?? ''
    /** Calls every method of the adapter. The type requires an entry for each new method. */
    const calls: Readonly<Record<keyof VpnSite, (vpn: VpnSite) => Promise<unknown>>> = {
      snapshot: (vpn) => vpn.snapshot(CONTRACTORS, never),
      lookUp: (vpn) => vpn.lookUp(CONTRACTORS, [connectionId], never),
      terminate: (vpn) => vpn.terminate({ endpointId: CONTRACTORS, connectionId }, never),
      endpoints: (vpn) => vpn.endpoints(never),
      missingPermissions: (vpn) => vpn.missingPermissions(CONTRACTORS, never),
      account: (vpn) => vpn.account(never),
    }
    const ofRole = connect({ assumeRole: ROLE })
    for (const call of Object.values(calls)) await call(ofRole)
    await connect().account(never)
    const called = new Set(requests.map(({ service, action }) => `${service}:${action}`))
    expect([...called, 'logs:FilterLogEvents'].sort()).toEqual([...AWS_ACTIONS].sort())
  })
})
