import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Cluster, startCluster } from './cluster.ts'
import { type CurfewDatabase, createCurfewDatabase } from './curfew-database.ts'
import { joinReplica, type Replica, type ReplicaOptions } from './joined-replica.ts'

let cluster: Cluster
let database: CurfewDatabase
let replicas: Replica[] = []

beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(async () => {
  await cluster.stop()
})
beforeEach(async () => {
  database = await createCurfewDatabase(cluster)
})
afterEach(async () => {
  await Promise.all(replicas.map(async (replica) => replica.leave()))
  replicas = []
})

const join = (options: Partial<ReplicaOptions> = {}): Replica => {
  const replica = joinReplica({ url: database.url, ...options })
  replicas.push(replica)
  return replica
}
const UNITS = ['a', 'b', 'c', 'd', 'e', 'f']

/** Ends the locking session of a replica, as an operator or a failover does. */
const terminate = async () => {
  await cluster.sql(
    `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objsubid = 2
     and database = (select oid from pg_database where datname = $1) and classid = ${0x43_46_57_02}`,
    [database.name],
  )
}

describe('one replica', () => {
  it('takes every unit, one tenure each', async () => {
    const replica = join({ units: UNITS })
    await replica.until(() => replica.held().length === UNITS.length)
    expect(replica.held()).toEqual(UNITS)
    expect(replica.served.map(({ tenure }) => tenure.epoch)).toEqual(UNITS.map(() => 1))
    expect(replica.told('engine-joined')).toMatchObject([{ members: 1, generation: 1 }])
  })

  it('gives everything back when it stops', async () => {
    const replica = join()
    await replica.until(() => replica.held().length === 2)
    await replica.leave()
    expect(replica.served.map(({ how }) => how)).toEqual(['returned', 'returned'])
    expect(replica.held()).toEqual([])
    expect(await database.sql(`select pid from pg_locks where locktype = 'advisory'`)).toEqual([])
  })

  it('loses everything at once when the server ends its session, and takes it again in a new epoch', async () => {
    const replica = join()
    await replica.until(() => replica.held().length === 2)
    await terminate()
    await replica.until(() => replica.served.filter(({ how }) => how === 'lost').length === 2)
    expect(replica.served.every(({ tenure }) => !tenure.holds())).toBe(true)
    await replica.until(() => replica.held().length === 2)
    expect(replica.tenures('one').map(({ tenure }) => tenure.epoch)).toEqual([1, 2])
    expect(replica.told('engine-away')).toHaveLength(1)
    expect(replica.told('engine-joined')).toHaveLength(2)
  })
})

describe('several replicas', () => {
  it('share evenly, and each unit has one holder', async () => {
    const one = join({ units: UNITS })
    await one.until(() => one.held().length === 6)
    const two = join({ units: UNITS })
    const three = join({ units: UNITS })
    await Promise.all([one, two, three].map(async (replica) => replica.until(() => replica.held().length === 2)))
    expect([one, two, three].flatMap((replica) => replica.held()).toSorted()).toEqual(UNITS)
    await two.leave()
    await Promise.all([one, three].map(async (replica) => replica.until(() => replica.held().length === 3)))
    expect([...one.held(), ...three.held()].toSorted()).toEqual(UNITS)
  })
})
