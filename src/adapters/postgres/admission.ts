import { EngineRefused } from './engine-refused.ts'
import { examineSchema } from './examine-schema.ts'
import type { OpenSession } from './session.ts'

/** What a replica learns of the database before it joins. */
interface Admission {
  /** Changes when an operator accepts a restored database. */
  readonly incarnation: string
}

export const POOLER =
  'a pooler such as pgbouncer or RDS Proxy is between this replica and the server, and may give one session to several replicas: give "engine.url" the address of the server itself'

/**
 * Checks that this replica may rely on the database: nothing is between, it is the primary, its schema and the rights of
 * the role are those of this program, and it is not a copy. Rejects with an `EngineRefused` that says what to do.
 */
export const admit = async (session: OpenSession): Promise<Admission> => {
  const { rows } = await session.ask<{ recovering: boolean; ours: boolean }>(
    `select pg_is_in_recovery() as recovering, (${session.ours}) as ours`,
  )
  if (!session.isDirect || rows[0]?.ours !== true) throw new EngineRefused('pooler', POOLER)
  if (rows[0].recovering) {
    throw new EngineRefused(
      'standby',
      'the server is a standby, and its locks are not those of the primary: give "engine.url" the address of the primary, or of the writer of the cluster',
    )
  }
  const { refusal } = await examineSchema(session.ask)
  if (refusal !== undefined) throw new EngineRefused(refusal.why, refusal.message)
  return { incarnation: await checkOrigin(session) }
}

/**
 * A copy of the database has the epochs and chains of the original, but not its locks. Where the role may not ask for the
 * identifier of the server, the database alone is compared.
 */
const checkOrigin = async (session: OpenSession): Promise<string> => {
  const { rows: may } = await session.ask<{ may: boolean }>(
    `select has_function_privilege('pg_control_system()', 'execute') as may`,
  )
  const identifier =
    may[0]?.may === true ? 'system_identifier = (select system_identifier from pg_control_system())' : 'true'
  const { rows } = await session.ask<{ incarnation: string; is_original: boolean }>(
    `select incarnation, ${identifier}
       and database_oid = (select oid from pg_database where datname = current_database()) as is_original
     from curfew.origin`,
  )
  const [origin] = rows
  if (origin === undefined) {
    throw new EngineRefused(
      'not-migrated',
      'the schema of Curfew has no origin: run "curfew engine migrate" as its owner',
    )
  }
  if (!origin.is_original) {
    throw new EngineRefused(
      'restored',
      'the database is a copy of the one that Curfew was set up in, or its server was upgraded. If no replica uses the original any more, run "curfew engine accept"',
    )
  }
  return origin.incarnation
}
