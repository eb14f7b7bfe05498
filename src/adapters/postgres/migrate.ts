import type { ClientBase } from 'pg'
import { migrationScript, NOTICE_OF_CURFEW } from './migration-script.ts'
import { MIGRATIONS } from './migrations/migrations.ts'

/** What a migration did. Versions are the numbers of steps; 0: there was no schema. */
interface Migrated {
  readonly from: number
  readonly to: number
  readonly hasMadeRole: boolean
  /** What the server tells an operator beside it, such as a role that it could not make. */
  readonly notices: readonly string[]
}

/** Makes the schema of this program, as the owner of the schema. All or nothing, and nothing where it is there. */
export const migrate = async (client: ClientBase, daemonRole: string): Promise<Migrated> => {
  const from = await versionOf(client)
  const { rowCount } = await client.query('select from pg_roles where rolname = $1', [daemonRole])
  const notices: string[] = []
  const hear = ({ code, message }: { readonly code?: string | undefined; readonly message?: string | undefined }) => {
    if (code === NOTICE_OF_CURFEW && message !== undefined) notices.push(message)
  }
  client.on('notice', hear)
  try {
    await client.query(migrationScript(daemonRole))
  } catch (error) {
    await client.query('rollback')
    throw error
  } finally {
    client.off('notice', hear)
  }
  return { from, to: MIGRATIONS.length, hasMadeRole: rowCount === 0, notices }
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
