import type { Ask } from './ask.ts'

/** What a session tells of its server, for an operator who sets the replicas up. */
export interface DatabaseFacts {
  /** Of PostgreSQL. */
  readonly version: string
  /** The version of TLS. Undefined without encryption. */
  readonly tls: string | undefined
  readonly role: string
  readonly units: number
  /** The time limits of the session that are not those that it has set. */
  readonly overridden: readonly string[]
  /** Whether a commit survives a crash of the server's machine. */
  readonly isDurable: boolean
  /** Whether the server has standbys, and a commit waits for none of them. */
  readonly isAsynchronous: boolean
}

interface FactsRow {
  readonly version: string
  readonly tls: string | null
  readonly role: string
  readonly units: string
  readonly overridden: string[] | null
  readonly is_durable: boolean
  readonly is_asynchronous: boolean
}

/** `reset_val` and `setting` differ where a session has set a value. */
const FACTS = `
select current_setting('server_version') as version, current_user as role,
  (select version from pg_stat_ssl where pid = pg_backend_pid()) as tls,
  (select count(*) from curfew.unit) as units,
  (select array_agg(name || ' = ' || setting order by name) from pg_settings
    where name in ('idle_session_timeout', 'idle_in_transaction_session_timeout', 'statement_timeout')
      and setting <> $1) as overridden,
  current_setting('fsync')::boolean as is_durable,
  current_setting('synchronous_standby_names') = '' and exists (select from pg_stat_replication) as is_asynchronous`

/** Asks over a session whose time limits are the lease. */
export const readFacts = async (ask: Ask, leaseMs: number): Promise<DatabaseFacts> => {
  const [row] = (await ask<FactsRow>(FACTS, [String(leaseMs)])).rows
  if (row === undefined) throw new Error('the server has given no answer')
  const { version, tls, role, units, overridden, is_durable, is_asynchronous } = row
  return {
    version,
    tls: tls ?? undefined,
    role,
    units: Number(units),
    overridden: overridden ?? [],
    isDurable: is_durable,
    isAsynchronous: is_asynchronous,
  }
}
