import type { EngineRefusal } from '../../app/tenure.ts'
import type { Ask } from './ask.ts'
import { MIGRATIONS } from './migrations/migrations.ts'

interface Examined {
  /** Why the daemon cannot work with the database, in one line that says what to do. Undefined if it can. */
  readonly refusal: { readonly why: EngineRefusal; readonly message: string } | undefined
  /** What the role of the session may do to the trail beyond adding lines. Empty for a sound role. */
  readonly excess: readonly string[]
}

const NOTHING_BEYOND: readonly string[] = []

/** Whether the schema is that of this program, and whether the role of the session has the rights of a daemon. */
export const examineSchema = async (ask: Ask): Promise<Examined> => {
  const refused = (why: EngineRefusal, message: string): Examined => ({
    refusal: { why, message },
    excess: NOTHING_BEYOND,
  })
  const [found] = (
    await ask<{ readonly role: string; readonly has_schema: boolean; readonly may_use: boolean }>(FIND_SCHEMA)
  ).rows
  const role = JSON.stringify(found?.role)
  if (found?.has_schema !== true) {
    return refused('not-migrated', 'the database has no schema of Curfew: run "curfew engine migrate" as its owner')
  }
  if (!found.may_use) {
    const message = `the role ${role} may not use the schema curfew: grant it the daemon's role, as "curfew engine migrate" says`
    return refused('permissions', message)
  }
  const version = (await ask<{ readonly version: number }>(READ_VERSION)).rows[0]?.version ?? 0
  if (version < MIGRATIONS.length) {
    const message = `the schema of Curfew is of version ${version}, expected ${MIGRATIONS.length}: run "curfew engine migrate" of this program as its owner`
    return refused('not-migrated', message)
  }
  if (version > MIGRATIONS.length) {
    const message = `the schema of Curfew is of version ${version}, and this program knows up to version ${MIGRATIONS.length}: start a newer program`
    return refused('newer-schema', message)
  }
  const rights = (await ask<Right>(READ_RIGHTS)).rows
  const missing = rights.filter(({ is_needed, has }) => is_needed && !has)
  if (missing.length > 0) {
    const lacks = missing.map(({ what }) => what).join(', ')
    const message = `the role ${role} lacks the rights of a daemon (${lacks}): grant it the daemon's role, as "curfew engine migrate" says`
    return refused('permissions', message)
  }
  return {
    refusal: undefined,
    excess: rights.filter(({ is_needed, has }) => !is_needed && has).map(({ what }) => what),
  }
}

const FIND_SCHEMA = `
select current_user as role, n.oid is not null and c.oid is not null as has_schema,
  coalesce(has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select'), false) as may_use
from (select 1) as one
left join pg_namespace n on n.nspname = 'curfew'
left join pg_class c on c.relnamespace = n.oid and c.relname = 'migration'`

const READ_VERSION = 'select coalesce(max(version), 0) as version from curfew.migration'

interface Right {
  readonly what: string
  readonly is_needed: boolean
  readonly has: boolean
}

/** The owner of a table and a superuser have every right, and so do those who may become one of them. */
const READ_RIGHTS = `
select what, is_needed, has from (values
  ('insert into unit', true, has_column_privilege('curfew.unit', 'key', 'insert')),
  ('update unit', true, has_column_privilege('curfew.unit', 'epoch', 'update')
    and has_column_privilege('curfew.unit', 'state', 'update')
    and has_column_privilege('curfew.unit', 'policy_sets', 'update')),
  ('insert into record', true, has_column_privilege('curfew.record', 'line', 'insert')),
  ('select from record', true, has_table_privilege('curfew.record', 'select')),
  ('select from chain', true, has_table_privilege('curfew.chain', 'select')),
  ('select from origin', true, has_table_privilege('curfew.origin', 'select')),
  ('insert into generation', true, has_column_privilege('curfew.generation', 'configuration_hash', 'insert')),
  ('make partitions', true, has_function_privilege('curfew.make_partitions()', 'execute')),
  ('update record', false, has_table_privilege('curfew.record', 'update')),
  ('delete from record', false, has_table_privilege('curfew.record', 'delete')),
  ('truncate record', false, has_table_privilege('curfew.record', 'truncate')),
  ('update chain', false, has_any_column_privilege('curfew.chain', 'update'))
) as right_(what, is_needed, has)`
