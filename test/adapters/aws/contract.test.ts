import { afterEach, describe, expect, it } from 'vitest'
import { createVpn } from '../../../src/adapters/aws/vpn.ts'
import { hostClock } from '../../../src/adapters/host/clock.ts'
import { VpnError } from '../../../src/app/vpn.ts'
import { type Connection, isActive } from '../../../src/domain/connection.ts'
import { elapsedAt } from '../../../src/domain/time/elapsed.ts'
import { HOUR, MINUTE, SECOND } from '../../../src/domain/time/instant.ts'
import { type ScenarioInput, scenarioSchema } from '../../../src/simulator/scenario.ts'
import { type SimulatorOptions, startSimulator } from '../../../src/simulator/server.ts'
import { useFakeCredentials } from './fake-credentials.ts'

useFakeCredentials()

const ENDPOINT = 'cvpn-endpoint-0123456789abcdef0'
const REGION = 'eu-central-1'
const never = new AbortController().signal

// The host's time, rounded down to the second. The SDK repeats a failed call if its answer's date is minutes off.
const START = Math.floor(Date.now() / SECOND) * SECOND

const open: Array<() => unknown> = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

type ListedClient = { username: string; age?: string; posture?: string[] }

/** The real adapter on a simulated EC2 with one endpoint. `advance` moves the time. */
const setUp = async (
  connections: ListedClient[] = [],
  {
    scenario = {},
    clients = [],
    ...options
  }: Omit<Partial<SimulatorOptions>, 'scenario'> & {
    scenario?: Omit<Partial<ScenarioInput>, 'endpoints'>
    clients?: Array<{ count: number; name: string }>
  } = {},
) => {
  let at = START
  const simulator = await startSimulator({
    scenario: scenarioSchema.parse({
      ...scenario,
      endpoints: [{ id: ENDPOINT, name: 'staff', region: REGION, authentication: 'directory', connections, clients }],
    }),
    now: () => at,
    ...options,
  })
  open.push(() => simulator.close())
  const clock = {
    now: () => at,
    elapsed: () => elapsedAt(at),
    trust: () => 'confirmed' as const,
    sleep: hostClock.sleep,
  }
  const inRegion = (region: string) => {
    const vpn = createVpn({ region, endpointUrl: simulator.url, requestTimeoutMs: 20_000, clock })
    open.push(() => vpn.close())
    return vpn
  }
  return {
    ...simulator,
    vpn: inRegion(REGION),
    inRegion,
    advance: (ms: number) => {
      at += ms
    },
    requestsOf: (action: string) => simulator.requests.filter((request) => request.action === action),
  }
}

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'none',
    (error: unknown) => (error instanceof VpnError ? error.code : error),
  )

const byName = (connections: readonly Connection[], username: string) => {
  const found = connections.find((connection) => connection.username === username)
  if (found === undefined) return expect.fail(`${username} is not listed`)
  return found
}

describe('snapshot', () => {
  it('reads every fact of a connection', async () => {
    const { vpn, advance, world } = await setUp([{ username: 'alice', age: '2h', posture: ['compliant'] }])
    const id = world.connections(ENDPOINT)[0]?.connectionId ?? ''
    world.transfer(id, { ingress: 5_000_000_000, egress: 7 })
    advance(MINUTE)
    const listed = world.connections(ENDPOINT)[0]

    const snapshot = await vpn.snapshot(ENDPOINT, never)
    expect(snapshot).toEqual({
      endpointId: ENDPOINT,
      begunAt: START + MINUTE,
      completedAt: START + MINUTE,
      connections: [
        {
          id,
          endpointId: ENDPOINT,
          region: REGION,
          username: 'alice',
          commonName: 'alice',
          establishedAt: START - 2 * HOUR,
          status: 'active',
          ingressBytes: listed?.ingressBytes,
          egressBytes: listed?.egressBytes,
          posture: ['compliant'],
        },
      ],
      places: new Map([[id, 0]]),
      unread: new Map(),
    })
    expect(snapshot.connections[0]?.ingressBytes).toBeGreaterThanOrEqual(5_000_000_000)
    // A new fact whose element nobody reads would be undefined here, and equal to no fact at all.
    expect(Object.values(snapshot.connections[0] ?? {})).not.toContain(undefined)
  })

  it('gives a row that did not change as the object of the snapshot before', async () => {
    const { vpn, world } = await setUp([{ username: 'alice' }, { username: 'bob' }])
    const before = (await vpn.snapshot(ENDPOINT, never)).connections
    world.transfer(before[1]?.id ?? '', { ingress: 7, egress: 7 })
    const shown = (id: string) => before.find((row) => row.id === id)
    const { connections } = await vpn.snapshot(ENDPOINT, never, undefined, shown)
    expect(connections.map(({ id }) => shown(id)?.username)).toEqual(['alice', 'bob'])
    expect(connections.map((row) => row === shown(row.id))).toEqual([true, false])
  })

  it('reads an empty list as no connections', async () => {
    const { vpn } = await setUp()
    expect((await vpn.snapshot(ENDPOINT, never)).connections).toEqual([])
  })

  it('reads 2,300 connections from three pages', async () => {
    const { vpn, requestsOf, world } = await setUp([], { clients: [{ count: 2300, name: 'user-{n}' }] })
    const { connections } = await vpn.snapshot(ENDPOINT, never)
    expect(requestsOf('DescribeClientVpnConnections').map(({ params }) => params.MaxResults)).toEqual([
      '1000',
      '1000',
      '1000',
    ])
    expect(new Set(connections.map(({ id }) => id))).toEqual(
      new Set(world.connections(ENDPOINT).map(({ connectionId }) => connectionId)),
    )
    expect(connections).toHaveLength(2300)
  })

  it('keeps every connection that stays while the list changes', async () => {
    const onLaterPage: Array<() => void> = []
    const { vpn, world, advance } = await setUp([], {
      clients: [{ count: 2300, name: 'user-{n}' }],
      intercept: ({ params }) => {
        if (params.NextToken !== undefined) for (const move of onLaterPage) move()
        return undefined
      },
    })
    const before = world.connections(ENDPOINT)
    const leavers = new Set(before.filter((_, index) => index % 7 === 0).map(({ connectionId }) => connectionId))
    const late: string[] = []
    onLaterPage.push(() => {
      advance(SECOND)
      for (const id of leavers) if (world.status(id) === 'active') world.leave(id)
      late.push(world.connect({ endpointId: ENDPOINT, username: `late-${late.length}` }))
    })

    const snapshot = await vpn.snapshot(ENDPOINT, never)
    const ids = snapshot.connections.map(({ id }) => id)
    expect(ids).toHaveLength(new Set(ids).size)
    const seen = new Set(ids)
    for (const { connectionId } of before) expect(seen).toContain(connectionId)
    expect(late).toHaveLength(2)
    expect([snapshot.begunAt, snapshot.completedAt]).toEqual([START, START + 2 * SECOND])
  })

  it('starts again once if its token is refused', async () => {
    let refusals = 1
    const { vpn, requestsOf } = await setUp([], {
      clients: [{ count: 1200, name: 'user-{n}' }],
      intercept: ({ params }) => {
        if (params.NextToken === undefined || refusals === 0) return undefined
        refusals -= 1
        return {
          status: 400,
          body: '<Response><Errors><Error><Code>InvalidPaginationToken</Code><Message>no</Message></Error></Errors></Response>',
        }
      },
    })
    expect((await vpn.snapshot(ENDPOINT, never)).connections).toHaveLength(1200)
    expect(requestsOf('DescribeClientVpnConnections').map(({ params }) => params.NextToken === undefined)).toEqual([
      true,
      false,
      true,
      false,
    ])
  })

  it.each(['cvpn-endpoint-0123456789abcdef1', 'nonsense'])('fails for the unknown endpoint %s', async (endpointId) => {
    const { vpn } = await setUp()
    expect(await codeOf(vpn.snapshot(endpointId, never))).toBe('endpoint-not-found')
  })

  it('fails for an endpoint of another Region', async () => {
    const { inRegion } = await setUp()
    expect(await codeOf(inRegion('us-east-1').snapshot(ENDPOINT, never))).toBe('endpoint-not-found')
  })

  it('names the missing permission if it is denied', async () => {
    const { vpn } = await setUp([], { scenario: { deny: ['ec2:DescribeClientVpnConnections'] } })
    const failure = await vpn.snapshot(ENDPOINT, never).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'denied', awsCode: 'UnauthorizedOperation' })
    expect(failure).toHaveProperty('requestId', expect.stringMatching(/./))
    expect(failure).toHaveProperty(
      'message',
      expect.stringContaining(
        `allow ec2:DescribeClientVpnConnections on arn:aws:ec2:${REGION}:*:client-vpn-endpoint/${ENDPOINT}`,
      ),
    )
  })

  it('fails if a later page is throttled, and returns no partial list', async () => {
    const { vpn, requestsOf } = await setUp([], {
      clients: [{ count: 1200, name: 'user-{n}' }],
      scenario: { buckets: { describe: { burst: 1, perSecond: 1 } } },
    })
    expect(await codeOf(vpn.snapshot(ENDPOINT, never))).toBe('throttled')
    expect(requestsOf('DescribeClientVpnConnections').map(({ status }) => status)).toEqual([200, 503, 503, 503])
  })
})

describe('lookUp', () => {
  it('asks AWS for these connections only, in one request', async () => {
    const { vpn, requestsOf, world, advance } = await setUp([], { clients: [{ count: 2300, name: 'user-{n}' }] })
    advance(SECOND)
    const all = world.connections(ENDPOINT).map(({ connectionId }) => connectionId)
    const asked = [...all.slice(1000, 1199), 'cvpn-connection-00000000000000000']
    const found = await vpn.lookUp(ENDPOINT, asked, never)
    expect(found).toMatchObject({ endpointId: ENDPOINT, asked, begunAt: START + SECOND, completedAt: START + SECOND })
    expect(found.connections.map(({ id }) => id)).toEqual(asked.slice(0, -1))
    const [request, ...others] = requestsOf('DescribeClientVpnConnections')
    expect([request?.params['Filter.1.Name'], request?.params['Filter.1.Value.200'], others]).toEqual([
      'connection-id',
      asked.at(-1),
      [],
    ])
  })

  it('shows a connection that ended as terminated', async () => {
    const { vpn, world, advance } = await setUp([{ username: 'alice' }])
    const [id = ''] = world.connections(ENDPOINT).map(({ connectionId }) => connectionId)
    await vpn.terminate({ endpointId: ENDPOINT, connectionId: id }, never)
    const statusOf = async () => (await vpn.lookUp(ENDPOINT, [id], never)).connections.map(({ status }) => status)
    expect(await statusOf()).toEqual(['terminating'])
    advance(2 * SECOND)
    expect(await statusOf()).toEqual(['terminated'])
    advance(HOUR)
    expect(await statusOf()).toEqual([])
  })

  it('stops reading at the first page with a connection that was not asked for', async () => {
    const { vpn, requestsOf, world } = await setUp([], {
      clients: [{ count: 2300, name: 'user-{n}' }],
      scenario: { faults: [{ fault: 'filter-ignored' }] },
    })
    const [id = ''] = world.connections(ENDPOINT).map(({ connectionId }) => connectionId)
    expect((await vpn.lookUp(ENDPOINT, [id], never)).connections).toHaveLength(1000)
    expect(requestsOf('DescribeClientVpnConnections')).toHaveLength(1)
  })

  it('fails as a bad request if AWS refuses the filter', async () => {
    const { vpn } = await setUp([{ username: 'alice' }], { scenario: { faults: [{ fault: 'filter-refused' }] } })
    expect(await codeOf(vpn.lookUp(ENDPOINT, ['cvpn-connection-1'], never))).toBe('bad-request')
  })
})

describe('terminate', () => {
  it('starts a termination that later snapshots show', async () => {
    const { vpn, advance } = await setUp([{ username: 'alice' }, { username: 'bob' }])
    const alice = byName((await vpn.snapshot(ENDPOINT, never)).connections, 'alice')
    const answer = await vpn.terminate({ endpointId: ENDPOINT, connectionId: alice.id }, never)
    expect(answer).toEqual({
      requestId: expect.stringMatching(/./),
      statuses: [{ connectionId: alice.id, previous: 'active', current: 'terminating' }],
    })

    const statuses = async () =>
      (await vpn.snapshot(ENDPOINT, never)).connections.filter(({ id }) => id === alice.id).map(({ status }) => status)
    expect(await statuses()).toEqual(['terminating'])
    advance(2 * SECOND)
    expect(await statuses()).toEqual(['terminated'])
    const ended = (await vpn.snapshot(ENDPOINT, never)).connections.find(({ id }) => id === alice.id)
    expect(ended?.endedAt).toBe(START + 2 * SECOND)
    expect(
      (await vpn.snapshot(ENDPOINT, never)).connections.filter(isActive).map(({ username }) => username),
    ).toContain('bob')
    advance(61 * MINUTE)
    expect(await statuses()).toEqual([])
  })

  it('returns the statuses of a connection that was already terminated', async () => {
    const { vpn, advance } = await setUp([{ username: 'alice' }])
    const { id } = byName((await vpn.snapshot(ENDPOINT, never)).connections, 'alice')
    await vpn.terminate({ endpointId: ENDPOINT, connectionId: id }, never)
    advance(3 * SECOND)
    const again = await vpn.terminate({ endpointId: ENDPOINT, connectionId: id }, never)
    expect(again.statuses).toEqual([{ connectionId: id, previous: 'terminated', current: 'terminated' }])
  })

  it('fails for an unknown connection and an unknown endpoint with different codes', async () => {
    const { vpn, inRegion } = await setUp([{ username: 'alice' }])
    const { id } = byName((await vpn.snapshot(ENDPOINT, never)).connections, 'alice')
    const unknown = 'cvpn-connection-0123456789abcdef0'
    expect(await codeOf(vpn.terminate({ endpointId: ENDPOINT, connectionId: unknown }, never))).toBe(
      'connection-not-found',
    )
    const elsewhere = 'cvpn-endpoint-0123456789abcdef1'
    expect(await codeOf(vpn.terminate({ endpointId: elsewhere, connectionId: id }, never))).toBe('endpoint-not-found')
    const abroad = inRegion('us-east-1').terminate({ endpointId: ENDPOINT, connectionId: id }, never)
    expect(await codeOf(abroad)).toBe('endpoint-not-found')
  })

  it('fails with `denied` without permission', async () => {
    const { vpn } = await setUp([{ username: 'alice' }], { scenario: { deny: ['ec2:TerminateClientVpnConnections'] } })
    const { id } = byName((await vpn.snapshot(ENDPOINT, never)).connections, 'alice')
    expect(await codeOf(vpn.terminate({ endpointId: ENDPOINT, connectionId: id }, never))).toBe('denied')
  })

  it('sends a throttled call only once and leaves the repetition to its caller', async () => {
    const { vpn, requestsOf } = await setUp([{ username: 'alice' }, { username: 'bob' }], {
      scenario: { buckets: { terminate: { burst: 1, perSecond: 1 } } },
    })
    const { connections } = await vpn.snapshot(ENDPOINT, never)
    const end = (username: string) =>
      codeOf(vpn.terminate({ endpointId: ENDPOINT, connectionId: byName(connections, username).id }, never))
    expect([await end('alice'), await end('bob')]).toEqual(['none', 'throttled'])
    expect(requestsOf('TerminateClientVpnConnections').map(({ status }) => status)).toEqual([200, 503])
  })
})
