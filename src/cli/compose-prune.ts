import { setTimeout as sleep } from 'node:timers/promises'
import { NotPruned, type Pruned, pruneTrail } from '../adapters/postgres/prune.ts'
import { OperatorError } from './command.ts'
import { type DatabaseSettings, openTables } from './compose-database.ts'

/** Removes old months of the trail. */
export const prune = async (settings: DatabaseSettings, options: Parameters<typeof pruneTrail>[1]): Promise<Pruned> => {
  await using database = await openTables(settings)
  try {
    return await pruneTrail(database.ask, options, async (ms) => sleep(ms))
  } catch (error) {
    if (error instanceof NotPruned) throw new OperatorError(error.message)
    throw error
  }
}
