import pg from 'pg'
import { migrate } from '../../../src/adapters/postgres/migrate.ts'
import { DAEMON_ROLE } from '../../../src/adapters/postgres/migration-script.ts'
import type { Cluster } from '../../engine/cluster.ts'

/** A session as a user. It signs in without a password. */
export const connectAs = async (cluster: Cluster, user: string, database: string) => {
  const client = new pg.Client({ connectionString: cluster.url(database, user) })
  await client.connect()
  return client
}

/**
 * A database of its own with the schema of this program. `owner` migrated it; `daemon` is a session of the user
 * `replica`, who has the daemon's role and no other right.
 */
export const openDatabase = async (cluster: Cluster, name: string) => {
  await cluster.sql(`create database "${name}"`)
  const owner = await connectAs(cluster, 'owner', name)
  await migrate(owner, DAEMON_ROLE)
  await owner.query(`
    do $$ begin
      if not exists (select from pg_roles where rolname = 'replica') then
        create role replica login in role ${DAEMON_ROLE};
      end if;
    end $$`)
  const daemon = await connectAs(cluster, 'replica', name)
  return {
    name,
    url: cluster.url(name, 'replica'),
    owner,
    daemon,
    async [Symbol.asyncDispose]() {
      await daemon.end()
      await owner.end()
    },
  }
}

/** Adds a unit as the daemon does, and grants it once: its epoch is 1. */
export const addUnit = async (client: pg.Client, key = 'eu-central-1 own'): Promise<number> => {
  const { rows } = await client.query<{ id: number }>('insert into curfew.unit (key) values ($1) returning id', [key])
  const id = rows[0]?.id ?? 0
  await client.query('update curfew.unit set epoch = epoch + 1 where id = $1', [id])
  return id
}
