import { describe, expect, it } from 'vitest'
import { HOUR } from '../../src/domain/time/instant.ts'
import { type Running, workspace } from './curfew.ts'
import { FAULTS } from './faulty-aws.ts'
import { AGE_POLICY, isTermination, startOffice, terminatedIds } from './office.ts'

const CONNECTIONS = 1200
const ENDPOINTS = [0, 1, 2, 3, 4, 5].map((digit) => `cvpn-endpoint-0123456789abcde0${digit}`)

const endpoint = (id: string, count: number) => ({
  id,
  name: id.slice(-1),
  region: 'eu-central-1',
  authentication: 'federated' as const,
  clients: [{ count, name: 'person-{n}', ages: { from: '0s', to: '1h' } }],
})

const files = (endpoints: readonly string[]) => ({
  'policies.yaml': AGE_POLICY,
  'curfew.yaml': `
version: 1
mode: enforce
policies: [./policies.yaml]
watch: [{ region: eu-central-1, endpoints: [${endpoints.join(', ')}] }]
poll: { schedule: "* * * * * *", minGap: 1s, requestTimeout: 4s, rate: { burst: 100, perSecond: 20 } }
termination: { verifyWithin: 2s }
server: { port: 0 }
log: { level: debug }
`,
})

const lines = (running: Running, event: string, endpointId: string) =>
  running.log().filter((line) => line.event === event && line.vpn_endpoint === endpointId)

const PLACES = ['first page', 'later page'] as const
type Place = (typeof PLACES)[number]
const CASES = PLACES.flatMap((place) => FAULTS.map((fault) => ({ ...fault, place })))

const expectCleanStop = async (running: Running) => {
  running.child.kill('SIGTERM')
  expect(await running.exited).toBe(0)
  expect(running.stderr).toBe('')
}

describe.concurrent('one process recovers by itself from every fault on the wire', () => {
  it('on the first page and on a later one: it discards a list that is not complete', async () => {
    const armed = new Map<string, (typeof CASES)[number]>()
    const isPage = (params: Readonly<Record<string, string>>, place: Place) =>
      (params.NextToken === undefined) === (place === 'first page')
    await using office = await startOffice(
      { endpoints: ENDPOINTS.map((id) => endpoint(id, CONNECTIONS)) },
      {
        intercept: (request) => {
          const { action, params } = request
          const fault = armed.get(params.ClientVpnEndpointId ?? '')
          if (action !== 'DescribeClientVpnConnections' || params.DryRun === 'true' || fault === undefined) return
          return isPage(params, fault.place) ? fault.fault : undefined
        },
      },
    )
    await using here = await workspace(files(ENDPOINTS))
    await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
    const violators: string[] = []

    const inject = async (endpointId: string, cases: typeof CASES) => {
      for (const fault of cases) {
        const before = lines(running, 'poll-failed', endpointId).length
        armed.set(endpointId, fault)
        const ids = ['alice', 'bob'].map((username) => office.world.connect({ endpointId, username, ageMs: 9 * HOUR }))
        violators.push(...ids)
        const failed = await running.until(() => lines(running, 'poll-failed', endpointId)[before])
        expect([fault.fault, fault.place, failed.code]).toEqual([fault.fault, fault.place, fault.code])
        expect(failed.msg).toContain(endpointId)
        armed.delete(endpointId)
        for (const id of ids) await running.untilLogged('accepted', ({ connectionId }) => connectionId === id)
      }
    }
    await Promise.all(
      ENDPOINTS.map(async (endpointId, lane) => {
        await running.untilLogged('decided', (line) => line.vpn_endpoint === endpointId)
        await inject(
          endpointId,
          CASES.filter((_, index) => index % ENDPOINTS.length === lane),
        )
      }),
    )

    expect(violators).toHaveLength(2 * CASES.length)
    for (const id of violators)
      await running.untilLogged(
        'termination',
        ({ connectionId, outcome }) => connectionId === id && outcome === 'confirmed',
      )
    expect(terminatedIds(office).toSorted()).toEqual(violators.toSorted())
    // No incomplete answer was ever mistaken for an endpoint with fewer connections.
    for (const { event, active } of running.log())
      if (event === 'decided') expect(active).toBeGreaterThanOrEqual(CONNECTIONS)
    await expectCleanStop(running)
  })

  it('on a termination: it sends the call again unless AWS acted on it, and ends no other connection', async () => {
    const [endpointId = ''] = ENDPOINTS
    const faultOf = new Map<string, (typeof FAULTS)[number]>()
    const calls = new Map<string, number>()
    await using office = await startOffice(
      { endpoints: [endpoint(endpointId, 50)] },
      {
        intercept: (request) => {
          if (!isTermination(request)) return undefined
          const id = request.params.ConnectionId ?? ''
          const count = (calls.get(id) ?? 0) + 1
          calls.set(id, count)
          return count <= 2 ? faultOf.get(id)?.fault : undefined
        },
      },
    )
    for (const fault of FAULTS)
      faultOf.set(office.world.connect({ endpointId, username: 'alice', ageMs: 9 * HOUR }), fault)
    await using here = await workspace(files([endpointId]))
    await using running = here.start(['run', '-c', 'curfew.yaml'], office.env)
    for (const [id, { fault, code, done = false }] of faultOf) {
      await running.untilLogged(
        'termination',
        ({ connectionId, outcome }) => connectionId === id && outcome === 'confirmed',
      )
      const outcomes = running
        .log()
        .filter((line) => line.event === 'call-answered' && String(line.connectionIds) === id)
        .map(({ outcome }) => outcome)
      expect([fault, ...outcomes]).toEqual(done ? [fault, code] : [fault, code, code, 'accepted'])
    }
    expect(terminatedIds(office).filter((id) => !faultOf.has(id))).toEqual([])
    const active = office.world.connections(endpointId).filter(({ status }) => status === 'active')
    expect(active).toHaveLength(50)
    await expectCleanStop(running)
  })
})
