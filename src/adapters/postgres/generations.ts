import type { Pool } from 'pg'
import { type Elapsed, LONG_AGO, msBetween } from '../../domain/time/elapsed.ts'
import { MINUTE } from '../../domain/time/instant.ts'
import { type Beat, type BeatMember, GENERATION_LOCK, MEMBER_LOCK } from './beat.ts'
import type { Session } from './session.ts'

/** The generation of a replica's configuration. */
export interface Declared {
  readonly id: number
  /** This replica began it. */
  readonly isNew: boolean
  /** Its configuration was in force before another one: a rollback, or an old program that was started again. */
  readonly cameBack: boolean
}

/** What a process remembers of generations from one session to the next. */
export interface OwnGeneration {
  /** The generation that the process last joined. */
  joined: { readonly id: number; readonly hash: string } | undefined
  /** The generation that was last told. */
  told: { readonly generation: number; readonly isOld: boolean } | undefined
}

/**
 * When the replicas of the newest generation are gone, those of an older one wait so long before they enforce in their
 * place. After a failover or an outage all come back one after the other, and the newest need not be the first.
 */
export const NEWER_GONE_MS = MINUTE

/** Others wait for the lock of a transaction: a replica that is cut off amid its own must not keep it. */
const BEGIN = `begin; set local idle_in_transaction_session_timeout = '10s'; set local lock_timeout = '10s'`

/**
 * Adopts the newest generation if it has this configuration, and begins a new one otherwise. One replica at a time does
 * so, in a transaction of its own: the locking session has no transactions, because records are written over it.
 *
 * `isReload`: the process had another configuration before. If it returns to one that other replicas still have, nobody
 * has old files, and nothing came back. At a start nobody can tell.
 */
export const declareGeneration = async (
  pool: Pool,
  { hash, replica, isReload }: { readonly hash: string; readonly replica: string; readonly isReload: boolean },
): Promise<Declared> => {
  const client = await pool.connect()
  let failed: Error | undefined
  try {
    await client.query(BEGIN)
    await client.query('select pg_advisory_xact_lock($1, 0)', [GENERATION_LOCK])
    const { rows } = await client.query<{ id: number; configuration_hash: string }>(
      'select id, configuration_hash from curfew.generation order by id desc limit 1',
    )
    const [newest] = rows
    if (newest?.configuration_hash === hash) {
      await client.query('commit')
      return { id: newest.id, isNew: false, cameBack: false }
    }
    const { rows: added } = await client.query<{ id: number; came_back: boolean }>(
      `insert into curfew.generation (configuration_hash, declared_by) values ($1, $2)
       returning id, exists (select from curfew.generation where configuration_hash = $1)
         and not ($3 and exists (
           select from pg_locks join curfew.generation as earlier on earlier.id = objid::bigint
           where locktype = 'advisory' and granted and objsubid = 2 and classid = ${MEMBER_LOCK}
             and database = (select oid from pg_database where datname = current_database())
             and earlier.configuration_hash = $1)) as came_back`,
      [hash, replica, isReload],
    )
    await client.query('commit')
    const [mine] = added
    if (mine === undefined) throw new Error('the database has added no generation')
    return { id: mine.id, isNew: true, cameBack: mine.came_back }
  } catch (error) {
    failed = error instanceof Error ? error : new Error(String(error))
    throw error
  } finally {
    // A connection whose transaction failed is not used again.
    client.release(failed)
  }
}

/** Where a replica stands among the generations that have members. */
export interface GenerationStanding {
  /** The generation in force: the newest one with a member, or one whose replicas may be back in a moment. */
  readonly active: number
  /** A newer configuration is in force: this replica takes nothing and hands over. */
  readonly isOld: boolean
  /** This replica goes on, because no replica of a newer configuration is left. */
  readonly isNewerGone: boolean
  /** The replicas that share the units. */
  readonly members: readonly BeatMember[]
}

/**
 * Looks at each beat where this replica stands. If all replicas with a newer configuration are gone, the older one goes
 * on, but not at once. If replicas of this generation hold units when this one joins them, they have waited before.
 */
export const createGenerationStandings = (joinedAt: Elapsed, waitMs: number) => {
  let newerSeenAt: Elapsed = LONG_AGO
  return (now: Elapsed, mine: number, { members, newest }: Pick<Beat, 'members' | 'newest'>): GenerationStanding => {
    const active = members.reduce((highest, { generation }) => Math.max(highest, generation), mine)
    const sharing = members.filter(({ generation }) => generation === active)
    if (active > mine) {
      newerSeenAt = now
      return { active, isOld: true, isNewerGone: false, members: sharing }
    }
    const isNewerGone = newest !== undefined && newest.id > mine
    const isAlone = sharing.every(({ held }) => held === 0)
    const sinceMs = Math.min(msBetween(newerSeenAt, now), isAlone ? msBetween(joinedAt, now) : waitMs)
    return isNewerGone && sinceMs < waitMs
      ? { active: newest.id, isOld: true, isNewerGone: false, members: sharing }
      : { active, isOld: false, isNewerGone, members: sharing }
  }
}

/**
 * Whether the database has this generation still. It does not after an older backup was accepted: its number may belong
 * to another configuration then.
 */
export const isKnown = async (session: Session, { id, hash }: { readonly id: number; readonly hash: string }) => {
  const { rows } = await session.ask(
    'select from curfew.generation where id = $1::integer and configuration_hash = $2',
    [id, hash],
  )
  return rows.length === 1
}

/** Joins the members of a generation. Nobody else ever locks it alone, so that the lock is there at once. */
export const joinGeneration = async (session: Session, id: number): Promise<boolean> => {
  const { rows } = await session.ask<{ joined: boolean }>(
    `select case when ${session.ours} then pg_try_advisory_lock_shared(${MEMBER_LOCK}, $1::integer) else false end as joined`,
    [id],
  )
  return rows[0]?.joined === true
}

export const leaveGeneration = async (session: Session, id: number): Promise<void> => {
  await session.ask(`select pg_advisory_unlock_shared(${MEMBER_LOCK}, $1::integer) where ${session.ours}`, [id])
}
