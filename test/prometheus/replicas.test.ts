import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createMetrics } from '../../src/adapters/prometheus/metrics.ts'
import type { Endpoint } from '../../src/app/endpoint.ts'
import type { UnitHolding } from '../../src/app/tenure.ts'
import { HOUR, SECOND } from '../../src/domain/time/instant.ts'
import { EVENTS } from '../adapters/log/events.ts'
import { policy } from '../domain/build.ts'
import { queriesOf } from '../house/dashboard-queries.ts'
import { startAlertmanager } from './alertmanager.ts'
import { complaints } from './complaints.ts'
import { eventually } from './eventually.ts'
import { startPrometheus } from './prometheus.ts'

const POLICIES = [policy('max-session-age', { maxAge: '8h' }, { name: 'daily' })]

const endpoint = (index: number): Endpoint => ({
  id: `cvpn-endpoint-${index}`,
  name: `office ${index}`,
  region: 'eu-central-1',
  account: `11112222333${index}`,
})
const ENDPOINTS = [endpoint(0), endpoint(1), endpoint(2)]

/** The metrics of a replica over HTTP. It is told what it holds, as a fleet tells it. */
const startReplica = async () => {
  const metrics = createMetrics({
    version: '0.0.0',
    policies: () => POLICIES,
    targets: () => [],
    changedAt: () => 0,
    engine: 'postgres',
  })
  const server = createServer((_request, response) => {
    void metrics.registry.metrics().then((text) => {
      response.setHeader('content-type', metrics.registry.contentType)
      response.end(text)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { observe } = metrics
  observe({ ...EVENTS.started, endpoints: [] })
  observe({ ...EVENTS['clock-skew'], warned: false })
  let held: readonly Endpoint[] = []
  const beat = (more: readonly UnitHolding[] = []) => {
    const units = ENDPOINTS.map(
      (one): UnitHolding => ({
        unit: one.id,
        state: held.includes(one) ? 'held' : 'elsewhere',
        holder: 'a replica',
        epoch: 1,
      }),
    )
    observe({ ...EVENTS['engine-beat'], units: [...units, ...more] })
  }
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    join() {
      observe(EVENTS['engine-joined'])
      beat()
    },
    /** Hears that a generation is in force, as the engine tells it. A Region that it no longer has is free to the old. */
    hear(generation: number, own: number) {
      const isOld = own < generation
      observe({ ...EVENTS.generation, generation, own, isOld })
      beat(isOld ? [{ unit: 'removed', state: 'free', holder: 'a replica', epoch: 1 }] : [])
    },
    leave() {
      this.hold([])
      observe(EVENTS['engine-away'])
    },
    hold(endpoints: readonly Endpoint[]) {
      const gone = held.filter((one) => !endpoints.includes(one))
      held = endpoints
      observe({ event: 'endpoints-changed', endpoints, gone })
      for (const one of endpoints) {
        const snapshot = { ...EVENTS.polled.snapshot, endpointId: one.id, completedAt: Date.now() }
        observe({ ...EVENTS.polled, endpoint: one, snapshot })
        observe({ ...EVENTS.decided, endpoint: one })
      }
      beat()
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const open: AsyncDisposable[] = []
const keep = <Kept extends AsyncDisposable>(one: Kept): Kept => {
  open.unshift(one)
  return one
}

let replicas: readonly Awaited<ReturnType<typeof startReplica>>[]
let prometheus: Awaited<ReturnType<typeof startPrometheus>>

beforeAll(async () => {
  replicas = await Promise.all(Array.from({ length: 3 }, async () => keep(await startReplica())))
  const alertmanager = keep(await startAlertmanager())
  const targets = replicas.map(({ address }) => address)
  prometheus = keep(
    await startPrometheus([{ job_name: 'curfew', static_configs: [{ targets }] }], alertmanager.address),
  )
})

afterAll(async () => {
  for (const one of open) await one[Symbol.asyncDispose]()
})

const valuesOf = async (query: string) => (await prometheus.query(query)).map(({ values }) => values[0])

/** The queries of a panel as Grafana sends them, with everything selected. */
const panelQueries = (name: string, title: string): readonly string[] => {
  const dashboard = JSON.parse(readFileSync(`deploy/grafana/dashboards/${name}.json`, 'utf8')) as Dashboard
  return queriesOf(dashboard, {
    variables: { vpn_endpoint: ENDPOINTS.map(({ id }) => id) },
    rangeMs: HOUR,
    intervalMs: 15 * SECOND,
    scrapeIntervalMs: SECOND,
  })
    .filter(({ panel }) => panel === title)
    .map(({ expr }) => expr)
}

const valueOfPanel = async (name: string, title: string) => {
  const [query = ''] = panelQueries(name, title)
  return valuesOf(query)
}

/** The alerts that are pending or firing: name, severity, and the number of the replica. */
const alerts = async () =>
  (await prometheus.alerts())
    .map(({ labels: { alertname, severity, instance } }) =>
      [alertname, severity, replicas.findIndex(({ address }) => address === instance)].join(' '),
    )
    .toSorted()

const untilEqual = async <Found>(ask: () => Promise<Found>, wanted: Found) =>
  expect(await eventually(ask, (found) => JSON.stringify(found) === JSON.stringify(wanted))).toEqual(wanted)

const { active } = EVENTS.decided.decisions

describe('three replicas, as Prometheus sees them', () => {
  it('count each endpoint once, before and after a unit moves', async () => {
    const [first, second, third] = replicas
    for (const replica of replicas) replica.join()
    first?.hold(ENDPOINTS.slice(0, 2))
    second?.hold(ENDPOINTS.slice(2))
    await untilEqual(() => valuesOf('count(curfew_endpoint_info)'), [3])
    await untilEqual(() => valueOfPanel('operations', 'Connections'), [3 * active])
    await untilEqual(() => valuesOf('sum(curfew_engine_units{state="held"})'), [3])
    await untilEqual(() => valuesOf('max(curfew_engine_units{state="free"})'), [0])

    // The unit is at two replicas for as long as Prometheus has not asked the one that lost it.
    third?.hold(ENDPOINTS.slice(0, 1))
    await untilEqual(() => valuesOf('count(curfew_endpoint_info)'), [4])
    await untilEqual(() => valueOfPanel('operations', 'Connections'), [3 * active])
    await untilEqual(() => valueOfPanel('policies', 'Due now'), [0])

    first?.hold(ENDPOINTS.slice(1, 2))
    await untilEqual(() => valuesOf('count(curfew_endpoint_info)'), [3])
    await untilEqual(() => valueOfPanel('operations', 'Connections'), [3 * active])
    await untilEqual(
      () => valuesOf('count by (vpn_endpoint) (curfew_terminations_total{outcome="confirmed"})'),
      [1, 1, 1],
    )
    expect(await valueOfPanel('operations', 'Held by the guard')).toEqual([0])
  })

  it('make no alert while one of them has no unit, and a warning while one is away', async () => {
    const [first, second, third] = replicas
    first?.hold([])
    second?.hold(ENDPOINTS)
    third?.hold([])
    await untilEqual(() => valuesOf('count by (instance) (curfew_endpoint_info)'), [3])
    await untilEqual(() => valuesOf('count(curfew_enforcing == 1)'), [3])
    await untilEqual(alerts, [])
    first?.leave()
    await untilEqual(alerts, ['CurfewEngineUnreachable warning 0'])
    first?.join()
    await untilEqual(alerts, [])
    expect(await valuesOf('count(curfew_engine_up == 1)')).toEqual([3])
  })

  it('make a warning while one of them lacks an edit that removed a unit, and none about that unit', async () => {
    const [first, second, third] = replicas
    first?.hear(3, 3)
    second?.hear(3, 3)
    third?.hear(3, 2)
    await untilEqual(alerts, ['CurfewReplicasDiffer warning 2'])
    await untilEqual(() => valuesOf('curfew_engine_units{state="free"} == 1'), [1])
    expect(await alerts()).toEqual(['CurfewReplicasDiffer warning 2'])
    third?.hear(3, 3)
    await untilEqual(alerts, [])
  })

  it('have every series of replicas that an alert selects', async () => {
    const selectors = (await prometheus.rules()).flatMap(({ name, query }) =>
      [...query.matchAll(/\bcurfew_engine_\w+(?:\{[^}]*\})?/g)].map(([expr]) => ({ where: name, expr })),
    )
    expect(selectors.length).toBeGreaterThan(5)
    expect(await complaints(selectors, prometheus.query)).toEqual([])
  })

  it('make a critical alert once none of them is joined', async () => {
    for (const replica of replicas) replica.leave()
    await untilEqual(
      alerts,
      [0, 1, 2].map((replica) => `CurfewEngineUnreachable critical ${replica}`),
    )
    expect(await valuesOf('sum(curfew_engine_units)')).toEqual([0])
  })
})
