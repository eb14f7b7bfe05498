import { acceptDatabase } from '../adapters/postgres/accept-database.ts'
import { readEngine } from '../adapters/postgres/read-engine.ts'
import { type DatabaseSettings, openDatabase, openTables } from './compose-database.ts'

/** What the database knows of its replicas. */
export const engineOf = async (settings: DatabaseSettings) => {
  await using database = await openTables(settings)
  return { place: database.place, ...(await readEngine(database.ask)) }
}

/** Makes the database the one that counts, unless replicas have joined it. */
export const accept = async (settings: DatabaseSettings) => {
  await using database = await openDatabase(settings)
  return { place: database.place, ...(await acceptDatabase(database.ask)) }
}
