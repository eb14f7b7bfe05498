import type { Logger } from 'pino'
import { diskReasonOf } from '../adapters/files/disk-fault.ts'
import { STATE_VERSION } from '../adapters/files/seal.ts'
import type { Ask } from '../adapters/postgres/ask.ts'
import { openPool } from '../adapters/postgres/connect.ts'
import { createPostgresEngine } from '../adapters/postgres/engine.ts'
import type { SeenStore } from '../adapters/postgres/seen.ts'
import { createSeenFile } from '../adapters/postgres/seen-file.ts'
import { tendDatabase } from '../adapters/postgres/tend-database.ts'
import { createUnitAsks } from '../adapters/postgres/unit-asks.ts'
import { keepUnit } from '../adapters/postgres/unit-keeping.ts'
import type { Clock } from '../app/clock.ts'
import type { Emit } from '../app/events.ts'
import type { Engine } from '../app/tenure.ts'
import type { PostgresSettings } from '../config/configuration.ts'
import { accessOf } from './compose-database.ts'

/** The engine of a replica. Nothing is connected yet. */
export const composePostgresEngine = ({
  settings,
  replica,
  log,
  seenFile,
}: {
  readonly settings: PostgresSettings
  readonly replica: string
  readonly log: Logger
  /** Keeps how far the database was: an older backup is noticed after a restart too. */
  readonly seenFile: string
}): ((hear: Emit, clock: Clock) => Engine) => {
  const access = accessOf(settings, `curfew ${replica}`)
  if (access.exposure !== undefined) log.warn({ event: 'database-exposed' }, access.exposure)
  return (emit, clock) => {
    const pool = openPool(access)
    const ask: Ask = (text, values = []) => pool.query(text, [...values])
    const engine = createPostgresEngine({
      connection: async () => access.options,
      pool,
      place: `${access.place} as ${JSON.stringify(access.user)}`,
      leaseMs: settings.leaseMs,
      replica,
      clock,
      random: Math.random,
      emit,
      keep: keepUnit(createUnitAsks(pool), clock.now),
      seen: warnedSeen(seenFile, log),
      stateVersion: STATE_VERSION,
    })
    return {
      ...engine,
      async run(wants, stop) {
        // It may wait for an answer of the database, for which a stop does not wait.
        void tendDatabase(ask, clock, stop, (excess) => {
          const message = `the role of the database may do more to the audit trail than a daemon needs (${excess.join(', ')}): sign in with a login that has the daemon's role alone`
          log.warn({ event: 'trail-not-guarded', rights: excess }, message)
        })
        await engine.run(wants, stop)
      },
    }
  }
}

/** The file with what was seen. Its faults are logged, each once: this process remembers by itself what it sees. */
const warnedSeen = (file: string, log: Logger): SeenStore => {
  const store = createSeenFile(file)
  let isSaveFailing = false
  const warn = (what: string, error: unknown) => {
    const message = `${file} ${what}: ${diskReasonOf(error)}. An older database is not noticed after a restart of this replica`
    log.warn({ event: 'seen-file', file }, message)
  }
  return {
    async load() {
      try {
        return await store.load()
      } catch (error) {
        warn('cannot be read', error)
        return undefined
      }
    },
    async save(seen) {
      try {
        await store.save(seen)
        isSaveFailing = false
      } catch (error) {
        if (!isSaveFailing) warn('cannot be written', error)
        isSaveFailing = true
        throw error
      }
    },
  }
}
