import type { Instant } from '../../domain/time/instant.ts'
import type { Ask } from './ask.ts'
import { UNIT_LOCK } from './beat.ts'

/** A unit in the database, and who holds it. */
export interface UnitHolder {
  readonly id: number
  /** The key of the unit. */
  readonly unit: string
  /** The replica that was granted the newest tenure. Undefined before the first one. */
  readonly holder: string | undefined
  /** Whether that tenure lasts: a session has the lock of the unit. */
  readonly isHeld: boolean
  readonly epoch: number
  readonly grantedAt: Instant | undefined
}

interface HolderRow {
  readonly id: number
  readonly key: string
  readonly holder: string | null
  readonly epoch: string
  readonly granted_at: Date | null
  readonly is_held: boolean
}

/** Locks with two keys have the mark 2 in `objsubid`. */
const HOLDERS = `
select u.id, u.key, u.holder, u.epoch, u.granted_at, l.objid is not null as is_held
from curfew.unit u
left join (
  select distinct objid::bigint from pg_locks
  where locktype = 'advisory' and objsubid = 2 and classid::bigint = ${UNIT_LOCK} and granted
    and database = (select oid from pg_database where datname = current_database())
) as l on l.objid = u.id
order by u.key collate "C"`

/** All units by their keys. */
export const readHolders = async (ask: Ask): Promise<readonly UnitHolder[]> =>
  (await ask<HolderRow>(HOLDERS)).rows.map(({ id, key, holder, epoch, granted_at, is_held }) => ({
    id,
    unit: key,
    holder: holder ?? undefined,
    isHeld: is_held,
    epoch: Number(epoch),
    grantedAt: granted_at?.getTime(),
  }))
