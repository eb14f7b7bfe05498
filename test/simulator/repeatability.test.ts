import { describe, expect, it } from 'vitest'
import { MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { defaultScenario } from '../../src/simulator/default-scenario.ts'
import { startSimulator } from '../../src/simulator/server.ts'
import { post, SIGNATURE, START, simulateAws, staff } from './simulated-aws.ts'

const [STAFF = '', MACHINES = '', CONTRACTORS = ''] = defaultScenario.endpoints.map((endpoint) => endpoint.id)

const DAY_OF_REQUESTS = [
  { atMs: 0, ask: { Action: 'DescribeClientVpnConnections', ClientVpnEndpointId: STAFF, MaxResults: '5' } },
  { atMs: 0, ask: { Action: 'DescribeClientVpnEndpoints' } },
  {
    atMs: 4 * SECOND,
    ask: { Action: 'TerminateClientVpnConnections', ClientVpnEndpointId: STAFF, Username: 'frank@corp.example' },
  },
  { atMs: 9 * MINUTE, ask: { Action: 'DescribeClientVpnConnections', ClientVpnEndpointId: STAFF } },
  { atMs: 9 * MINUTE, ask: { Action: 'Nonsense' } },
  { atMs: 300 * MINUTE, ask: { Action: 'DescribeClientVpnConnections', ClientVpnEndpointId: MACHINES } },
  { atMs: 301 * MINUTE, ask: { Action: 'DescribeClientVpnConnections', ClientVpnEndpointId: STAFF } },
]

const withSimulator = async <Result>(
  seed: number | undefined,
  use: (
    url: string,
    clock: { now: number },
    world: Awaited<ReturnType<typeof startSimulator>>['world'],
  ) => Promise<Result>,
): Promise<Result> => {
  const clock = { now: START }
  const simulator = await startSimulator({
    scenario: defaultScenario,
    now: () => clock.now,
    ...(seed !== undefined && { seed }),
  })
  try {
    return await use(simulator.url, clock, simulator.world)
  } finally {
    await simulator.close()
  }
}

const bodies = (seed?: number) =>
  withSimulator(seed, async (url, clock) => {
    const texts = []
    for (const { atMs, ask } of DAY_OF_REQUESTS) {
      clock.now = START + atMs
      const answer = await post(url, ask)
      texts.push(`${answer.headers.get('x-amzn-requestid')} ${await answer.text()}`)
    }
    return texts
  })

describe('the world', () => {
  it('is the same, byte for byte, for the same seed and the same requests', async () => {
    expect(await bodies(7)).toEqual(await bodies(7))
  })

  it('uses the seed of the scenario, unless the simulator is started with one', async () => {
    const idsOf = async (inScenario: number, asOption?: number) => {
      const options = asOption === undefined ? {} : { seed: asOption }
      const aws = await simulateAws([staff({ connections: [{ username: 'a' }] })], {
        scenario: { seed: inScenario },
        ...options,
      })
      return aws.world.connections(STAFF).map((row) => row.connectionId)
    }
    expect(await idsOf(5)).not.toEqual(await idsOf(6))
    expect(await idsOf(5, 6)).toEqual(await idsOf(6))
  })

  it('is different for another seed', async () => {
    const one = await bodies(7)
    const other = await bodies(8)
    expect(one.map((body, index) => body === other[index])).toEqual(one.map(() => false))
  })

  it('does not depend on the number of requests', async () => {
    const after = (requests: number) =>
      withSimulator(undefined, async (url, clock, world) => {
        for (let request = 1; request <= requests; request++) {
          clock.now = START + (request * 300 * MINUTE) / requests
          await post(url, { Action: 'DescribeClientVpnEndpoints' }, { authorization: SIGNATURE })
        }
        return world.connections(STAFF)
      })
    const once = await after(1)
    expect(once.length).toBeGreaterThan(10)
    expect(await after(60)).toEqual(once)
  })
})

describe('request ids', () => {
  it('are independent of connection ids', async () => {
    // An idle client needs no other random number. Two generators in step would give both ids the same digits.
    const aws = await simulateAws([staff({ connections: [{ username: 'a', idle: true }] })])
    const answer = await post(aws.url, { Action: 'DescribeClientVpnEndpoints' })
    const requestId = answer.headers.get('x-amzn-requestid') ?? ''
    const [row] = aws.world.connections(STAFF)
    expect(row?.connectionId).not.toBe(`cvpn-connection-0${requestId.replaceAll('-', '').slice(0, 16)}`)
    expect(row?.connectionId.slice(17, 25)).not.toBe(requestId.slice(0, 8))
  })
})

describe('the default scenario', () => {
  it('has clients of every authentication that connect, stay and leave', async () => {
    await withSimulator(undefined, async (_, clock, world) => {
      const atStart = new Map([STAFF, MACHINES, CONTRACTORS].map((id) => [id, world.connections(id)]))
      expect([...atStart.values()].map((rows) => rows.length)).toEqual([25, 12, 16])
      clock.now += 2 * 60 * MINUTE
      const later = world.connections(STAFF)
      const known = new Set(atStart.get(STAFF)?.map((row) => row.connectionId))
      expect(later.some((row) => !known.has(row.connectionId))).toBe(true)
      expect(later.some((row) => row.status === 'terminated')).toBe(true)
      expect(world.connections(MACHINES).every((row) => row.status === 'active' && row.username === undefined)).toBe(
        true,
      )
    })
  })
})
