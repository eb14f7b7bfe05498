import type { Ask } from './ask.ts'
import { MEMBER_LOCK } from './beat.ts'

/** How many tenures a backup may be behind. Epochs of the earlier database are never granted again. */
const EPOCHS_BETWEEN = 1_000_000

const ACCEPT = `
update curfew.origin set incarnation = gen_random_uuid(), accepted_at = clock_timestamp(),
  system_identifier = (select system_identifier from pg_control_system()),
  database_oid = (select oid from pg_database where datname = current_database())`

const MEMBERS = `
select count(distinct pid)::integer as members from pg_locks
where locktype = 'advisory' and granted and objsubid = 2 and classid::bigint = ${MEMBER_LOCK}
  and database = (select oid from pg_database where datname = current_database())`

/**
 * Makes this database the one that counts, after an older backup was restored or a copy was made: replicas forget what
 * they have seen of the earlier one. All or nothing, as the owner. Gives the number of units, or the number of replicas
 * that have joined the database: all their tenures would end.
 */
export const acceptDatabase = async (ask: Ask): Promise<{ readonly units: number } | { readonly members: number }> => {
  const [joined] = (await ask<{ readonly members: number }>(MEMBERS)).rows
  if (joined === undefined || joined.members > 0) return { members: joined?.members ?? 0 }
  await ask('begin')
  try {
    await ask(ACCEPT)
    const { rowCount } = await ask('update curfew.unit set epoch = epoch + $1', [EPOCHS_BETWEEN])
    await ask('commit')
    return { units: rowCount ?? 0 }
  } catch (error) {
    await ask('rollback').catch(() => {})
    throw error
  }
}
