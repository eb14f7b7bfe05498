import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import type { Replica } from './replica-process.ts'
import { startCompany, until } from './replicas.ts'

const POLICIES = `
version: 1
policies:
  - name: daily
    kind: max-session-age
    maxAge: 8h
    mode: enforce
    guard: off
`

/** The value of a series of a replica; undefined if it has no such series. */
const valueOf = async (replica: Replica, series: string): Promise<number | undefined> => {
  const page = await replica.page('/metrics')
  const line = page?.text.split('\n').find((one) => one.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}

const countOf = async (replica: Replica, metric: string): Promise<number> =>
  (await replica.page('/metrics'))?.text.split('\n').filter((line) => line.startsWith(`${metric}{`)).length ?? 0

const statusesOf = async (replica: Replica) => [
  (await replica.page('/healthz'))?.status,
  (await replica.page('/readyz'))?.status,
]

it('metrics, probes and pages say what a replica holds, and that a database that is away is no reason to restart it', async () => {
  const clients = () => [{ count: 5, name: 'person-{n}', ages: { from: '1h', to: '1h' }, reconnectAfter: 'never' }]
  await using company = await startCompany({ units: 4, policies: POLICIES, clients })
  await company.migrate()
  const replicas = [company.start('ONE'), company.start('TWO')]
  const all = async (isSo: (replica: Replica) => Promise<boolean>) =>
    (await Promise.all(replicas.map(isSo))).every(Boolean)
  const held = 'curfew_engine_units{state="held"}'
  const isServing = async (replica: Replica) =>
    (await valueOf(replica, held)) === 2 &&
    (await valueOf(replica, 'curfew_engine_units{state="free"}')) === 0 &&
    (await countOf(replica, 'curfew_connections')) === 2 &&
    (await statusesOf(replica)).join() === '200,200'
  await until(() => all(isServing))

  for (const replica of replicas) {
    expect(await valueOf(replica, 'curfew_engine_up')).toBe(1)
    expect(await valueOf(replica, 'curfew_engine_members')).toBe(2)
    expect(await valueOf(replica, 'curfew_engine_generation')).toBe(1)
    expect(await valueOf(replica, 'curfew_engine_units{state="free"}')).toBe(0)
    expect(await valueOf(replica, 'curfew_engine_beat_seconds_count')).toBeGreaterThan(0)
    expect(await valueOf(replica, 'curfew_enforcing')).toBe(1)
    // An endpoint whose unit has moved away has no series here, of whatever metric.
    const text = (await replica.page('/metrics'))?.text ?? ''
    expect(new Set(text.match(/cvpn-endpoint-\w+/g)).size).toBe(2)
    expect(execFileSync('/usr/bin/promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })).toBe('')
    expect((await replica.page('/'))?.text).toMatch(/one of 2 that are joined, .* Of 4 units it holds 2/)
  }

  await company.cluster.signal('SIGSTOP')
  await until(() => all(async (replica) => (await valueOf(replica, 'curfew_engine_up')) === 0))
  for (const replica of replicas) {
    expect(await statusesOf(replica)).toEqual([200, 503])
    await until(async () => (await countOf(replica, 'curfew_endpoint_info')) === 0)
    expect(await valueOf(replica, held)).toBe(0)
    expect(await valueOf(replica, 'curfew_engine_members')).toBeUndefined()
    expect(await valueOf(replica, 'curfew_enforcing')).toBe(0)
    const status = JSON.parse((await replica.page('/status'))?.text ?? '') as { engine: unknown }
    expect(status.engine).toMatchObject({ state: 'away', units: null })
    const page = (await replica.page('/'))?.text ?? ''
    expect(page).toContain('<h2>Nothing is ended here</h2>')
    expect(page).toContain('The database cannot be reached')
  }

  await company.cluster.signal('SIGCONT')
  await until(() => all(isServing))
  for (const replica of replicas) {
    expect(await valueOf(replica, 'curfew_engine_tenures_total{outcome="lost"}')).toBeGreaterThan(0)
    const away = replica.lines.filter(({ event }) => event === 'engine-away').map(({ msg }) => String(msg))
    expect(away.length).toBeGreaterThan(0)
    expect(new Set(away).size).toBe(away.length)
    expect(away.join()).toContain(`127.0.0.1:${company.cluster.port}/postgres as "replica": `)
  }
  await company.stopAll()
  expect(await company.brokenChains()).toEqual([])
})
