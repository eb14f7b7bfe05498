import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BEFORE_ALL } from '../../../src/adapters/audit/audit-line.ts'
import { linesAfter } from '../../../src/adapters/audit/lines-after.ts'
import { tendDatabase } from '../../../src/adapters/postgres/tend-database.ts'
import { type Cluster, startCluster } from '../../engine/cluster.ts'
import { record } from '../audit/chain.ts'
import { addUnit, connectAs, openDatabase } from './database.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster.stop())

type Opened = Awaited<ReturnType<typeof openDatabase>>

const partitionsIn = async ({ owner }: Opened) =>
  (
    await owner.query<{ name: string }>(
      `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
       where i.inhparent = 'curfew.record'::regclass order by 1`,
    )
  ).rows.map(({ name }) => name)

const monthsIn = async ({ owner }: Opened) =>
  (
    await owner.query<{ name: string }>(
      `select to_char(date_trunc('month', now() at time zone 'UTC') + make_interval(months => m), '"record_"YYYY_MM') as name
       from generate_series(0, 1) m`,
    )
  ).rows.map(({ name }) => name)

/** Writes lines as the daemon does, and tells the partition in which each lies. */
const write = async ({ daemon, owner }: Opened) => {
  const unit = await addUnit(daemon)
  const { lines } = linesAfter(BEFORE_ALL, [record('a'), record('b')])
  await daemon.query(
    'insert into curfew.record (unit, seq, epoch, line) select $1, number, 1, line from unnest($2::text[]) with ordinality as row(line, number)',
    [unit, lines.map(String)],
  )
  return async () =>
    (
      await owner.query<{ place: string }>('select tableoid::regclass::text as place from curfew.record order by seq')
    ).rows.map(({ place }) => place)
}

/** Makes partitions once, as the daemon does. */
const tend = async ({ daemon }: Opened) => {
  const stop = new AbortController()
  const said: (readonly string[])[] = []
  await tendDatabase(
    (text, values = []) => daemon.query(text, [...values]),
    { sleep: async () => stop.abort() },
    stop.signal,
    (excess) => said.push(excess),
  )
  return said
}

describe('the partitions', () => {
  it('are those of this month and of the next one, and one for everything else', async () => {
    await using database = await openDatabase(cluster, 'months')
    expect(await partitionsIn(database)).toEqual([...(await monthsIn(database)), 'record_other'])
    const places = await write(database)
    const [month] = await monthsIn(database)
    expect(await places()).toEqual([`curfew.${month}`, `curfew.${month}`])
    expect(await tend(database)).toEqual([])
    expect(await partitionsIn(database)).toHaveLength(3)
  })

  it('that are missing lose no line: it moves into its month when the daemon makes it', async () => {
    await using database = await openDatabase(cluster, 'missing')
    const [month, next] = await monthsIn(database)
    await database.owner.query(`drop table curfew.${month}, curfew.${next}`)
    const places = await write(database)
    expect(await places()).toEqual(['curfew.record_other', 'curfew.record_other'])
    await tend(database)
    expect(await places()).toEqual([`curfew.${month}`, `curfew.${month}`])
    expect(await partitionsIn(database)).toEqual([month, next, 'record_other'])
    // The indexes of the records are there in each partition.
    const { rows } = await database.owner.query<{ count: number }>(
      `select count(*)::integer as count from pg_indexes where tablename in ('record', $1, $2) group by tablename`,
      [month, next],
    )
    expect(rows).toEqual(Array(3).fill(rows[0]))
  })

  it('are left for another day where a reader is in the way', async () => {
    await using database = await openDatabase(cluster, 'busy')
    const [month, next] = await monthsIn(database)
    await database.owner.query(`drop table curfew.${month}, curfew.${next}`)
    const reader = await connectAs(cluster, 'owner', 'busy')
    await reader.query('begin; lock table curfew.record_other in access share mode')
    const { rows } = await database.daemon.query('select curfew.make_partitions() as made')
    expect(rows).toEqual([{ made: 0 }])
    await (await write(database))()
    await reader.end()
    await tend(database)
    expect(await partitionsIn(database)).toEqual([month, next, 'record_other'])
  })

  it('are of no matter to a daemon whose database is away or not migrated', async () => {
    await using database = await openDatabase(cluster, 'away')
    await database.owner.query('drop schema curfew cascade')
    expect(await tend(database)).toEqual([])
  })

  it('are made by a role that may do too much, which is said once', async () => {
    await using database = await openDatabase(cluster, 'excess')
    expect(await tend({ ...database, daemon: database.owner })).toEqual([
      ['update record', 'delete from record', 'truncate record', 'update chain'],
    ])
  })
})
