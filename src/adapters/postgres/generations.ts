import type { Pool } from 'pg'
import { type BeatMember, GENERATION_LOCK, MEMBER_LOCK } from './beat.ts'
import type { Session } from './session.ts'

/** The generation of a replica's configuration. */
export interface Declared {
  readonly id: number
  /** This replica began it. */
  readonly isNew: boolean
  /** Its configuration was in force before another one: a rollback, or an old program that was started again. */
  readonly cameBack: boolean
}

/**
 * Adopts the newest generation if it has this configuration, and begins a new one otherwise. One replica at a time does
 * so, in a transaction of its own: the locking session has no transactions, because records are written over it.
 */
export const declareGeneration = async (pool: Pool, hash: string, replica: string): Promise<Declared> => {
  const client = await pool.connect()
  let failed: Error | undefined
  try {
    await client.query('begin')
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
       returning id, exists (select from curfew.generation where configuration_hash = $1) as came_back`,
      [hash, replica],
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
export interface Standing {
  /** The newest generation with a member. */
  readonly active: number
  /** Replicas with a newer configuration are there: this one takes nothing and hands over. */
  readonly isOld: boolean
  /** The replicas that share the units. */
  readonly members: readonly BeatMember[]
}

/**
 * A generation without members does not count: if all replicas with the newer configuration are gone, the older one goes
 * on.
 */
export const standingOf = (mine: number, members: readonly BeatMember[]): Standing => {
  const active = members.reduce((newest, { generation }) => Math.max(newest, generation), mine)
  return { active, isOld: active > mine, members: members.filter(({ generation }) => generation === active) }
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
