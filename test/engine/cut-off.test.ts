import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Relay, startRelay } from './relay.ts'
import type { Replica } from './replica-process.ts'
import { type Company, startCompany, unitOf, until } from './replicas.ts'

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

let company: Company
let relay: Relay
let cutOff: Replica
let ahead: Replica
beforeAll(async () => {
  company = await startCompany({ units: 4, policies: BANNED, clients, isShared: true })
  await company.migrate()
  relay = await startRelay(company.cluster.port)
  const preload = join(company.folder, 'ahead.mjs')
  writeFileSync(preload, AHEAD)
  cutOff = company.start('CUT', undefined, { databaseUrl: `postgres://replica@127.0.0.1:${relay.port}/postgres` })
  ahead = company.start('AHEAD', undefined, { preload: pathToFileURL(preload).href })
})
afterAll(async () => {
  await company[Symbol.asyncDispose]()
  await relay[Symbol.asyncDispose]()
})

const heldBy = async (key: string) =>
  [...(await company.holders()).values()].filter((grant) => grant.key === key).length
const isEven = async () => (await heldBy('CUT')) === 2 && (await heldBy('AHEAD')) === 2
const callsOf = (key: string) => company.calls.filter((call) => call.key === key).length

/** Resolves after so many more calls of a replica. */
const moreCallsOf = async (key: string, more: number) => {
  const before = callsOf(key)
  await until(() => callsOf(key) > before + more)
}

it('a minute between the clocks of two replicas moves no unit', async () => {
  await until(isEven)
  const before = (await company.grants()).length
  await Promise.all([moreCallsOf('CUT', 10), moreCallsOf('AHEAD', 10)])
  expect((await company.grants()).length).toBe(before)
})

it('a replica that is cut off from the database alone makes no call, and has its share again afterwards', async () => {
  await until(isEven)
  relay.cut()
  await until(async () => (await heldBy('AHEAD')) === 4)
  const lastOfCut = callsOf('CUT')
  await until(() => cutOff.lines.some(({ event }) => event === 'engine-away'))
  await moreCallsOf('AHEAD', 20)
  expect(callsOf('CUT')).toBe(lastOfCut)
  expect((await cutOff.page('/healthz'))?.status).toBe(200)
  expect((await cutOff.page('/readyz'))?.status).toBe(503)
  relay.heal()
  await until(isEven)
})

it('an edit that rolls over both replicas, and its rollback, are one edit each for every unit', async () => {
  await until(isEven)
  // Units change hands meanwhile.
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
})

it('through all of this, each call had an intent of the newest tenure, and the chains are whole', async () => {
  await company.stopAll()
  expect(await company.mistakes()).toEqual([])
  expect(await company.brokenChains()).toEqual([])
})
