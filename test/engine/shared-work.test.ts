import { expect, it } from 'vitest'
import { startCompany, unitOf, until } from './replicas.ts'

const POLICIES = `
version: 1
policies:
  - name: daily
    kind: max-session-age
    maxAge: 8h
    mode: enforce
    guard: off
`

interface Status {
  readonly audit: unknown
  readonly endpoints: readonly { readonly region: string }[]
  readonly engine: {
    readonly kind: string
    readonly replica: string
    readonly state: string
    readonly members: number | null
    readonly units: readonly { readonly unit: string; readonly state: string; readonly holder: string }[] | null
  }
}

const clients = () => [{ count: 5, name: 'person-{n}', ages: { from: '9h', to: '9h' }, reconnectAfter: 'never' }]

it('each unit is served by one replica, and the other one follows when it is killed', async () => {
  await using company = await startCompany({ units: 4, policies: POLICIES, clients })
  // A replica that starts before it may sign in goes on trying: it is alive, and not ready.
  const one = company.start('ONE')
  await until(() => one.lines.some(({ event }) => event === 'engine-away'))
  expect([(await one.page('/healthz'))?.status, (await one.page('/readyz'))?.status]).toEqual([200, 503])
  await company.migrate()
  const two = company.start('TWO')

  const statusOf = async (replica: typeof one): Promise<Status | undefined> => {
    const page = await replica.page('/status')
    return page && (JSON.parse(page.text) as Status)
  }
  const regionsOf = async (replica: typeof one) =>
    (await statusOf(replica))?.endpoints.map(({ region }) => region) ?? []
  await until(async () => (await regionsOf(one)).length === 2 && (await regionsOf(two)).length === 2)
  const [ofOne, ofTwo] = [await regionsOf(one), await regionsOf(two)]
  expect([...ofOne, ...ofTwo].toSorted()).toEqual(company.endpoints.map(({ region }) => region).toSorted())
  await until(() => company.active().length === 0)
  await until(async () => (await one.page('/readyz'))?.status === 200)
  const shown = await statusOf(two)
  expect(shown).toMatchObject({ audit: null, engine: { kind: 'postgres', state: 'joined', members: 2 } })
  const held = shown?.engine.units?.filter(({ state }) => state === 'held').map(({ unit }) => unit) ?? []
  expect(held.toSorted()).toEqual(ofTwo.map(unitOf).toSorted())

  one.signal('SIGKILL')
  await one.exited
  await until(async () => (await regionsOf(two)).length === 4)
  expect(await company.mistakes()).toEqual([])
  two.signal('SIGTERM')
  expect(await two.exited).toEqual({ code: 0, signal: null })
  expect(await company.brokenChains()).toEqual([])
})
