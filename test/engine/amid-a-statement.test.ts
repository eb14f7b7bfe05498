import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { type Cluster, startCluster } from './cluster.ts'
import { createCurfewDatabase } from './curfew-database.ts'
import { joinReplica, keepNothing, type Replica } from './joined-replica.ts'

/** What the relay lets through of a large write: the server has read the begin of the statement, and waits for the rest. */
const THROUGH_BYTES = 20_000
const LINE = 'x'.repeat(1024 * 1024)

let cluster: Cluster
let replicas: Replica[] = []

beforeAll(async () => {
  cluster = await startCluster()
})
afterEach(async () => {
  await Promise.all(replicas.map((replica) => replica.leave()))
  replicas = []
})
afterAll(async () => {
  await cluster.stop()
})

/** A relay that falls silent in the middle of the first large write. Its sockets stay open, and their kernels answer. */
const startSilentRelay = async (target: number) => {
  const sockets: Socket[] = []
  let isSilent = false
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    sockets.push(client, upstream)
    for (const socket of [client, upstream]) socket.on('error', () => {})
    upstream.on('data', (bytes) => {
      if (!isSilent) client.write(bytes)
    })
    client.on('data', (bytes) => {
      if (isSilent) return
      isSilent = bytes.length > THROUGH_BYTES
      upstream.write(bytes.subarray(0, THROUGH_BYTES))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    isSilent: () => isSilent,
    async [Symbol.asyncDispose](): Promise<void> {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** A replica that holds both units, and falls silent amid its first large write. */
const joinSilent = async (databaseUrl: string, port: number, leaseMs: number) => {
  const url = new URL(databaseUrl)
  url.port = String(port)
  let write = () => {}
  const replica = joinReplica({
    url: url.href,
    units: ['one', 'two'],
    leaseMs,
    keep: (kept) => {
      write = () => {
        const { unit, epoch, head, writer } = kept
        writer.write({ unit: unit.id, epoch, seq: head.seq + 1, lines: [LINE] }).catch(() => {})
      }
      return keepNothing(kept)
    },
  })
  replicas.push(replica)
  await replica.until(() => replica.held().length === 2)
  return { replica, write: () => write() }
}

const joinOther = async (url: string, leaseMs: number) => {
  const other = joinReplica({ url, units: ['one', 'two'], leaseMs })
  replicas.push(other)
  await other.until(() => other.held().length === 1)
  return other
}

it('the units of a replica that falls silent amid a statement are free after its own lease', async () => {
  const database = await createCurfewDatabase(cluster)
  await using relay = await startSilentRelay(cluster.port)
  const { replica: silent, write } = await joinSilent(database.url, relay.port, 2000)
  const other = await joinOther(database.url, 6000)
  write()
  await other.until(() => {
    // While the silent one may still call, nobody else has its unit.
    if (silent.held().length > 0) expect(other.held()).toHaveLength(1)
    return other.held().length === 2
  })
  expect(relay.isSilent()).toBe(true)
  expect(silent.held()).toEqual([])
})

it('nobody ends the session of a member before the lease of that member, which may be longer than its own', async () => {
  const database = await createCurfewDatabase(cluster)
  await using relay = await startSilentRelay(cluster.port)
  const { replica: silent, write } = await joinSilent(database.url, relay.port, 12_000)
  const hasty = await joinOther(database.url, 2000)
  write()
  const hasWaited = async () => {
    const waits = await cluster.sql(
      `select from pg_stat_activity where datname = $1 and state = 'active' and wait_event = 'ClientRead'
         and state_change < clock_timestamp() - interval '4 seconds'`,
      [database.name],
    )
    return waits.length === 1
  }
  while (!(await hasWaited())) {
    const beats = hasty.told('engine-beat').length
    await hasty.until(() => hasty.told('engine-beat').length > beats + 1)
  }
  expect(silent.held()).toHaveLength(1)
  expect(hasty.held()).toHaveLength(1)
})
