import { migrate } from '../adapters/postgres/migrate.ts'
import { migrationScript } from '../adapters/postgres/migration-script.ts'
import { type DatabaseSettings, databaseProblem, openDatabase } from './compose-database.ts'

export const printedMigration = migrationScript

export const migrateDatabase = async (settings: DatabaseSettings, daemonRole: string) => {
  await using database = await openDatabase(settings)
  const { client, place } = database
  try {
    return { place, ...(await migrate(client, daemonRole)) }
  } catch (error) {
    throw databaseProblem(place, error)
  }
}
