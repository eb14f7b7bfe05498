import type { Session } from './session.ts'

/** The classes of the advisory locks: "CFW" and a number. The schema uses the third. */
export const UNIT_LOCK = 0x43_46_57_01
export const MEMBER_LOCK = 0x43_46_57_02
export const GENERATION_LOCK = 0x43_46_57_04
/** The second key of this one is a lease in milliseconds. */
export const LEASE_LOCK = 0x43_46_57_05

/** A replica that is there: it holds the lock of its generation, shared with others. */
export interface BeatMember {
  /** The id of the server's process. */
  readonly pid: number
  readonly generation: number
  /** How many of the wanted units it holds. */
  readonly held: number
}

/** A wanted unit as the database shows it. */
export interface BeatUnit {
  readonly id: number
  readonly epoch: number
  /** The number of the last record of its chain. */
  readonly seq: number
  readonly holder: string | undefined
  /** The version of the format of its state. */
  readonly stateVersion: number
  readonly isLocked: boolean
}

/** A generation as the database has it. */
export interface BeatGeneration {
  readonly id: number
  readonly hash: string
  /** The replica that began it. */
  readonly begunBy: string
  /** An earlier generation had the same configuration. */
  readonly cameBack: boolean
}

/** What one beat shows. */
export interface Beat {
  /** Whether the statement was answered by the session that holds the locks. */
  readonly isOurs: boolean
  readonly incarnation: string | undefined
  readonly members: readonly BeatMember[]
  readonly units: readonly BeatUnit[]
  readonly newest: BeatGeneration | undefined
  /** The newest one with a member. */
  readonly active: BeatGeneration | undefined
}

type GenerationRow = readonly [id: number, hash: string, begunBy: string, cameBack: boolean] | null

interface BeatRow {
  readonly ours: boolean
  readonly incarnation: string | null
  readonly newest: GenerationRow
  readonly active: GenerationRow
  readonly members: readonly (readonly [number, number, number])[]
  readonly units: readonly (readonly [number, number, number, string | null, number, boolean])[]
}

/** Reads in one statement who is there and who holds what. */
export const beat = async (session: Session, units: readonly number[]): Promise<Beat> => {
  const { rows } = await session.ask<{ beat: BeatRow }>(statementFor(session.ours), [units])
  const row = rows[0]?.beat
  if (row === undefined) {
    return { isOurs: false, incarnation: undefined, members: [], units: [], newest: undefined, active: undefined }
  }
  return {
    isOurs: row.ours,
    incarnation: row.incarnation ?? undefined,
    newest: generationIn(row.newest),
    active: generationIn(row.active),
    members: row.members.map(([pid, generation, held]) => ({ pid, generation, held })),
    units: row.units.map(([id, epoch, seq, holder, stateVersion, isLocked]) => ({
      id,
      epoch,
      seq,
      holder: holder ?? undefined,
      stateVersion,
      isLocked,
    })),
  }
}

const generationIn = (row: GenerationRow): BeatGeneration | undefined => {
  if (row === null) return undefined
  const [id, hash, begunBy, cameBack] = row
  return { id, hash, begunBy, cameBack }
}

const GENERATION = `json_build_array(id, configuration_hash, declared_by, exists (
      select from curfew.generation as earlier
      where earlier.id < generation.id and earlier.configuration_hash = generation.configuration_hash))`

/** A replica that changes its generation holds two member locks for a moment: the newer one counts. */
const statementFor = (ours: string): string => `
  with held as materialized (
    select classid::bigint as class, objid::bigint as id, pid from pg_locks
    where locktype = 'advisory' and granted and objsubid = 2 and classid in (${UNIT_LOCK}, ${MEMBER_LOCK})
      and database = (select oid from pg_database where datname = current_database())
  ), taken as (
    select id, pid from held where class = ${UNIT_LOCK} and id = any($1::integer[])
  ), member as (
    select pid, max(id) as generation from held where class = ${MEMBER_LOCK} group by pid
  )
  select json_build_object(
    'ours', (${ours}),
    'incarnation', (select incarnation from curfew.origin),
    'newest', (select ${GENERATION} from curfew.generation order by id desc limit 1),
    'active', (select ${GENERATION} from curfew.generation where id = (select max(generation) from member)),
    'members', coalesce((
      select json_agg(json_build_array(
        member.pid, member.generation, (select count(*) from taken where taken.pid = member.pid)))
      from member), '[]'),
    'units', coalesce((
      select json_agg(json_build_array(
        unit.id, unit.epoch, coalesce(chain.seq, 0), unit.holder, unit.state_version, taken.id is not null))
      from curfew.unit left join curfew.chain on chain.unit = unit.id left join taken on taken.id = unit.id
      where unit.id = any($1::integer[])), '[]')
  ) as beat`
