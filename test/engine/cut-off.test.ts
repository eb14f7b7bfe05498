import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, it } from 'vitest'
import { startRelay } from './relay.ts'
import { startCompany, unitOf, until } from './replicas.ts'

const BANNED = `
version: 1
policies:
  - { name: banned, kind: banned-users, users: ["person-*"], mode: enforce, guard: off }
`
/** The same set with a policy that ends nobody. */
const EDITED = `${BANNED}  - { name: daily, kind: max-session-age, maxAge: 23h, mode: audit, guard: off }\n`

/** They come back, so that calls never cease. */
const clients = () => [{ count: 4, name: 'person-{n}', ages: { from: '0s', to: '0s' }, reconnectAfter: '1s' }]

/** A host whose clock is a minute ahead. */
const AHEAD = `
const Real = Date
const now = () => Real.now() + 60_000
globalThis.Date = class extends Real {
  constructor(...parts) {
    if (parts.length === 0) super(now())
    else super(...parts)
  }
  static now() {
    return now()
  }
}
`

it('a replica that is cut off from the database alone makes no call, and no clock moves a unit', async () => {
  await using company = await startCompany({ units: 4, policies: BANNED, clients })
  await company.migrate()
  await using relay = await startRelay(company.cluster.port)
  const preload = join(company.folder, 'ahead.mjs')
  writeFileSync(preload, AHEAD)
  const cutOff = company.start('CUT', undefined, { databaseUrl: `postgres://replica@127.0.0.1:${relay.port}/postgres` })
  const ahead = company.start('AHEAD', undefined, { preload: pathToFileURL(preload).href })
  const heldBy = async (key: string) =>
    [...(await company.holders()).values()].filter((grant) => grant.key === key).length
  const isEven = async () => (await heldBy('CUT')) === 2 && (await heldBy('AHEAD')) === 2
  await until(isEven)

  // A minute between two clocks is nothing to an engine: after many calls the same tenures last.
  const before = (await company.grants()).length
  const callsOf = (key: string) => company.calls.filter((call) => call.key === key).length
  const [ofCut, ofAhead] = [callsOf('CUT'), callsOf('AHEAD')]
  await until(() => callsOf('CUT') > ofCut + 10 && callsOf('AHEAD') > ofAhead + 10)
  expect((await company.grants()).length).toBe(before)

  relay.cut()
  await until(async () => (await heldBy('AHEAD')) === 4)
  const lastOfCut = callsOf('CUT')
  await until(() => cutOff.lines.some(({ event }) => event === 'engine-away'))
  await until(() => callsOf('AHEAD') > ofAhead + 30)
  expect(callsOf('CUT')).toBe(lastOfCut)
  expect((await cutOff.page('/healthz'))?.status).toBe(200)
  expect((await cutOff.page('/readyz'))?.status).toBe(503)
  relay.heal()
  await until(isEven)
  expect(await company.mistakes()).toEqual([])

  // An edit rolls over both replicas, and back. Each unit sees it once, although it changes hands.
  const setsOf = async (region: string) => {
    const rows = await company.cluster.sql<{ hash: string }>(
      `select r.line::jsonb->>'policySetHash' as hash from curfew.record r join curfew.unit u on u.id = r.unit
       where u.key = $1 and (r.line like '%"event":"start"%' or r.line like '%"event":"reload"%') order by r.seq`,
      [unitOf(region)],
    )
    return rows.map(({ hash }) => hash).filter((hash, index, all) => hash !== all[index - 1])
  }
  const areAllAt = async (edits: number) => {
    for (const { region } of company.endpoints) if ((await setsOf(region)).length < edits + 1) return false
    return isEven()
  }
  for (const [index, policies] of [EDITED, BANNED].entries()) {
    for (const replica of [cutOff, ahead]) {
      const reloads = () => replica.lines.filter(({ event }) => event === 'reloaded').length
      const done = reloads()
      writeFileSync(join(company.folder, replica.key, 'policies.yaml'), policies)
      replica.signal('SIGHUP')
      await until(() => reloads() > done)
    }
    await until(() => areAllAt(index + 1))
  }
  await company.stopAll()
  for (const { region } of company.endpoints) {
    const sets = await setsOf(region)
    expect([sets.length, sets[0] === sets[2]]).toEqual([3, true])
  }
  expect(await company.mistakes()).toEqual([])
  expect(await company.brokenChains()).toEqual([])
})
