import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Replica } from './replica-process.ts'
import { type Company, startCompany, until } from './replicas.ts'

const UNITS = 4
const LEASE_MS = 5000
/** Systems that stop a process kill it after ten seconds. */
const KILLED_AFTER_MS = 10_000

let company: Company
beforeAll(async () => {
  company = await startCompany({
    units: UNITS,
    lease: `${LEASE_MS / 1000}s`,
    isShared: true,
    policies: `
version: 1
policies:
  - { name: short, kind: max-session-age, maxAge: 1s, guard: off }
`,
    clients: () => [{ count: 5, name: 'short-{n}', arrivalsPerMinute: 120 }],
  })
  await company.migrate()
})
afterAll(() => company[Symbol.asyncDispose]())

/** Waits until a session of each unit was ended from now on. */
const goesOn = async () => {
  const before = company.calls.length
  await until(() => new Set(company.calls.slice(before).map(({ unit }) => unit)).size === UNITS)
}

const epochs = async () => new Map([...(await company.holders())].map(([unit, { epoch }]) => [unit, epoch]))

describe('a server', () => {
  it('that is paused for 3 s, paused for 10 s, or killed amid calls: enforcement goes on by itself', async () => {
    company.start('ONE')
    company.start('TWO')
    for (const [loss, ms] of [
      ['SIGSTOP', 3000],
      ['SIGSTOP', 10_000],
      ['SIGKILL', 0],
    ] as const) {
      await goesOn()
      const before = await epochs()
      await company.cluster.signal(loss)
      // This is the pause itself: nothing is waited for.
      await sleep(ms)
      if (loss === 'SIGKILL') await company.cluster.start()
      else await company.cluster.signal('SIGCONT')
      const isSurelyLost = loss === 'SIGKILL' || ms > LEASE_MS
      const isNewer = async () => [...(await epochs())].every(([unit, epoch]) => epoch > (before.get(unit) ?? 0))
      await until(() => !isSurelyLost || isNewer())
      await goesOn()
    }
    await company.stopAll()
    expect(await company.mistakes()).toEqual([])
    expect(await company.brokenChains()).toEqual([])
  })
})

/** Asks a replica to end, and kills it if it takes too long. */
const supervised = async (replica: Replica) => {
  const killing = setTimeout(() => replica.signal('SIGKILL'), KILLED_AFTER_MS)
  replica.signal('SIGTERM')
  const exit = await replica.exited
  clearTimeout(killing)
  return exit
}

describe('SIGTERM', () => {
  it.each([
    ['hangs', 'SIGSTOP'],
    ['is dead', 'SIGKILL'],
  ] as const)('ends a replica amid calls while its database %s, before it is killed', async (_state, signal) => {
    const replica = company.start(signal)
    await goesOn()
    await company.cluster.signal(signal)
    expect(await supervised(replica)).toEqual({ code: 0, signal: null })
    if (signal === 'SIGKILL') await company.cluster.start()
    else await company.cluster.signal('SIGCONT')
    expect(await company.mistakes()).toEqual([])
    expect(await company.brokenChains()).toEqual([])
  })
})
