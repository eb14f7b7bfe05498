import type { PostgresSettings } from '../config/configuration.ts'
import { OperatorError } from './command.ts'
import { readToShow } from './compose-files.ts'
import { configurationOrComplain } from './problems.ts'

/** The database that the daemon's file names. Undefined if the file has errors, which were reported. */
export const databaseSettings = (configPath: string): PostgresSettings | undefined => {
  const { configuration } = configurationOrComplain(readToShow(configPath))
  if (configuration === undefined) return undefined
  const { engine } = configuration
  if (engine.kind === 'postgres') return engine
  throw new OperatorError(
    `${configPath} has no database: this command is for "engine: { kind: postgres, url: { env: CURFEW_DATABASE_URL } }"`,
  )
}
