import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { Logger } from 'pino'
import { openFileTenure } from '../adapters/files/file-tenure.ts'
import { AuditError } from '../app/audit.ts'
import type { Assignment } from '../app/daemon.ts'
import { createFleet } from '../app/fleet.ts'
import type { Ports } from '../app/ports.ts'
import { createService } from '../app/service.ts'
import { StateError } from '../app/state.ts'
import type { Configuration } from '../config/configuration.ts'
import { OperatorError } from './command.ts'

const openFiles = async ({ audit, state }: Configuration, log: Logger, stop: AbortSignal) => {
  const { file } = audit
  try {
    const tenure = await openFileTenure({
      file,
      stateFile: state.file,
      stop,
      onWait: (message) => log.warn({ event: 'audit-waiting', file }, message),
    })
    const { repaired } = tenure.trail
    if (repaired !== undefined) {
      const message = 'the last line of the audit trail was incomplete: it was moved to a file of its own'
      log.warn({ event: 'audit-repaired', file, ...repaired }, message)
    }
    return tenure
  } catch (error) {
    if (!(error instanceof AuditError)) throw error
    const more = error.code === 'unwritable' ? `; "curfew doctor", run as this user, says what to do` : ''
    throw new OperatorError(`${error.message}${more}`)
  }
}

/** Unique among the replicas that are there, also where each container has the same host name or the process id 1. */
const replicaName = () => `${hostname()}-${process.pid}-${randomBytes(2).toString('hex')}`

/**
 * Puts the application together on the engine of the configuration: one daemon on files, or one for each unit that the
 * database grants. What speaks to PostgreSQL is loaded with that engine alone.
 */
export const composeOnEngine = async (options: {
  readonly configuration: Configuration
  readonly assignment: Assignment
  readonly ports: Ports
  readonly log: Logger
  /** Ends the wait for the audit file. */
  readonly stop: AbortSignal
}) => {
  const { configuration, assignment, ports, log } = options
  const { engine } = configuration
  if (engine.kind === 'postgres') {
    const { composePostgresEngine } = await import('./compose-postgres.ts')
    const seenFile = `${configuration.state.file}.database`
    const makeEngine = composePostgresEngine({ settings: engine, replica: replicaName(), log, seenFile })
    return {
      service: createFleet(assignment, { ...ports, engine: makeEngine }),
      lockLost: new AbortController().signal,
    }
  }
  const tenure = await openFiles(configuration, log, options.stop)
  try {
    return { service: await createService(assignment, { ...ports, ...tenure }), lockLost: tenure.lost }
  } catch (error) {
    await tenure.trail.close()
    throw error instanceof StateError ? new OperatorError(error.message) : error
  }
}
