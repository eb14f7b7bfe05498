import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrate } from '../../../src/adapters/postgres/migrate.ts'
import { DAEMON_ROLE, migrationScript } from '../../../src/adapters/postgres/migration-script.ts'
import { MIGRATIONS } from '../../../src/adapters/postgres/migrations/migrations.ts'
import { type Cluster, startCluster } from '../../engine/cluster.ts'
import { connectAs, openDatabase } from './database.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster.stop())

const objects = `
select c.relname || ' ' || c.relkind::text as object, c.relacl::text as rights
from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'curfew'
union all
select p.proname, p.proacl::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'curfew'
order by 1`

describe('a migration', () => {
  it('makes the schema once, and says what it did', async () => {
    await cluster.sql('create database once')
    const owner = await connectAs(cluster, 'owner', 'once')
    expect(await migrate(owner, DAEMON_ROLE)).toEqual({
      from: 0,
      to: MIGRATIONS.length,
      hasMadeRole: true,
      notices: [],
    })
    const made = await owner.query(objects)
    expect(made.rows.length).toBeGreaterThan(10)
    expect(await migrate(owner, DAEMON_ROLE)).toEqual({
      from: MIGRATIONS.length,
      to: MIGRATIONS.length,
      hasMadeRole: false,
      notices: [],
    })
    expect((await owner.query(objects)).rows).toEqual(made.rows)
    await owner.end()
  })

  it('prints the SQL that it runs: an administrator makes the same schema with it', async () => {
    await cluster.sql('create database by_hand')
    await using migrated = await openDatabase(cluster, 'by_command')
    const admin = await connectAs(cluster, 'owner', 'by_hand')
    await admin.query(migrationScript(DAEMON_ROLE))
    expect((await admin.query(objects)).rows).toEqual((await migrated.owner.query(objects)).rows)
    await admin.end()
  })

  it('continues where an earlier program stopped, and keeps its rows', async () => {
    await using database = await openDatabase(cluster, 'earlier')
    const { owner } = database
    await owner.query(`insert into curfew.unit (key) values ('kept')`)
    await owner.query('drop view curfew.trail, curfew.holding; drop index curfew.record_by_recorded_at')
    await owner.query('drop table curfew.record_other; drop function curfew.make_partitions()')
    await owner.query('alter table curfew.unit drop column policy_sets')
    await owner.query('delete from curfew.migration where version >= 3')
    expect(await migrate(owner, DAEMON_ROLE)).toMatchObject({ from: 2, to: MIGRATIONS.length })
    expect((await owner.query('select key from curfew.unit')).rows).toEqual([{ key: 'kept' }])
  })

  it('does nothing where a step fails', async () => {
    await using database = await openDatabase(cluster, 'fails')
    const { owner } = database
    await owner.query('delete from curfew.migration where version > 1')
    await owner.query('drop function curfew.begin_chain() cascade')
    await expect(migrate(owner, DAEMON_ROLE)).rejects.toThrow('already exists')
    expect((await owner.query('select max(version) as version from curfew.migration')).rows).toEqual([{ version: 1 }])
    const { rows } = await owner.query(`select to_regproc('curfew.begin_chain') as found`)
    expect(rows).toEqual([{ found: null }])
  })

  it('runs twice at once without harm', async () => {
    await cluster.sql('create database at_once')
    const [one, other] = [await connectAs(cluster, 'owner', 'at_once'), await connectAs(cluster, 'owner', 'at_once')]
    await Promise.all([migrate(one, 'both_daemons'), migrate(other, 'both_daemons')])
    expect((await one.query('select count(*)::integer as steps from curfew.migration')).rows).toEqual([
      { steps: MIGRATIONS.length },
    ])
    await one.end()
    await other.end()
  })

  it('is refused by a schema that is newer than the program', async () => {
    await using database = await openDatabase(cluster, 'newer')
    await database.owner.query('insert into curfew.migration (version) values (99)')
    await expect(migrate(database.owner, DAEMON_ROLE)).rejects.toMatchObject({ code: 'CF012' })
  })

  it('is refused in a database of another encoding', async () => {
    await cluster.sql(`create database latin encoding 'LATIN1' template template0 lc_collate 'C' lc_ctype 'C'`)
    const owner = await connectAs(cluster, 'owner', 'latin')
    await expect(migrate(owner, DAEMON_ROLE)).rejects.toMatchObject({ code: 'CF011' })
    await owner.end()
  })

  it('needs no superuser, and says which role an administrator must make', async () => {
    await cluster.sql('create role owner_of_curfew login')
    await cluster.sql('create database plain owner owner_of_curfew')
    const owner = await connectAs(cluster, 'owner_of_curfew', 'plain')
    await expect(migrate(owner, 'roleless')).rejects.toMatchObject({
      code: 'CF013',
      message: expect.stringContaining('let an administrator run "create role "roleless" nologin"') as string,
    })
    await cluster.sql('create role roleless nologin')
    expect(await migrate(owner, 'roleless')).toMatchObject({ from: 0, to: MIGRATIONS.length, hasMadeRole: false })
    await owner.end()
  })

  it('grants a role of any name', async () => {
    await cluster.sql('create database odd_names')
    const owner = await connectAs(cluster, 'owner', 'odd_names')
    await migrate(owner, `o'brien "d" %`)
    const { rows } = await owner.query<{ may: boolean }>(
      `select has_table_privilege($1, 'curfew.record', 'select') as may`,
      [`o'brien "d" %`],
    )
    expect(rows).toEqual([{ may: true }])
    await owner.end()
  })
})
