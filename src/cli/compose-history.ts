import { createReadStream } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { filesAt, STDIN } from '../adapters/connection-log/log-files.ts'
import { unpacked } from '../adapters/connection-log/unpacked.ts'
import { UnreadableLog } from '../adapters/connection-log/unreadable.ts'
import { codeOf, diskReasonOf } from '../adapters/files/disk-fault.ts'
import { partsOf } from '../adapters/history/parts.ts'
import { readHistoryIn } from '../adapters/history/read-history.ts'
import type { HistoryLine } from '../domain/recording/history-line.ts'
import { DAY, HOUR, type Instant } from '../domain/time/instant.ts'
import { complain, OperatorError } from './command.ts'

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

/** The files that operands name, as for a backtest: a folder stands for its files, `-` for the standard input. */
export const filesNamed = async (paths: readonly string[]): Promise<readonly string[]> => {
  const remark = (text: string) => complain(`curfew: ${text}`)
  const found = await Promise.all(
    paths.map((path) => filesAt(path, remark).catch((error: unknown) => cannotRead(path, error))),
  )
  return found.flat().map(({ path }) => path)
}

/** Gives the lines of a file to `read`. Returns how many are not those of a history. All of them are an error. */
export const readHistoryFile = async (file: string, read: (line: HistoryLine) => void): Promise<number> => {
  const [stored, name] = file === STDIN ? [process.stdin, 'the standard input'] : [createReadStream(file), file]
  let own = 0
  try {
    const others = await readHistoryIn(unpacked(stored, name), (line) => {
      own++
      read(line)
    })
    if (own > 0 || others === 0) return others
  } catch (error) {
    return cannotRead(name, error)
  } finally {
    stored.destroy()
  }
  throw new OperatorError(
    `${name} has no line of a history: expected the file that the daemon writes if "history" is in its file; to replay a connection log of AWS, use "curfew backtest"`,
  )
}

const cannotRead = (file: string, error: unknown): never => {
  const fault = error instanceof UnreadableLog && error.code === 'unreadable' ? (error.cause ?? error) : error
  if (fault instanceof UnreadableLog) throw new OperatorError(fault.message)
  if (codeOf(fault) === undefined) throw error
  throw new OperatorError(`cannot read the history ${file}: ${diskReasonOf(fault)}`)
}
