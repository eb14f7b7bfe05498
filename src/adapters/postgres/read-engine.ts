import type { AuditHead } from '../../app/audit.ts'
import type { Instant } from '../../domain/time/instant.ts'
import type { Ask } from './ask.ts'
import { MEMBER_LOCK, UNIT_LOCK } from './beat.ts'

/** A unit as the database shows it. Instants are those of the clock of the database. */
export interface StoredUnit {
  readonly unit: string
  /** Whether a session holds its lock. */
  readonly isHeld: boolean
  /** The replica that was granted the newest tenure. Undefined before the first one. */
  readonly holder: string | undefined
  readonly epoch: number
  readonly grantedAt: Instant | undefined
  readonly head: AuditHead
  readonly savedAt: Instant | undefined
}

interface StoredGeneration {
  readonly generation: number
  readonly configurationHash: string
  readonly declaredBy: string
  readonly declaredAt: Instant
  /** How many replicas have it. */
  readonly members: number
}

/** What the database knows of its replicas. */
export interface StoredEngine {
  readonly acceptedAt: Instant | undefined
  readonly units: readonly StoredUnit[]
  /** The newest ones, and those with members. The newest is the first. */
  readonly generations: readonly StoredGeneration[]
}

/** How many generations are shown without members. */
const SHOWN = 5

const LOCKS = `
  select classid::bigint as class, objid::bigint as id from pg_locks
  where locktype = 'advisory' and granted and objsubid = 2
    and database = (select oid from pg_database where datname = current_database())`

const UNITS = `
with lock as materialized (${LOCKS})
select u.key, u.holder, u.epoch, u.granted_at, u.saved_at, c.seq, c.hash,
  exists (select from lock where class = ${UNIT_LOCK} and lock.id = u.id) as held
from curfew.unit u join curfew.chain c on c.unit = u.id
order by u.key collate "C"`

const GENERATIONS = `
with lock as materialized (${LOCKS})
select id, configuration_hash, declared_by, declared_at, members from (
  select g.*, (select count(*)::integer from lock where class = ${MEMBER_LOCK} and lock.id = g.id) as members,
    row_number() over (order by g.id desc) as place
  from curfew.generation g
) as generation
where place <= ${SHOWN} or members > 0
order by id desc`

interface UnitRow {
  readonly key: string
  readonly holder: string | null
  readonly epoch: string
  readonly granted_at: Date | null
  readonly saved_at: Date | null
  readonly seq: string
  readonly hash: string
  readonly held: boolean
}

interface GenerationRow {
  readonly id: number
  readonly configuration_hash: string
  readonly declared_by: string
  readonly declared_at: Date
  readonly members: number
}

/** Reads who holds what, without a session of a replica. */
export const readEngine = async (ask: Ask): Promise<StoredEngine> => {
  const [origin] = (await ask<{ readonly accepted_at: Date }>('select accepted_at from curfew.origin')).rows
  const units = (await ask<UnitRow>(UNITS)).rows.map(
    ({ key, holder, epoch, granted_at, saved_at, seq, hash, held }) => ({
      unit: key,
      isHeld: held,
      holder: holder ?? undefined,
      epoch: Number(epoch),
      grantedAt: granted_at?.getTime(),
      head: { seq: Number(seq), hash },
      savedAt: saved_at?.getTime(),
    }),
  )
  const generations = (await ask<GenerationRow>(GENERATIONS)).rows.map((row) => ({
    generation: row.id,
    configurationHash: row.configuration_hash,
    declaredBy: row.declared_by,
    declaredAt: row.declared_at.getTime(),
    members: row.members,
  }))
  return { acceptedAt: origin?.accepted_at.getTime(), units, generations }
}
