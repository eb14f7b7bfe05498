import { expect, it } from 'vitest'
import { IS_NIGHTLY } from '../nightly.ts'
import type { Grant } from './judge-calls.ts'
import type { Replica } from './replica-process.ts'
import { type Company, startCompany, until } from './replicas.ts'

// Real processes on a real PostgreSQL. Each test asserts that no call arrived without an intent that was committed before,
// in the epoch of the newest tenure, and that the chains are whole.

const KILLS = IS_NIGHTLY ? 10 : 1
/** A time-out finds a test that hangs. A night stops replicas for minutes. */
const LIMIT_MS = IS_NIGHTLY ? 3_600_000 : 240_000
const STOPS = IS_NIGHTLY ? 50 : 2

/** Sessions begin all the time, and each must end a second later. */
const busy = (units: number, lease: string) =>
  startCompany({
    units,
    lease,
    log: 'trace',
    policies: `
version: 1
policies:
  - { name: short, kind: max-session-age, maxAge: 1s, guard: off }
`,
    clients: () => [{ count: 2, name: 'short-{n}', arrivalsPerMinute: 90 }],
  })

const unitsOf = async (company: Company, { key }: Replica): Promise<readonly string[]> =>
  [...(await company.holders()).values()].filter((grant) => grant.key === key).map(({ unit }) => unit)

const callsOf = (company: Company, { key }: Replica) => company.calls.filter((call) => call.key === key).length

/** Waits until the replica holds a unit and has ended a session since. */
const amidCalls = async (company: Company, replica: Replica): Promise<readonly string[]> => {
  await until(async () => (await unitsOf(company, replica)).length > 0)
  const before = callsOf(company, replica)
  await until(() => callsOf(company, replica) > before)
  return until(async () => {
    const units = await unitsOf(company, replica)
    return units.length > 0 ? units : undefined
  })
}

/** The grants of the units by which others than the replica hold all of them. */
const takenOver = (company: Company, { key }: Replica, units: readonly string[]) =>
  until(async () => {
    const holders = await company.holders()
    const grants = units.flatMap((unit) => holders.get(unit) ?? [])
    return grants.every((grant) => grant.key !== key) ? grants : undefined
  })

/** How many beats of the new holder showed the unit of a lost replica, and did not take it. */
const beatsBefore = (replicas: readonly Replica[], { key, grantedAt }: Grant, lostAt: number): number =>
  (replicas.find((replica) => replica.key === key)?.lines ?? []).filter(({ event, time }) => {
    const at = Date.parse(String(time))
    return event === 'engine-beat' && at > lostAt && at < grantedAt
  }).length

const expectWhole = async (company: Company) => {
  // Every session that is due now ends: nobody is forgotten. Those that begin meanwhile are due later.
  const up = company.active()
  await until(() => {
    const active = new Set(company.active())
    return up.every((id) => !active.has(id))
  })
  await company.stopAll()
  expect(await company.mistakes()).toEqual([])
  expect(await company.brokenChains()).toEqual([])
}

it(
  `others take over the units of a replica that is killed, ${KILLS} times`,
  async () => {
    await using company = await busy(6, '6s')
    await company.migrate()
    const replicas = ['A', 'B', 'C'].map((key) => company.start(key))
    const beats: number[] = []
    for (let kill = 0; kill < KILLS; kill++) {
      const victim = replicas.shift()
      if (victim === undefined) throw new Error('no replica')
      const units = await amidCalls(company, victim)
      const killedAt = Date.now()
      victim.signal('SIGKILL')
      const grants = await takenOver(company, victim, units)
      beats.push(...grants.map((grant) => beatsBefore(replicas, grant, killedAt)))
      replicas.push(company.start(`D${kill}`))
    }
    // The first one may have asked before the server has noticed that the process is dead.
    expect(Math.max(...beats)).toBeLessThanOrEqual(2)
    await expectWhole(company)
  },
  LIMIT_MS,
)

it(
  `none of the old calls of a replica that is stopped beyond its lease is sent after it goes on, ${STOPS} times`,
  async () => {
    await using company = await busy(6, '2s')
    await company.migrate()
    const replicas = ['A', 'B'].map((key) => company.start(key))
    for (let stop = 0; stop < STOPS; stop++) {
      const victim = replicas[stop % replicas.length]
      if (victim === undefined) throw new Error('no replica')
      const units = await amidCalls(company, victim)
      // Every other time right after an intent: its call is about to be sent.
      if (stop % 2 === 0) await company.nextIntent(new Set(units))
      victim.signal('SIGSTOP')
      const held = await unitsOf(company, victim)
      await takenOver(company, victim, held)
      victim.signal('SIGCONT')
    }
    await expectWhole(company)
  },
  LIMIT_MS,
)
