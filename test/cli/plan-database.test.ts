import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { UNIT_LOCK } from '../../src/adapters/postgres/beat.ts'
import { createUnitStore } from '../../src/adapters/postgres/unit-store.ts'
import type { AuditRecord } from '../../src/app/audit.ts'
import { endpointKey } from '../../src/app/site.ts'
import { EMPTY_STATE } from '../../src/app/state.ts'
import { createMemory } from '../../src/domain/judge/memory.ts'
import { MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { openDatabase } from '../adapters/postgres/database.ts'
import { writeChain } from '../adapters/postgres/guarded-chain.ts'
import { type Cluster, startCluster } from '../engine/cluster.ts'
import { workspace } from './curfew.ts'
import { curfewYaml, OFFICE, startOffice } from './office.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster.stop())

const ENGINE = 'engine: { kind: postgres, url: { env: CURFEW_DATABASE_URL }, tls: off }\n'
const COOLING = `
version: 1
policies:
  - { name: daily, kind: max-session-age, maxAge: 8h, guard: off, cooldown: 2h }
`
const UNIT = 'eu-central-1 own'

/** A termination of alice, ten minutes ago: her cooldown lasts. */
const endedBefore = (at: number): readonly AuditRecord[] => {
  const about = {
    policySetHash: 'hash',
    endpointId: OFFICE,
    account: '111122223333',
    region: 'eu-central-1',
    connectionId: 'earlier',
    username: 'alice',
    commonName: undefined,
    policy: 'daily',
    reason: 'session-age',
    because: 'too old',
    alsoBy: [],
    since: undefined,
    deadline: undefined,
    call: { id: 'x-1', selector: 'connection-id' as const },
  }
  return [
    { ...about, time: at, event: 'intent' },
    { ...about, time: at + SECOND, event: 'outcome', requestId: 'r', outcome: 'confirmed' },
  ]
}

/** An office where alice has connected again, and a database that knows of her termination. */
const openOffice = async (name: string) => {
  const office = await startOffice()
  office.world.connect({ endpointId: OFFICE, username: 'alice', ageMs: MINUTE })
  const database = await openDatabase(cluster, name)
  const here = await workspace({ 'curfew.yaml': curfewYaml(`mode: enforce\n${ENGINE}`), 'policies.yaml': COOLING })
  const env = { ...office.env, CURFEW_DATABASE_URL: database.url }
  return {
    office,
    database,
    run: (command: string, ...args: readonly string[]) => here.run([command, '-c', 'curfew.yaml', ...args], env),
    runElsewhere: (url: string, ...args: readonly string[]) =>
      here.run([...args, '-c', 'curfew.yaml'], { ...env, CURFEW_DATABASE_URL: url }),
    /** Writes the first lines of the chain. Resolves with the time of the intent too. */
    async writeTrail(count = 2) {
      const intentAt = Date.now() - 10 * MINUTE
      const records = endedBefore(intentAt).slice(0, count)
      return { intentAt, ...(await writeChain(database.daemon, UNIT, records)) }
    },
    async [Symbol.asyncDispose]() {
      await here[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
      await office.close()
    },
  }
}

describe('commands that judge as the daemon does, with the state in a database', () => {
  it('see the cooldown that the chain of the unit bears out, and change nothing', async () => {
    await using at = await openOffice('cooldown')
    expect((await at.run('plan')).stdout).toContain('0 would end now')
    const { id } = await at.writeTrail()
    const before = await at.database.owner.query('select * from curfew.unit natural join curfew.chain')
    const plan = await at.run('plan')
    expect([plan.code, plan.stderr]).toEqual([0, ''])
    expect(plan.stdout).toContain('1 would end now in 1 call')
    expect((await at.run('connections')).stdout).toContain('1 would end now')
    expect((await at.run('explain', '--user', 'alice')).stdout).toMatch(/cooldown/)
    // A cooldown that only the state tells has no intent, and does not count.
    await at.database.owner.query('alter table curfew.record disable trigger all')
    await at.database.owner.query('delete from curfew.record where unit = $1', [id])
    expect((await at.run('plan')).stdout).toContain('0 would end now')
    const after = await at.database.owner.query('select * from curfew.unit natural join curfew.chain')
    expect(after.rows).toEqual(before.rows)
  })

  it('read the state of the unit, and believe what the chain bears out', async () => {
    await using at = await openOffice('state')
    // The outcome is missing, so that the chain alone tells of no cooldown.
    const { id, intentAt } = await at.writeTrail(1)
    expect((await at.run('plan')).stdout).toContain('0 would end now')
    const { daemon } = at.database
    const store = createUnitStore((text, values = []) => daemon.query(text, [...values]), { id, key: UNIT, epoch: 1 })
    const kept = (user: string) => ({
      ...createMemory().kept(),
      watchedSince: intentAt,
      terminated: { daily: { [`user:${user}`]: intentAt } },
    })
    const endpoints = (user: string) => ({ [endpointKey('eu-central-1', OFFICE)]: kept(user) })
    await store.save({ ...EMPTY_STATE, endpoints: endpoints('alice') })
    expect((await at.run('plan')).stdout).toContain('1 would end now')
    await store.save({ ...EMPTY_STATE, endpoints: endpoints('bob') })
    expect((await at.run('plan')).stdout).toContain('0 would end now')
    await at.database.owner.query('update curfew.unit set state_version = 1000 where id = $1', [id])
    const newer = await at.run('plan')
    expect(newer).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^curfew: the state of eu-central-1 own [^\n]+\n$/),
    })
  })

  it('name the replica that holds each unit, or that nobody does', async () => {
    await using at = await openOffice('holders')
    const unheld = await at.run('plan')
    expect(unheld.stdout).toContain('\nUnits that replicas share (1):\n  eu-central-1 own: no replica has held it yet')
    const { id } = await at.writeTrail()
    const { daemon } = at.database
    await daemon.query("update curfew.unit set holder = 'curfew-7d9f' where id = $1", [id])
    expect((await at.run('plan')).stdout).toContain('eu-central-1 own: held by no replica, so that nobody')
    await daemon.query('select pg_advisory_lock($1, $2)', [UNIT_LOCK, id])
    expect((await at.run('plan')).stdout).toContain('eu-central-1 own: held by curfew-7d9f, epoch 1\n')
    const json = JSON.parse((await at.run('plan', '--output', 'json')).stdout) as object
    expect(json).toMatchObject({ units: [{ unit: UNIT, state: 'held', holder: 'curfew-7d9f', epoch: 1 }] })
  })

  it('say in one line that the database is away', async () => {
    await using at = await openOffice('away')
    for (const args of [['plan'], ['connections'], ['explain', '--user', 'alice']]) {
      const { code, stderr } = await at.runElsewhere('postgres://replica:secret-word@127.0.0.1:9/away', ...args)
      expect(code).toBe(1)
      expect(stderr).toMatch(/^curfew: [^\n]*127\.0\.0\.1:9[^\n]*\n$/)
      expect(stderr).not.toContain('secret-word')
    }
  })
})
