import type { ConnectionRecord } from '../../domain/recording/connection-record.ts'
import { recordOf } from '../../domain/recording/log-record.ts'

/** How many lines of a log were read, and what became of them. */
export interface LinesRead {
  readonly read: number
  readonly understood: number
  readonly failed: number
  /** The first ten of them. */
  readonly firstFailed: readonly FailedLine[]
}

export interface FailedLine {
  /** The file as the operator named it, or another name for where the line came from. */
  readonly file: string
  /** Counted from 1. In a document that is one object, the line on which the log's line begins. */
  readonly line: number
  readonly problem: string
}

const MOST_FAILED = 10

/** Counts the lines of one backtest, of whichever sources, and passes their records on. */
export const createLines = (onRecord: (record: ConnectionRecord) => void) => {
  let understood = 0
  let failed = 0
  const firstFailed: FailedLine[] = []
  const same = createSame()
  const fail = (file: string, line: number, problem: string) => {
    failed++
    if (firstFailed.length < MOST_FAILED) firstFailed.push({ file, line, problem })
  }
  return {
    /** Takes the parsed value of a line. */
    take(value: unknown, file: string, line: number) {
      const record = recordOf(value, same)
      if ('problem' in record) {
        fail(file, line, record.problem)
        return
      }
      understood++
      onRecord(record)
    },
    /** Takes a line that is understood and says nothing of connections. */
    pass() {
      understood++
    },
    fail,
    result: (): LinesRead => ({ read: understood + failed, understood, failed, firstFailed }),
  }
}

export type Lines = ReturnType<typeof createLines>

/** More names than the largest endpoint has connections. */
const MOST_TEXTS = 250_000

/** Keeps each text once. A million sessions have few different names and endpoints. */
const createSame = () => {
  const texts = new Map<string, string>()
  return (text: string): string => {
    const known = texts.get(text)
    if (known !== undefined) return known
    if (texts.size >= MOST_TEXTS) texts.clear()
    texts.set(text, text)
    return text
  }
}
