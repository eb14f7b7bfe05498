import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { DatabaseError } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hostClock } from '../../src/adapters/host/clock.ts'
import { grantUnits } from '../../src/adapters/postgres/grants.ts'
import { type OpenSession, openSession, SessionOver } from '../../src/adapters/postgres/session.ts'
import { onAborted } from '../../src/app/on-aborted.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { createCurfewDatabase } from './curfew-database.ts'
import { startRelay } from './relay.ts'

const LEASE_MS = 6000

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(async () => {
  await cluster.stop()
})

const open = async (connectionString: string, clock = hostClock) =>
  openSession({ connectionString }, { leaseMs: LEASE_MS, clock, stop: new AbortController().signal })

const locksOf = async ({ pid }: OpenSession) =>
  cluster.sql(`select objid from pg_locks where locktype = 'advisory' and pid = $1`, [pid])

/** A relay that translates the severity of errors, as a server in another language does. */
const startTranslator = async (target: number) => {
  const sockets: Socket[] = []
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    sockets.push(client, upstream)
    for (const socket of [client, upstream]) socket.on('error', () => {})
    client.pipe(upstream)
    upstream.on('data', (bytes) =>
      client.write(Buffer.from(bytes.toString('latin1').replace('SERROR', 'SERREU'), 'latin1')),
    )
    upstream.on('end', () => client.end())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose](): Promise<void> {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

describe('a session', () => {
  it('does not hold after a step of the clock, until the server has answered, and lives on', async () => {
    let aheadMs = 0
    const session = await open(cluster.url(), { ...hostClock, now: () => hostClock.now() + aheadMs })
    expect(session.holds()).toBe(true)
    for (let step = 0; step < 3; step++) {
      aheadMs += 60_000
      expect(session.holds()).toBe(false)
      while (!session.holds()) {
        expect(session.because()).toBeUndefined()
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    await session.close()
  })

  it('is over after a step of the clock where the server does not know it any more', async () => {
    await using relay = await startRelay(cluster.port)
    let aheadMs = 0
    const url = `postgres://owner@127.0.0.1:${relay.port}/postgres`
    const session = await open(url, { ...hostClock, now: () => hostClock.now() + aheadMs })
    relay.cut()
    await cluster.sql('select pg_terminate_backend($1)', [session.pid])
    aheadMs = 60_000
    expect(session.holds()).toBe(false)
    relay.heal()
    await new Promise<void>((resolve) => onAborted(session.over, resolve))
    expect(session.holds()).toBe(false)
  })

  it('lives on after an error of a statement, whatever the language of the server', async () => {
    await using translator = await startTranslator(cluster.port)
    const session = await open(`postgres://owner@127.0.0.1:${translator.port}/postgres`)
    await expect(session.ask('select 1 / 0')).rejects.toMatchObject({ code: '22012', severity: 'ERREU' })
    expect((await session.ask<{ one: number }>('select 1 as one')).rows).toEqual([{ one: 1 }])
    await session.close()
  })

  it('is over after an error that ends it', async () => {
    const session = await open(cluster.url())
    const failure = session.ask('select pg_sleep(60)').catch((error: unknown) => error)
    await cluster.sql('select pg_terminate_backend($1)', [session.pid])
    expect(await failure).toBeInstanceOf(SessionOver)
    expect(session.because()).toContain('terminating connection due to administrator command')
  })

  it('is over after a commit that did not reach the synchronous standby, although the server calls it a success', async () => {
    const session = await open(cluster.url())
    await cluster.sql("alter system set synchronous_standby_names = 'nobody'")
    await cluster.sql('select pg_reload_conf()')
    try {
      const failure = session.ask('create table only_here ()').catch((error: unknown) => error)
      const isWaiting = async () =>
        (await cluster.sql(`select from pg_stat_activity where pid = $1 and wait_event = 'SyncRep'`, [session.pid]))
          .length
      while ((await isWaiting()) === 0) await new Promise((resolve) => setTimeout(resolve, 25))
      await cluster.sql('select pg_cancel_backend($1)', [session.pid])
      expect(await failure).toBeInstanceOf(SessionOver)
      expect(session.because()).toContain('did not reach the synchronous standby')
    } finally {
      await cluster.sql('alter system reset synchronous_standby_names')
      await cluster.sql('select pg_reload_conf()')
    }
  })
})

describe('a grant', () => {
  const openWith = async (units: number) => {
    const database = await createCurfewDatabase(cluster)
    await database.sql(`insert into curfew.unit (key) select 'unit ' || n from generate_series(1, $1::integer) as n`, [
      units,
    ])
    const session = await open(database.url)
    const grant = (ids: readonly number[]) =>
      grantUnits(session, ids, { room: ids.length, replica: 'r', stateVersion: 4 })
    return { database, session, grant }
  }

  it.each(['unit where id', 'chain where unit'])('of the others goes on where a row of %s is locked', async (row) => {
    const { database, session, grant } = await openWith(5)
    const other = await open(database.ownerUrl)
    await other.ask('begin')
    await other.ask(`select from curfew.${row} = 3 for update`)
    expect(new Set((await grant([1, 2, 3, 4, 5])).map(({ id }) => id))).toEqual(new Set([1, 2, 4, 5]))
    expect(await locksOf(session)).toHaveLength(4)
    await other.ask('rollback')
    expect((await grant([3])).map(({ id, epoch }) => [id, epoch])).toEqual([[3, 1]])
    await Promise.all([session.close(), other.close()])
  })

  it('that fails leaves no lock, also when it fails while it takes the locks', async () => {
    const { session, grant } = await openWith(2)
    const failing: OpenSession = {
      ...session,
      async ask(text, values) {
        const answer = await session.ask(text, values)
        // An administrator cancels the statement after some locks were taken: they stay with the session.
        if (text.includes('pg_try_advisory_lock')) throw new DatabaseError('cancelled', 1, 'error')
        return answer as never
      },
    }
    await expect(grantUnits(failing, [1, 2], { room: 2, replica: 'r', stateVersion: 4 })).rejects.toThrow('cancelled')
    expect(await locksOf(session)).toEqual([])
    expect(await grant([1, 2])).toHaveLength(2)
    await session.close()
  })
})
