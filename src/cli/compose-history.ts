import { realpath } from 'node:fs/promises'
import { UnreadablePart } from '../adapters/audit/part.ts'
import { partsOf } from '../adapters/history/parts.ts'
import { readHistory } from '../adapters/history/read-history.ts'
import type { HistoryLine } from '../domain/recording/history-line.ts'
import { DAY, HOUR, type Instant } from '../domain/time/instant.ts'
import { OperatorError } from './command.ts'

/** A session that was up at an instant is first seen at most a day before, and a line may be late. */
const LONGEST_MS = DAY + HOUR

/** The history at a path with its parts, except those that say nothing of the time from `since` on. */
export const filesOfHistory = async (path: string, since: Instant): Promise<readonly string[]> => {
  try {
    const file = await realpath(path)
    const parts = await partsOf(file)
    return [...parts.filter(({ endedAt }) => endedAt >= since - LONGEST_MS).map((part) => part.file), file]
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return cannotRead(path, error)
    throw new OperatorError(
      `there is no history at ${path}: the daemon creates it with its first snapshot; if it runs elsewhere, name copies of its files`,
    )
  }
}

/** Gives the lines of a file to `read`. Returns how many are not those of a history. */
export const readHistoryFile = (file: string, read: (line: HistoryLine) => void): Promise<number> =>
  readHistory(file, read).catch((error: unknown) => cannotRead(file, error))

const cannotRead = (file: string, error: unknown): never => {
  if (error instanceof UnreadablePart) throw new OperatorError(error.message)
  const { code } = error as NodeJS.ErrnoException
  if (code === undefined) throw error
  throw new OperatorError(`cannot read ${file} (${code}): check the path and its permissions`)
}
