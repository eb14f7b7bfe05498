import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verifyChain } from '../../../src/adapters/audit/verify-chain.ts'
import type { Ask } from '../../../src/adapters/postgres/ask.ts'
import { partOfChain } from '../../../src/adapters/postgres/chain-part.ts'
import { readChains } from '../../../src/adapters/postgres/chains.ts'
import { pruneTrail } from '../../../src/adapters/postgres/prune.ts'
import { DAY, toIso } from '../../../src/domain/time/instant.ts'
import { type Cluster, startCluster } from '../../engine/cluster.ts'
import { record } from '../audit/chain.ts'
import { addChain, connect, openBareDatabase } from './chain-in-database.ts'
import { openDatabase } from './database.ts'
import { openFirstTrail } from './guarded-chain.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster.stop())

const [JANUARY, FEBRUARY, MARCH, APRIL] = [0, 1, 2, 3].map((month) => Date.UTC(2025, month)) as [
  number,
  number,
  number,
  number,
]
const MONTHS = [
  ['record_2025_01', JANUARY, FEBRUARY],
  ['record_2025_02', FEBRUARY, MARCH],
  ['record_2025_03', MARCH, APRIL],
] as const

/** Two units with a line for each day from January to March, in partitions by month. */
const openQuarter = async (name: string) => {
  const database = await openBareDatabase(cluster, name)
  const { ask } = database
  for (const [partition, from, until] of MONTHS) {
    await ask(
      `create table curfew.${partition} partition of curfew.record for values from ('${toIso(from)}') to ('${toIso(until)}')`,
    )
  }
  await ask('create table curfew.record_default partition of curfew.record default')
  const chains = [
    await addChain(ask, 'eu-central-1 own', 90, { from: JANUARY, everyMs: DAY }),
    await addChain(ask, 'us-east-1 own', 50, { from: FEBRUARY, everyMs: DAY }),
  ]
  return { ...database, chains, [Symbol.asyncDispose]: () => database.client.end() }
}

const prune = (ask: Ask, before: number, isDryRun = false) =>
  pruneTrail(ask, { before, neededMs: 0, isDryRun }, async () => {})

const verifyAll = async (ask: Ask) =>
  Promise.all(
    (await readChains(ask)).map(async (chain) =>
      verifyChain([partOfChain(ask, chain)], { after: chain.anchor, anchors: [chain.head] }),
    ),
  )

describe('retention', () => {
  it('removes whole months, keeps the last number and hash of each unit, and leaves chains that are whole', async () => {
    await using at = await openQuarter('months')
    const [first, second] = at.chains
    const removed = await prune(at.ask, MARCH)
    expect(removed).toEqual({
      partitions: ['curfew.record_2025_01', 'curfew.record_2025_02'],
      units: [
        { unit: 'eu-central-1 own', lines: 59, anchor: first?.heads[59] },
        { unit: 'us-east-1 own', lines: 28, anchor: second?.heads[28] },
      ],
    })
    expect(await verifyAll(at.ask)).toMatchObject([
      { records: 31, before: first?.heads[59], head: first?.head, fault: undefined },
      { records: 22, before: second?.heads[28], head: second?.head, fault: undefined },
    ])
    expect(await prune(at.ask, MARCH)).toEqual({ partitions: [], units: [] })
  })

  it('moves an anchor that is there already', async () => {
    await using at = await openQuarter('twice')
    await prune(at.ask, FEBRUARY)
    await prune(at.ask, APRIL)
    expect((await readChains(at.ask)).map(({ anchor }) => anchor)).toEqual(
      at.chains.map(({ heads, head }) => (head.seq === 50 ? head : heads[90])),
    )
    expect((await verifyAll(at.ask)).every(({ fault }) => fault === undefined)).toBe(true)
  })

  it('changes nothing in a dry run, and tells the same', async () => {
    await using at = await openQuarter('dry')
    const told = await prune(at.ask, MARCH, true)
    expect(await verifyAll(at.ask)).toMatchObject([{ records: 90 }, { records: 50 }])
    expect(await prune(at.ask, MARCH)).toEqual(told)
  })

  it('also removes the lines of old months from the default partition', async () => {
    await using at = await openQuarter('rest')
    await at.ask('alter table curfew.record detach partition curfew.record_2025_01')
    await at.ask('insert into curfew.record select * from curfew.record_2025_01')
    await prune(at.ask, MARCH)
    expect((await at.ask('select from curfew.record_default')).rowCount).toBe(0)
    expect(await verifyAll(at.ask)).toMatchObject([{ records: 31, fault: undefined }, { records: 22 }])
  })

  it('refuses what a start needs: the lines of two days, and those of cooldowns', async () => {
    await using at = await openQuarter('needed')
    const today = new Date().setUTCHours(0, 0, 0, 0)
    await expect(prune(at.ask, today)).rejects.toThrow(/lines of the last 2 days stay: open intents/)
    await expect(pruneTrail(at.ask, { before: MARCH, neededMs: 4000 * DAY }, async () => {})).rejects.toThrow(
      /lines of the last 4000 days stay/,
    )
    expect(await verifyAll(at.ask)).toMatchObject([{ records: 90 }, { records: 50 }])
  })

  it('refuses to remove a line whose number is higher than that of one that stays', async () => {
    await using at = await openQuarter('disorder')
    await at.ask(`update curfew.record set recorded_at = $1 where unit = 1 and seq = 40`, [toIso(MARCH)])
    await expect(prune(at.ask, MARCH)).rejects.toThrow(/^unit eu-central-1 own: a line that would stay/)
    expect(await verifyAll(at.ask)).toMatchObject([{ records: 90 }, { records: 50 }])
  })

  it('waits for a writer in steps, so that other writers go on, and gives up nothing half done', async () => {
    await using at = await openQuarter('writer')
    const other = await connect(cluster, 'writer')
    await other.ask('begin')
    await other.ask('lock table curfew.record in row exclusive mode')
    let waits = 0
    const removed = await pruneTrail(at.ask, { before: MARCH, neededMs: 0 }, async () => {
      waits++
      if (waits === 2) await other.ask('commit')
    })
    await other.client.end()
    expect(waits).toBe(2)
    expect(removed.partitions).toHaveLength(2)
    expect(await verifyAll(at.ask)).toMatchObject([{ fault: undefined }, { fault: undefined }])
  })

  it('goes on beside a replica that writes, and no record of it is refused', async () => {
    await using at = await openDatabase(cluster, 'beside')
    const { owner } = at
    await owner.query(`
      create table curfew.record_2025_01 partition of curfew.record for values from ('2025-01-01Z') to ('2025-02-01Z')`)
    const { trail } = await openFirstTrail(at.daemon, 'eu-central-1 own')
    for (let index = 0; index < 40; index++) await trail.write([record(`c${index}`)])
    await owner.query("update curfew.record set recorded_at = '2025-01-20Z' where seq <= 30")
    const ask: Ask = (text, values = []) => owner.query(text, [...values])

    let isPruned = false
    const pruning = prune(ask, FEBRUARY).finally(() => (isPruned = true))
    let written = 40
    do await trail.write([record(`c${written++}`)])
    while (!isPruned)
    expect(await pruning).toMatchObject({ partitions: ['curfew.record_2025_01'], units: [{ lines: 30 }] })
    await trail.write([record(`c${written++}`)])
    expect(await verifyAll(ask)).toMatchObject([{ records: written - 30, head: trail.head(), fault: undefined }])
    await trail.close()
  })

  it('changes nothing where a statement of it fails', async () => {
    await using at = await openQuarter('failing')
    const failing: Ask = (text, values) =>
      text.startsWith('drop table') ? Promise.reject(new Error('the disk')) : at.ask(text, values)
    await expect(prune(failing, MARCH)).rejects.toThrow('the disk')
    expect(await verifyAll(at.ask)).toMatchObject([
      { records: 90, before: { seq: 0 }, fault: undefined },
      { records: 50, before: { seq: 0 } },
    ])
  })
})
