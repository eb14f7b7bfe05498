import { expect, it } from 'vitest'
import { startRelay } from './relay.ts'
import { startCompany, until } from './replicas.ts'
import { startStandby } from './standby.ts'

const POLICIES = `
version: 1
policies:
  - { name: banned, kind: banned-users, users: ["person-*"], mode: enforce, guard: off }
`
/** They come back, so that calls never cease. */
const clients = () => [{ count: 4, name: 'person-{n}', ages: { from: '0s', to: '0s' }, reconnectAfter: '1s' }]

it('a synchronous standby that is promoted has every intent of a call, and whole chains', async () => {
  await using company = await startCompany({ units: 4, policies: POLICIES, clients })
  await company.migrate()
  await using standby = await startStandby(company.cluster)
  await standby.makeSynchronous()
  const replicas = [company.start('ONE'), company.start('TWO')]
  await until(async () => (await company.holders()).size === 4)
  await until(() => company.calls.length > 20)

  await company.cluster.signal('SIGKILL')
  await until(() => replicas.every(({ lines }) => lines.some(({ event }) => event === 'engine-away')))
  const atFailover = company.calls.length
  await standby.promote()
  // The address of the server leads to the standby from now on.
  await using _relay = await startRelay(standby.port, company.cluster.port)
  await until(() => company.calls.length > atFailover + 20)
  const grants = await company.grants()
  const newest = await company.holders()
  expect([...newest.values()].every(({ epoch }) => epoch > 1)).toBe(true)
  expect(grants.length).toBeGreaterThanOrEqual(8)
  await company.stopAll()
  expect(await company.mistakes()).toEqual([])
  expect(await company.brokenChains()).toEqual([])
})
