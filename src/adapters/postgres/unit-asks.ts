import pLimit, { type LimitFunction } from 'p-limit'
import { DatabaseError, type Pool, type PoolClient, type QueryResultRow } from 'pg'
import { onAborted } from '../../app/on-aborted.ts'
import { KeepingUnreached } from '../../app/tenure.ts'
import type { Ask } from './ask.ts'
import { READ_CONNECTIONS, SAVE_CONNECTIONS } from './connect.ts'
import { reasonOf } from './reason.ts'

/** How a tenure asks what is not asked over the locking session. After its loss nothing is asked any more. */
export interface UnitAsks {
  /** For what is read when the unit is opened. */
  readonly read: Ask
  /** For its states. */
  readonly save: Ask
}

/** Wrong data, a missing right or table, damaged storage: the same statement fails again. */
const LASTING = /^(22|23|42|XX)/

/**
 * Statements of all tenures over the pool. They wait in two queues for a connection, so that saves keep no unit from its
 * opening, and for as long as it takes: a replica that takes over hundreds of units reads them one after the other.
 */
export const createUnitAsks = (pool: Pool): ((lost: AbortSignal) => UnitAsks) => {
  const reading = pLimit(READ_CONNECTIONS)
  const saving = pLimit(SAVE_CONNECTIONS)
  return (lost) => ({ read: askWhileHeld(pool, reading, lost), save: askWhileHeld(pool, saving, lost) })
}

const askWhileHeld =
  (pool: Pool, queue: LimitFunction, lost: AbortSignal): Ask =>
  <Row extends QueryResultRow>(text: string, values: readonly unknown[] = []) =>
    queue(async () => {
      try {
        if (lost.aborted) throw new Error('another replica may hold the unit now')
        const client = await pool.connect()
        return await queryWhileHeld(client, lost, () => client.query<Row>(text, [...values]))
      } catch (error) {
        if (error instanceof DatabaseError && LASTING.test(error.code ?? '')) throw error
        throw new KeepingUnreached(`the database was not reached: ${reasonOf(error)}`, { cause: error })
      }
    })

/** The loss ends the connection too: an answer that does not come would keep the next units waiting. */
const queryWhileHeld = async <Value>(
  client: PoolClient,
  lost: AbortSignal,
  query: () => Promise<Value>,
): Promise<Value> => {
  let isReleased = false
  const release = (isBroken: boolean) => {
    if (isReleased) return
    isReleased = true
    client.removeListener('error', breakOff)
    client.release(isBroken)
  }
  const breakOff = () => release(true)
  client.on('error', breakOff)
  onAborted(lost, breakOff)
  try {
    if (isReleased) throw new Error('another replica may hold the unit now')
    const value = await query()
    release(false)
    return value
  } catch (error) {
    // Nobody knows what the connection is good for after an error. The next statement opens another one.
    release(true)
    throw error
  } finally {
    lost.removeEventListener('abort', breakOff)
  }
}
