import pg from 'pg'
import { STATE_VERSION } from '../adapters/files/seal.ts'
import { createPostgresEngine } from '../adapters/postgres/engine.ts'
import { keepUnit } from '../adapters/postgres/unit-keeping.ts'
import type { Clock } from '../app/clock.ts'
import type { Emit } from '../app/events.ts'
import type { Engine } from '../app/tenure.ts'
import type { PostgresSettings } from '../config/configuration.ts'
import { SECOND } from '../domain/time/instant.ts'
import { OperatorError } from './command.ts'
import { readSecret } from './compose-secrets.ts'

/** For states, which may be large: beside the locking session of the replica. */
const POOL_SIZE = 2

/** Longer than this a unit does not wait for its state, nor a state for the server. */
const CONNECTED_WITHIN_MS = 5 * SECOND
const ANSWERED_WITHIN_MS = 30 * SECOND

/** The engine of a replica. Nothing is connected yet. */
export const composePostgresEngine = ({
  settings,
  replica,
}: {
  readonly settings: PostgresSettings
  readonly replica: string
}): ((hear: Emit, clock: Clock) => Engine) => {
  const secret = readSecret(settings.url, () => undefined)
  if ('problem' in secret) throw new OperatorError(secret.problem)
  const { leaseMs } = settings
  const connection = async () => ({ connectionString: secret.text })
  return (emit, clock) => {
    const pool = new pg.Pool({
      connectionString: secret.text,
      max: POOL_SIZE,
      connectionTimeoutMillis: CONNECTED_WITHIN_MS,
      query_timeout: ANSWERED_WITHIN_MS,
    })
    // An idle connection that ends is replaced by the next statement.
    pool.on('error', () => {})
    return createPostgresEngine({
      connection,
      pool,
      leaseMs,
      replica,
      clock,
      random: Math.random,
      emit,
      keep: keepUnit((text, values = []) => pool.query(text, [...values]), clock.now),
      seen: { load: async () => undefined, save: async () => {} },
      stateVersion: STATE_VERSION,
    })
  }
}
