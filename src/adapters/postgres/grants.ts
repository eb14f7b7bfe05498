import type { AuditHead } from '../../app/audit.ts'
import { UNIT_LOCK } from './beat.ts'
import type { Session } from './session.ts'

/** A unit that was just granted to this replica. */
export interface Grant {
  readonly id: number
  readonly epoch: number
  readonly head: AuditHead
}

const NO_LINES: AuditHead = { seq: 0, hash: '0'.repeat(64) }

/**
 * Locks some of the free units, at most `room`, and raises their epochs: from then on nothing that an older tenure writes
 * is accepted. A state of a newer program is not taken: its lock is given back.
 */
export const grantUnits = async (
  session: Session,
  free: readonly number[],
  { room, replica, stateVersion }: { readonly room: number; readonly replica: string; readonly stateVersion: number },
): Promise<readonly Grant[]> => {
  // The case keeps the order: no lock may be taken in a session that is not ours.
  const { rows: locked } = await session.ask<{ id: number }>(
    `select id from unnest($1::integer[]) as id
     where case when ${session.ours} then pg_try_advisory_lock(${UNIT_LOCK}, id) else false end limit $2`,
    [free, room],
  )
  const ids = locked.map(({ id }) => id)
  if (ids.length === 0) return []
  try {
    const { rows } = await session.ask<{ id: number; epoch: string }>(
      `update curfew.unit set epoch = epoch + 1, holder = $2, granted_at = clock_timestamp()
       where id = any($1::integer[]) and state_version <= $3 and ${session.ours} returning id, epoch`,
      [ids, replica, stateVersion],
    )
    // After the epoch was raised: lines of the earlier tenure that were being written are committed, others are refused.
    const { rows: chains } = await session.ask<{ unit: number; seq: string; hash: string }>(
      'select unit, seq, hash from curfew.chain where unit = any($1::integer[])',
      [ids],
    )
    const heads = new Map(chains.map(({ unit, seq, hash }) => [unit, { seq: Number(seq), hash }]))
    const granted = new Set(rows.map(({ id }) => id))
    await freeUnits(
      session,
      ids.filter((id) => !granted.has(id)),
    )
    return rows.map(({ id, epoch }) => ({ id, epoch: Number(epoch), head: heads.get(id) ?? NO_LINES }))
  } catch (error) {
    if (!session.over.aborted) await freeUnits(session, ids)
    throw error
  }
}

/** Gives units back at once. */
export const freeUnits = async (session: Session, ids: readonly number[]): Promise<void> => {
  if (ids.length === 0) return
  await session.ask(
    `select pg_advisory_unlock(${UNIT_LOCK}, id) from unnest($1::integer[]) as id where ${session.ours}`,
    [ids],
  )
}
