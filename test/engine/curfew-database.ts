import pg from 'pg'
import { migrate } from '../../src/adapters/postgres/migrate.ts'
import { DAEMON_ROLE } from '../../src/adapters/postgres/migration-script.ts'
import type { Cluster } from './cluster.ts'

let count = 0

/**
 * A database with the schema of Curfew, beside others on the same server. `url` is that of the user `replica`, who has
 * the daemon's role and no other right. `sql` runs as the owner.
 */
export const createCurfewDatabase = async (cluster: Cluster) => {
  const name = `curfew_${process.pid}_${++count}`
  await cluster.sql(`create database ${name}`)
  const owner = new pg.Client({ connectionString: cluster.url(name) })
  await owner.connect()
  await migrate(owner, DAEMON_ROLE)
  await owner.query(`
    do $$ begin
      if not exists (select from pg_roles where rolname = 'replica') then
        create role replica login in role ${DAEMON_ROLE};
      end if;
    end $$`)
  await owner.end()
  const sql = async <Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) =>
    cluster.sql<Row>(text, values, name)
  return { name, url: cluster.url(name, 'replica'), ownerUrl: cluster.url(name), sql }
}

export type CurfewDatabase = Awaited<ReturnType<typeof createCurfewDatabase>>
