import type { LinesRead } from '../adapters/connection-log/lines-read.ts'
import { type ReadLogs, readLogs } from '../adapters/connection-log/read-logs.ts'
import { UnreadableLog } from '../adapters/connection-log/unreadable.ts'
import { expectWritable, type Keep, UnwritableFile, writeWholeFile } from '../adapters/files/whole-file.ts'
import { OperatorError } from './command.ts'

/** The files of a backtest: the logs that it reads, and what it writes. */

/** Reads logs from files, folders and the standard input. */
export const readLogFiles = async (paths: readonly string[], options: ReadLogs): Promise<LinesRead> => {
  try {
    return await readLogs(paths, options)
  } catch (error) {
    throw error instanceof UnreadableLog ? new OperatorError(error.message) : error
  }
}

/** Throws where a file must not or cannot be written, before the work that it is to hold is done. */
export const expectWritableFile = (file: string, keep: Keep): Promise<void> => forOperator(expectWritable(file, keep))

/** Writes a file as a whole, or not at all. */
export const writeFileWhole = (
  file: string,
  parts: Iterable<string | Uint8Array>,
  signal: AbortSignal,
): Promise<void> => forOperator(writeWholeFile(file, parts, signal))

const forOperator = async (call: Promise<void>): Promise<void> => {
  try {
    await call
  } catch (error) {
    throw error instanceof UnwritableFile ? new OperatorError(error.message) : error
  }
}
