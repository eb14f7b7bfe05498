import type { ClientBase } from 'pg'
import { migrationScript } from './migration-script.ts'
import { MIGRATIONS } from './migrations/migrations.ts'

/** What a migration did. Versions are the numbers of steps; 0: there was no schema. */
interface Migrated {
  readonly from: number
  readonly to: number
  readonly hasMadeRole: boolean
}

/** Makes the schema of this program, as the owner of the schema. All or nothing, and nothing where it is there. */
export const migrate = async (client: ClientBase, daemonRole: string): Promise<Migrated> => {
  const from = await versionOf(client)
  const { rowCount } = await client.query('select from pg_roles where rolname = $1', [daemonRole])
  try {
    await client.query(migrationScript(daemonRole))
  } catch (error) {
    await client.query('rollback')
    throw error
  }
  return { from, to: MIGRATIONS.length, hasMadeRole: rowCount === 0 }
}

const versionOf = async (client: ClientBase): Promise<number> => {
  const { rows } = await client.query<{ readonly found: boolean }>(
    "select to_regclass('curfew.migration') is not null as found",
  )
  if (rows[0]?.found !== true) return 0
  const versions = await client.query<{ readonly version: number | null }>(
    'select max(version) as version from curfew.migration',
  )
  return versions.rows[0]?.version ?? 0
}
