import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { examineSchema } from '../../../src/adapters/postgres/examine-schema.ts'
import { type Cluster, startCluster } from '../../engine/cluster.ts'
import { connectAs, openDatabase } from './database.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster.stop())

type Client = Awaited<ReturnType<typeof connectAs>>

const examine = (client: Client) => examineSchema((text, values = []) => client.query(text, [...values]))

describe('the schema, as a daemon finds it', () => {
  it('is that of the program, and the role of a daemon can do what it must and no more', async () => {
    await using database = await openDatabase(cluster, 'sound')
    expect(await examine(database.daemon)).toEqual({ refusal: undefined, excess: [] })
  })

  it('is missing in an empty database', async () => {
    await using database = await openDatabase(cluster, 'gone')
    await database.owner.query('drop schema curfew cascade')
    expect((await examine(database.daemon)).refusal).toEqual({
      why: 'not-migrated',
      message: 'the database has no schema of Curfew: run "curfew engine migrate" as its owner',
    })
  })

  it('may be older or newer than the program', async () => {
    await using database = await openDatabase(cluster, 'other_version')
    await database.owner.query('delete from curfew.migration where version > 1')
    expect((await examine(database.daemon)).refusal).toMatchObject({ why: 'not-migrated' })
    await database.owner.query('insert into curfew.migration (version) values (99)')
    expect((await examine(database.daemon)).refusal).toMatchObject({
      why: 'newer-schema',
      message: expect.stringContaining('of version 99, and this program knows up to version') as string,
    })
  })

  it('is of no use to a role without rights, or with too few', async () => {
    await using database = await openDatabase(cluster, 'rights')
    await cluster.sql('create role stranger login')
    const stranger = await connectAs(cluster, 'stranger', 'rights')
    expect((await examine(stranger)).refusal).toMatchObject({
      why: 'permissions',
      message: expect.stringContaining('the role "stranger" may not use the schema curfew') as string,
    })
    await database.owner.query(
      'grant usage on schema curfew to stranger; grant select on all tables in schema curfew to stranger',
    )
    expect((await examine(stranger)).refusal).toMatchObject({
      why: 'permissions',
      message: expect.stringContaining('lacks the rights of a daemon (insert into unit, update unit,') as string,
    })
    await stranger.end()
  })

  it('shows what a role may do to the trail that no daemon needs', async () => {
    await using database = await openDatabase(cluster, 'excess')
    expect(await examine(database.owner)).toEqual({
      refusal: undefined,
      excess: ['update record', 'delete from record', 'truncate record', 'update chain'],
    })
  })
})
