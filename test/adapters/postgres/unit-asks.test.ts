import { DatabaseError, Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createUnitAsks } from '../../../src/adapters/postgres/unit-asks.ts'
import { KeepingUnreached } from '../../../src/app/tenure.ts'
import { type Cluster, startCluster } from '../../engine/cluster.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster.stop())

/** Locks that statements of the tenures wait for, until it is disposed of. */
const holdLock = async () => {
  const pool = new Pool({ connectionString: cluster.url(), max: 1 })
  await pool.query('select pg_advisory_lock(1)')
  return { [Symbol.asyncDispose]: async () => pool.end() }
}
const WAIT = 'select pg_advisory_xact_lock_shared(1)'

const open = () => {
  // A wait for a free connection would end soon.
  const pool = new Pool({ connectionString: cluster.url(), max: 5, connectionTimeoutMillis: 1000 })
  pool.on('error', () => {})
  return { asksOf: createUnitAsks(pool), [Symbol.asyncDispose]: async () => pool.end() }
}

const waiting = async (count: number) => {
  const ask = `select from pg_locks where locktype = 'advisory' and not granted`
  while ((await cluster.sql(ask)).length < count) await new Promise((resolve) => setTimeout(resolve, 20))
}

describe('the statements of many tenures', () => {
  it('wait for a connection as long as it takes', async () => {
    await using pool = open()
    const { read } = pool.asksOf(new AbortController().signal)
    const all = Array.from({ length: 12 }, async () => read('select pg_sleep(0.4)'))
    expect(await Promise.all(all)).toHaveLength(12)
  })

  it('that save keep none from reading, nor the other way round', async () => {
    await using pool = open()
    const { read, save } = pool.asksOf(new AbortController().signal)
    for (const [busy, other] of [
      [save, read],
      [read, save],
    ] as const) {
      const lock = await holdLock()
      const blocked = Array.from({ length: 6 }, async () => busy(WAIT))
      await waiting(2)
      expect((await other('select 1')).rowCount).toBe(1)
      await lock[Symbol.asyncDispose]()
      await Promise.all(blocked)
    }
  })

  it('end with their tenure, and the next ones go on', async () => {
    await using pool = open()
    await using _lock = await holdLock()
    const lost = new AbortController()
    const { read } = pool.asksOf(lost.signal)
    const blocked = Array.from({ length: 3 }, async () => read(WAIT))
    const ended = Promise.allSettled(blocked)
    await waiting(2)
    lost.abort()
    for (const one of await ended) expect(one).toMatchObject({ reason: expect.any(KeepingUnreached) as object })
    expect((await pool.asksOf(new AbortController().signal).read('select 1')).rowCount).toBe(1)
  })
})

describe('a statement that fails', () => {
  it('as it would again is what the server says', async () => {
    await using pool = open()
    const { read } = pool.asksOf(new AbortController().signal)
    await expect(read('select * from nothing_of_that_name')).rejects.toThrow(DatabaseError)
  })

  it('because its connection ends is one that did not reach the database', async () => {
    await using pool = open()
    const { read } = pool.asksOf(new AbortController().signal)
    await expect(read('select pg_terminate_backend(pg_backend_pid())')).rejects.toThrow(KeepingUnreached)
    expect((await read('select 1')).rowCount).toBe(1)
  })
})
