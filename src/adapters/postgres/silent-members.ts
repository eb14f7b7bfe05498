import { DatabaseError } from 'pg'
import { LEASE_LOCK, MEMBER_LOCK } from './beat.ts'
import type { Session } from './session.ts'

/** Shows others the lease of this session, before it joins the members: replicas may have different ones. */
export const showLease = async (session: Session, leaseMs: number): Promise<void> => {
  await session.ask(
    `select case when ${session.ours} then pg_try_advisory_lock_shared(${LEASE_LOCK}, $1::integer) else false end`,
    [leaseMs],
  )
}

/**
 * Ends the sessions of members that have been busy with one statement for longer than their own lease. The server does
 * not end them by itself: once it has read the begin of a statement, it waits for the rest without any limit. Their
 * replicas have had no answer for the lease, so that none of them relies on its locks any more.
 */
export const endSilentMembers = async (session: Session): Promise<void> => {
  try {
    await session.ask(END_SILENT)
  } catch (error) {
    // A role that may not end the sessions of another one goes on without.
    if (!(error instanceof DatabaseError)) throw error
  }
}

/** The state of a session is hidden from the role of another one, unless it may act as that one. */
const END_SILENT = `
with lock as materialized (
  select classid::bigint as class, objid::bigint as id, pid from pg_locks
  where locktype = 'advisory' and granted and objsubid = 2 and classid in (${MEMBER_LOCK}, ${LEASE_LOCK})
    and database = (select oid from pg_database where datname = current_database())
), member as (
  select pid, max(id) as lease from lock where class = ${LEASE_LOCK} and pid <> pg_backend_pid() group by pid
)
select pg_terminate_backend(member.pid)
from member cross join lateral pg_stat_get_activity(member.pid) as activity
where exists (select from lock where lock.pid = member.pid and class = ${MEMBER_LOCK})
  and activity.state in ('active', 'idle in transaction', 'idle in transaction (aborted)')
  and activity.state_change < clock_timestamp() - member.lease * interval '1 millisecond'
  and pg_has_role(activity.usesysid, 'usage')`
