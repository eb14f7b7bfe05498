import { DatabaseError } from 'pg'
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

interface Room {
  readonly room: number
  readonly replica: string
  readonly stateVersion: number
}

/** A lock or a statement took too long, or two waited for each other. */
const BUSY = ['55P03', '57014', '40P01']
const isBusy = (error: unknown): boolean => error instanceof DatabaseError && BUSY.includes(error.code ?? '')

/** Each of them costs a wait for a lock, in which no record is written. The next beat tries others. */
const MOST_BUSY = 2

/**
 * Locks some of the free units, at most `room`, and raises their epochs: from then on nothing that an older tenure writes
 * is accepted. A state of a newer program is not taken, nor a unit whose rows somebody has locked for long: its lock is
 * given back.
 */
export const grantUnits = async (
  session: Session,
  free: readonly number[],
  { room, replica, stateVersion }: Room,
): Promise<readonly Grant[]> => {
  let left = free
  try {
    // The case keeps the order: no lock may be taken in a session that is not ours.
    const { rows: locked } = await session.ask<{ id: number }>(
      `select id from unnest($1::integer[]) as id
       where case when ${session.ours} then pg_try_advisory_lock(${UNIT_LOCK}, id) else false end limit $2`,
      [free, room],
    )
    const ids = locked.map(({ id }) => id)
    left = ids
    const grants = await raised(session, ids, { replica, stateVersion })
    const granted = new Set(grants.map(({ id }) => id))
    left = ids.filter((id) => !granted.has(id))
    await freeUnits(session, left)
    return grants
  } catch (error) {
    if (!session.over.aborted) await freeUnits(session, left)
    if (isBusy(error)) return []
    throw error
  }
}

/** Raises the epochs together, or one by one where one of the units makes the others wait. */
const raised = async (
  session: Session,
  ids: readonly number[],
  room: Omit<Room, 'room'>,
): Promise<readonly Grant[]> => {
  if (ids.length === 0) return []
  try {
    return await raiseEpochs(session, ids, room)
  } catch (error) {
    if (!isBusy(error)) throw error
  }
  const grants: Grant[] = []
  let busy = 0
  for (const id of ids.length === 1 ? [] : ids) {
    try {
      grants.push(...(await raiseEpochs(session, [id], room)))
    } catch (error) {
      if (!isBusy(error)) throw error
      if (++busy === MOST_BUSY) break
    }
  }
  return grants
}

const raiseEpochs = async (
  session: Session,
  ids: readonly number[],
  { replica, stateVersion }: Omit<Room, 'room'>,
): Promise<readonly Grant[]> => {
  const { rows } = await session.ask<{ id: number; epoch: string }>(
    `update curfew.unit set epoch = epoch + 1, holder = $2, granted_at = clock_timestamp()
     where id in (
       select id from curfew.unit where id = any($1::integer[]) and state_version <= $3 order by id for update skip locked
     ) and ${session.ours} returning id, epoch`,
    [ids, replica, stateVersion],
  )
  // After the epoch was raised: lines of the earlier tenure that were being written are committed, others are refused.
  const { rows: chains } = await session.ask<{ unit: number; seq: string; hash: string }>(
    'select unit, seq, hash from curfew.chain where unit = any($1::integer[])',
    [ids],
  )
  const heads = new Map(chains.map(({ unit, seq, hash }) => [unit, { seq: Number(seq), hash }]))
  return rows.map(({ id, epoch }) => ({ id, epoch: Number(epoch), head: heads.get(id) ?? NO_LINES }))
}

/** Gives those of the units back at once that this session has locked. */
export const freeUnits = async (session: Session, ids: readonly number[]): Promise<void> => {
  if (ids.length === 0) return
  await session.ask(
    `select pg_advisory_unlock(${UNIT_LOCK}, objid::bigint::integer) from pg_locks
     where locktype = 'advisory' and granted and objsubid = 2 and classid::bigint = ${UNIT_LOCK}
       and pid = pg_backend_pid() and objid::bigint = any($1::integer[]) and ${session.ours}`,
    [ids],
  )
}
