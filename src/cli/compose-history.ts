import { realpath } from 'node:fs/promises'
import { codeOf, reasonOf } from '../adapters/audit/failure.ts'
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

/** Gives the lines of a file to `read`. Returns how many are not those of a history. All of them are an error. */
export const readHistoryFile = async (file: string, read: (line: HistoryLine) => void): Promise<number> => {
  let own = 0
  const others = await readHistory(file, (line) => {
    own++
    read(line)
  }).catch((error: unknown) => cannotRead(file, error))
  if (own > 0 || others === 0) return others
  throw new OperatorError(
    `${file} has no line of a history: expected the file that the daemon writes if "history" is in its file; to replay a connection log of AWS, use "curfew backtest"`,
  )
}

const cannotRead = (file: string, error: unknown): never => {
  if (error instanceof UnreadablePart) throw new OperatorError(error.message)
  if (codeOf(error) === undefined) throw error
  throw new OperatorError(`cannot read the history ${file}: ${reasonOf(error)}`)
}
