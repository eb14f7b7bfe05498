import { type HistoryLine, readHistoryLine } from '../../domain/recording/history-line.ts'
import { linesIn, readLines } from '../audit/read-lines.ts'

/** The line of a history in these bytes; undefined if there is none. */
export const lineIn = (bytes: Buffer): HistoryLine | undefined => {
  try {
    return readHistoryLine(JSON.parse(bytes.toString()))
  } catch {
    return undefined
  }
}

/**
 * Gives each line of a file of a history to `read`, also of one that gzip has compressed. Returns how many lines are not
 * those of a history; an unfinished last line is none.
 */
export const readHistory = (file: string, read: (line: HistoryLine) => void): Promise<number> =>
  readFrom(readLines(file), read)

/** As `readHistory`, for bytes from elsewhere. */
export const readHistoryIn = (bytes: AsyncIterable<Buffer>, read: (line: HistoryLine) => void): Promise<number> =>
  readFrom(linesIn(bytes), read)

const readFrom = async (groups: ReturnType<typeof readLines>, read: (line: HistoryLine) => void): Promise<number> => {
  let others = 0
  for await (const { lines, rest } of groups) {
    for (const bytes of rest === undefined ? lines : [...lines, rest]) {
      const line = lineIn(bytes)
      if (line === undefined) others++
      else read(line)
    }
  }
  return others
}
