import { createReadStream } from 'node:fs'
import { addAbortSignal, type Readable } from 'node:stream'
import type { ConnectionRecord } from '../../domain/recording/connection-record.ts'
import { createLines, type Lines, type LinesRead } from './lines-read.ts'
import { filesAt, STDIN, unreadable } from './log-files.ts'
import { createLogReader } from './log-reader.ts'
import { CHUNK_BYTES, unpacked } from './unpacked.ts'
import { UnreadableLog } from './unreadable.ts'

export interface ReadLogs {
  readonly onRecord: (record: ConnectionRecord) => void
  /** Bytes as they are stored. `totalBytes` is undefined as long as the standard input is read. */
  readonly onProgress?:
    | ((progress: { readonly bytes: number; readonly totalBytes: number | undefined }) => void)
    | undefined
  readonly signal?: AbortSignal | undefined
  readonly stdin?: Readable | undefined
}

/**
 * Reads connection logs from files, from folders and, for `-`, from the standard input. Each form in which AWS hands out
 * a log is told by its content. Throws `UnreadableLog`, or the reason of `signal`.
 */
export const readLogs = async (paths: readonly string[], options: ReadLogs): Promise<LinesRead> => {
  const { onRecord, onProgress, signal, stdin = process.stdin } = options
  const files = (await Promise.all(paths.map(filesAt))).flat()
  const totalBytes = paths.includes(STDIN) ? undefined : files.reduce((sum, file) => sum + file.bytes, 0)
  const lines = createLines(onRecord)
  let bytes = 0
  const progress = (read: number) => {
    bytes += read
    onProgress?.({ bytes, totalBytes })
  }
  for (const { path } of files) {
    signal?.throwIfAborted()
    const stored = path === STDIN ? stdin : createReadStream(path, { highWaterMark: CHUNK_BYTES })
    if (signal !== undefined) addAbortSignal(signal, stored)
    try {
      await readLog(counted(stored, progress), path === STDIN ? 'the standard input' : path, lines)
    } catch (error) {
      signal?.throwIfAborted()
      throw error instanceof UnreadableLog ? error : unreadable(path, error)
    } finally {
      stored.destroy()
    }
  }
  return lines.result()
}

async function* counted(stored: Readable, progress: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of stored as AsyncIterable<Buffer>) {
    progress(chunk.length)
    yield chunk
  }
}

const readLog = async (stored: AsyncIterable<Buffer>, name: string, lines: Lines): Promise<void> => {
  const before = lines.result()
  const reader = createLogReader(name, lines)
  for await (const chunk of unpacked(stored, name)) reader.push(chunk)
  reader.end()
  const { read, understood } = lines.result()
  if (understood > before.understood) return
  throw new UnreadableLog('not-understood', nothingUnderstood(name, read - before.read, lines))
}

const EXPECTED =
  'expected the connection log of AWS Client VPN: one JSON object a line, what `aws logs` prints, an export to S3, a result of Logs Insights, or the history of Curfew'

const nothingUnderstood = (name: string, read: number, lines: Lines): string => {
  if (read === 0) return `${name} has no lines: ${EXPECTED}`
  const first = lines.result().firstFailed.find(({ file }) => file === name)
  const found = first === undefined ? '' : ` (line ${first.line}: ${first.problem})`
  return `${name} has no line that was understood${found}: ${EXPECTED}`
}
