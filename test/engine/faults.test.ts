import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../free-port.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { type CurfewDatabase, createCurfewDatabase } from './curfew-database.ts'
import { joinReplica, type Replica, type ReplicaOptions } from './joined-replica.ts'
import { startStandby } from './standby.ts'

let cluster: Cluster
let database: CurfewDatabase
let replicas: Replica[] = []
/** A test that fails does not come to its end: what it has started is ended here. */
const poolers: ChildProcess[] = []
const UNITS = ['a', 'b', 'c', 'd']

beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(async () => {
  for (const pooler of poolers) pooler.kill('SIGTERM')
  await cluster.stop()
})
beforeEach(async () => {
  database = await createCurfewDatabase(cluster)
})
afterEach(async () => {
  await Promise.all(replicas.map((replica) => replica.leave()))
  replicas = []
})

const join = (options: Partial<ReplicaOptions> = {}): Replica => {
  const replica = joinReplica({ url: database.url, units: UNITS, ...options })
  replicas.push(replica)
  return replica
}
const joinTwo = async (options: Partial<ReplicaOptions> = {}) => {
  const [one, two] = [join(options), join(options)]
  await Promise.all([one, two].map((replica) => replica.until(() => replica.held().length === 2)))
  return [one, two] as const
}
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const epochs = (...all: readonly Replica[]) =>
  all.flatMap((replica) => replica.served.map(({ tenure }) => `${tenure.unit} ${tenure.epoch}`))

describe('a server that is paused', () => {
  it('for less than the lease moves no unit', async () => {
    const [one, two] = await joinTwo({ leaseMs: 6000 })
    const before = epochs(one, two)
    await cluster.signal('SIGSTOP')
    await pause(1500)
    await cluster.signal('SIGCONT')
    const beats = one.told('engine-beat').length
    await one.until(() => one.told('engine-beat').length > beats + 2)
    expect(epochs(one, two)).toEqual(before)
    expect([one.held().length, two.held().length]).toEqual([2, 2])
  })

  it('beyond the lease ends every tenure before the server can free one, and they begin again in newer epochs', async () => {
    const [one, two] = await joinTwo()
    const first = [...one.served, ...two.served].filter(({ how }) => how === undefined)
    await cluster.signal('SIGSTOP')
    await Promise.all([one, two].map((replica) => replica.until(() => replica.held().length === 0)))
    // Nothing has moved: the server stands still, and no tenure holds.
    expect(first.map(({ tenure }) => tenure.holds())).toEqual(first.map(() => false))
    await Promise.all([one, two].map((replica) => replica.until(() => replica.told('engine-away').length > 0)))
    await cluster.signal('SIGCONT')
    await Promise.all([one, two].map((replica) => replica.until(() => replica.held().length === 2)))
    expect(first.map(({ how }) => how)).toEqual(first.map(() => 'lost'))
    const all = epochs(one, two)
    expect(new Set(all).size).toBe(all.length)
  })
})

describe('a server that is killed', () => {
  it('takes every tenure with it, and all units are held again after it was started', async () => {
    const [one, two] = await joinTwo()
    await cluster.signal('SIGKILL')
    await Promise.all([one, two].map((replica) => replica.until(() => replica.held().length === 0)))
    await cluster.start()
    await Promise.all([one, two].map((replica) => replica.until(() => replica.held().length === 2)))
    const all = epochs(one, two)
    expect(new Set(all).size).toBe(all.length)
    for (const replica of [one, two]) {
      const messages = replica.told('engine-away').map(({ message }) => message)
      expect(messages.length).toBeGreaterThan(0)
      expect(new Set(messages).size).toBe(messages.length)
    }
  })
})

describe('a stop', () => {
  it('ends although the server does not answer', async () => {
    const replica = join()
    await replica.until(() => replica.held().length === 4)
    await cluster.signal('SIGSTOP')
    try {
      await replica.leave()
      expect(replica.served.map(({ tenure }) => tenure.holds())).toEqual([false, false, false, false])
    } finally {
      await cluster.signal('SIGCONT')
    }
  })

  it('ends although no server is there, and although one accepts and says nothing', async () => {
    const nobody = join({ url: 'postgres://replica@127.0.0.1:1/x' })
    await nobody.until(() => nobody.told('engine-away').length === 1)
    expect(nobody.told('engine-away')[0]?.message).toMatch(/^the database: nothing listens at its address and port/)
    expect(nobody.engine.status()).toMatchObject({ state: 'joining' })
    await nobody.leave()
    await cluster.signal('SIGSTOP')
    try {
      const silent = join()
      await silent.leave()
      expect(silent.served).toEqual([])
    } finally {
      await cluster.signal('SIGCONT')
    }
  })

  it('gives a unit back only after its work has ended', async () => {
    let finish = () => {}
    const last = new Promise<void>((resolve) => {
      finish = resolve
    })
    const one = join({ handOver: () => last })
    await one.until(() => one.held().length === 4)
    const two = join()
    await two.until(() => two.told('engine-joined').length === 1)
    const left = one.leave()
    const beats = two.told('engine-beat').length
    await two.until(() => two.told('engine-beat').length > beats + 5)
    expect(two.held()).toEqual([])
    expect(one.held()).toEqual(UNITS)
    finish()
    await left
    await two.until(() => two.held().length === 4)
  })
})

describe('a standby', () => {
  it('is refused in words', async () => {
    await using standby = await startStandby(cluster)
    const replica = join({ url: standby.url(database.name, 'replica') })
    await replica.until(() => replica.told('engine-refused').length === 1)
    expect(replica.told('engine-refused')[0]).toMatchObject({ why: 'standby' })
    expect(replica.told('engine-refused')[0]?.message).toContain('the address of the primary')
    expect(replica.served).toEqual([])
  })
})

describe('pgbouncer', () => {
  it.each(['transaction', 'session'])('in %s mode is refused in words, and nothing is taken', async (mode) => {
    await using pooler = await startPooler(mode)
    const replica = join({ url: pooler.url })
    await replica.until(() => replica.told('engine-refused').length === 1)
    expect(replica.told('engine-refused')[0]).toMatchObject({ why: 'pooler' })
    expect(replica.told('engine-refused')[0]?.message).toContain('the address of the server itself')
    expect(replica.served).toEqual([])
    expect(await database.sql('select key from curfew.unit')).toEqual([])
    await replica.leave()
  })
})

/** pgbouncer in front of the server. It refuses to run as root. */
const startPooler = async (mode: string) => {
  const folder = mkdtempSync(joinPath(tmpdir(), 'curfew-pgbouncer-'))
  chmodSync(folder, 0o755)
  const port = await freePort()
  const file = joinPath(folder, 'pgbouncer.ini')
  writeFileSync(
    file,
    [
      '[databases]',
      `* = host=127.0.0.1 port=${cluster.port} user=replica`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'auth_type = any',
      `pool_mode = ${mode}`,
      'unix_socket_dir =',
      '',
    ].join('\n'),
  )
  const program = '/usr/sbin/pgbouncer'
  const [command, args] =
    process.getuid?.() === 0 ? ['/usr/sbin/runuser', ['-u', 'postgres', '--', program, file]] : [program, [file]]
  const child = spawn(command, args, { stdio: 'ignore' })
  poolers.push(child)
  while (!(await accepts(port))) await pause(25)
  return {
    url: `postgres://replica@127.0.0.1:${port}/${database.name}`,
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
