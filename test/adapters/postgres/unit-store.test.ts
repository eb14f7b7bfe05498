import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stateToBytes } from '../../../src/adapters/files/state-bytes.ts'
import type { Ask } from '../../../src/adapters/postgres/ask.ts'
import { createUnitStore } from '../../../src/adapters/postgres/unit-store.ts'
import { EMPTY_STATE, StateError } from '../../../src/app/state.ts'
import { KeepingUnreached } from '../../../src/app/tenure.ts'
import { type Cluster, startCluster } from '../../engine/cluster.ts'
import { startStandby } from '../../engine/standby.ts'
import { WHOLE_STATE } from '../files/whole-state.ts'
import { addUnit, openDatabase } from './database.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster.stop())

const KEY = 'eu-central-1 own'

const open = async (name: string) => {
  const database = await openDatabase(cluster, name)
  const { daemon, owner } = database
  const id = await addUnit(daemon, KEY)
  /** The policy sets of each save, as they were sent. */
  const saved: unknown[] = []
  const ask: Ask = (text, values = []) => {
    if (text.includes('set state = $3')) saved.push(values[4])
    return daemon.query(text, [...values])
  }
  const row = async () => {
    const { rows } = await owner.query<Readonly<Record<string, unknown>>>('select * from curfew.unit where id = $1', [
      id,
    ])
    return rows[0] ?? {}
  }
  return {
    ...database,
    id,
    row,
    saved: () => saved,
    grant: () => owner.query('update curfew.unit set epoch = epoch + 1 where id = $1', [id]),
    store: (epoch = 1) => createUnitStore(ask, { id, key: KEY, epoch }),
  }
}

describe('the state of a unit in the database', () => {
  it('is empty at first', async () => {
    await using database = await open('empty')
    expect(await database.store().load()).toEqual({ state: EMPTY_STATE, setAside: undefined })
    expect(await database.store().peek()).toEqual(EMPTY_STATE)
  })

  it('is there for the next tenure, with every part of it', async () => {
    await using database = await open('next')
    await database.store().save(EMPTY_STATE)
    await database.store().save(WHOLE_STATE)
    await database.grant()
    expect(await database.store(2).load()).toEqual({ state: WHOLE_STATE, setAside: undefined })
    expect(await database.row()).toMatchObject({ state_epoch: '1', state_version: 4 })
  })

  it('has its policy sets beside it, and writes them only when they change', async () => {
    await using database = await open('policy_sets')
    const written = (values: readonly unknown[]) => values.map((value) => (value === null ? 'as before' : 'anew'))
    const store = database.store()
    const [one, two] = [{ a: { policies: ['long'] } }, { a: { policies: ['long'] }, b: { policies: ['longer'] } }]
    for (const policySets of [one, one, two, two, one]) await store.save({ ...WHOLE_STATE, policySets })
    const next = database.store()
    expect((await next.load()).state.policySets).toEqual(one)
    await next.save({ ...WHOLE_STATE, policySets: one })
    expect(written(database.saved())).toEqual(['anew', 'as before', 'anew', 'as before', 'anew', 'as before'])
    expect((await database.row())['state']?.toString()).not.toContain('long')
    expect(await database.store().peek()).toEqual({ ...WHOLE_STATE, policySets: one })
  })

  it('writes its policy sets again after a save that failed', async () => {
    await using database = await open('policy_sets_failed')
    const store = database.store()
    await expect(store.save(WHOLE_STATE, async () => false)).rejects.toThrow('was not replaced')
    await store.save(WHOLE_STATE)
    expect(await database.store().peek()).toEqual(WHOLE_STATE)
  })

  it('has no policy sets where their bytes are damaged, and keeps the rest', async () => {
    await using database = await open('policy_sets_damaged')
    await database.store().save(WHOLE_STATE)
    await database.owner.query('update curfew.unit set policy_sets = $1', [Buffer.from('x')])
    const store = database.store()
    expect(await store.load()).toEqual({ state: { ...WHOLE_STATE, policySets: {} }, setAside: undefined })
    await store.save(WHOLE_STATE)
    expect(await store.peek()).toEqual(WHOLE_STATE)
  })

  it('is read with the policy sets that an earlier program wrote into it', async () => {
    await using database = await open('policy_sets_within')
    await database.owner.query('update curfew.unit set state = $1', [stateToBytes(WHOLE_STATE)])
    expect(await database.store().peek()).toEqual(WHOLE_STATE)
  })

  it('is not replaced by an older tenure', async () => {
    await using database = await open('older')
    await database.grant()
    await database.store(2).save(WHOLE_STATE)
    await expect(database.store(1).save(EMPTY_STATE)).rejects.toThrow(
      `the state of ${KEY} in the database was not replaced: another replica holds the unit now`,
    )
    expect(await database.store(2).peek()).toEqual(WHOLE_STATE)
  })

  it('is not replaced where it may not be', async () => {
    await using database = await open('may_not')
    await expect(database.store().save(WHOLE_STATE, async () => false)).rejects.toThrow('was not replaced')
    expect(await database.store().peek()).toEqual(EMPTY_STATE)
  })

  it('is that of the last save, whatever became of the one before', async () => {
    await using database = await open('order')
    const store = database.store()
    const refused = store.save(WHOLE_STATE, async () => false)
    const [first, last] = [store.save(WHOLE_STATE), store.save(EMPTY_STATE)]
    await expect(refused).rejects.toThrow('was not replaced')
    await Promise.all([first, last])
    expect(await store.peek()).toEqual(EMPTY_STATE)
  })

  it('of a newer program is left to newer programs', async () => {
    await using database = await open('newer')
    await database.store().save(WHOLE_STATE)
    await database.owner.query('update curfew.unit set state_version = 5')
    await expect(database.store().load()).rejects.toThrow(StateError)
    await expect(database.store().load()).rejects.toThrow('has format 5, and this program reads up to 4')
    expect((await database.row())['state']).not.toBeNull()
  })

  it.each([
    ['a changed bit', (bytes: Buffer) => bytes.map((byte, at) => (at === bytes.length - 9 ? byte ^ 1 : byte))],
    ['nothing', () => Buffer.alloc(0)],
    ['something else', () => Buffer.from('{"a":1}')],
  ])('that is %s is put aside, and said', async (what, damage) => {
    await using database = await open(`damaged_${what.replaceAll(' ', '_')}`)
    await database.store().save(WHOLE_STATE)
    const damaged = Buffer.from(damage((await database.row())['state'] as Buffer))
    await database.owner.query('update curfew.unit set state = $1', [damaged])
    expect(await database.store().peek()).toEqual(EMPTY_STATE)
    expect(await database.store().load()).toEqual({
      state: EMPTY_STATE,
      setAside: {
        file: `the column "unreadable" of unit ${database.id} in curfew.unit`,
        why: expect.stringMatching(`^${KEY}: it`) as string,
      },
    })
    expect(await database.row()).toMatchObject({ state: null, unreadable: damaged })
    expect(await database.store().load()).toEqual({ state: EMPTY_STATE, setAside: undefined })
  })

  it('that is damaged is not put aside by an older tenure', async () => {
    await using database = await open('damaged_older')
    await database.owner.query('update curfew.unit set state = $1', [Buffer.from('x')])
    await database.grant()
    await expect(database.store(1).load()).rejects.toThrow(KeepingUnreached)
    expect(await database.row()).toMatchObject({ unreadable: null })
  })

  it.each([
    ['has another epoch', 'update curfew.unit set epoch = epoch - 1 where id = $1'],
    ['has no such unit', 'delete from curfew.unit where id = $1'],
  ])('is not read from a server that %s', async (what, change) => {
    await using database = await open(`elsewhere_${what.replaceAll(' ', '_')}`)
    await database.store().save(WHOLE_STATE)
    await database.owner.query('set session_replication_role = replica')
    await database.owner.query(change, [database.id])
    await expect(database.store().load()).rejects.toThrow(KeepingUnreached)
    // A command that changes nothing reads what is there.
    expect(await database.store().peek()).toBeDefined()
  })

  it('is not read from a standby', async () => {
    await using database = await open('standby')
    await database.store().save(WHOLE_STATE)
    await using standby = await startStandby(cluster)
    const client = new pg.Client({ connectionString: standby.url(database.name, 'replica') })
    try {
      await client.connect()
      const ask: Ask = (text, values = []) => client.query(text, [...values])
      const store = createUnitStore(ask, { id: database.id, key: KEY, epoch: 1 })
      await expect(store.load()).rejects.toThrow(KeepingUnreached)
    } finally {
      await client.end()
    }
  })
})
