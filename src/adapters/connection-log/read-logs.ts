import { createReadStream } from 'node:fs'
import { addAbortSignal, type Readable } from 'node:stream'
import { printable } from '../../domain/printable.ts'
import type { ConnectionRecord } from '../../domain/recording/connection-record.ts'
import { firstNames } from '../../domain/shortened.ts'
import { createLines, type Lines, type LinesRead } from './lines-read.ts'
import { filesAt, type LogFile, STDIN, unreadable } from './log-files.ts'
import { createLogReader } from './log-reader.ts'
import { CHUNK_BYTES, unpacked } from './unpacked.ts'
import { UnreadableLog } from './unreadable.ts'

export interface ReadLogs {
  readonly onRecord: (record: ConnectionRecord) => void
  /** Bytes as they are stored. `totalBytes` is undefined as long as the standard input is read. */
  readonly onProgress?:
    | ((progress: { readonly bytes: number; readonly totalBytes: number | undefined }) => void)
    | undefined
  /** Takes a line for the operator: what was left out, although other logs were understood. */
  readonly onRemark?: ((text: string) => void) | undefined
  readonly signal?: AbortSignal | undefined
  readonly stdin?: Readable | undefined
}

/**
 * Reads connection logs from files, from folders and, for `-`, from the standard input. Each form in which AWS hands out
 * a log is told by its content. Throws `UnreadableLog`, or the reason of `signal`.
 */
export const readLogs = async (paths: readonly string[], options: ReadLogs): Promise<LinesRead> => {
  const { onRecord, onProgress, onRemark = () => {}, signal, stdin = process.stdin } = options
  const files: LogFile[] = []
  for (const path of paths) files.push(...(await filesAt(path, onRemark)))
  const totalBytes = paths.includes(STDIN) ? undefined : files.reduce((sum, file) => sum + file.bytes, 0)
  const lines = createLines(onRecord)
  const empty: string[] = []
  let bytes = 0
  const progress = (read: number) => {
    bytes += read
    onProgress?.({ bytes, totalBytes })
  }
  const readFile = async (path: string) => {
    signal?.throwIfAborted()
    const name = path === STDIN ? 'the standard input' : path
    const stored = path === STDIN ? stdin : createReadStream(path, { highWaterMark: CHUNK_BYTES })
    if (signal !== undefined) addAbortSignal(signal, stored)
    try {
      if ((await readLog(counted(stored, progress), name, lines)) === 0) empty.push(name)
    } catch (error) {
      signal?.throwIfAborted()
      throw error instanceof UnreadableLog ? error : unreadable(path, error)
    } finally {
      stored.destroy()
    }
  }
  const stopped = whenAborted(signal)
  for (const { path } of files) await Promise.race([readFile(path), stopped])
  const [firstEmpty] = empty
  if (firstEmpty !== undefined && lines.result().understood === 0) {
    throw new UnreadableLog('not-understood', `${firstEmpty} has no lines: ${EXPECTED}`)
  }
  if (empty.length > 0) onRemark(`no lines in ${firstNames(empty.map(printable)).join(', ')}: left out`)
  return lines.result()
}

/**
 * Rejects when the signal is aborted. A pipe that nobody writes to is never opened, and a stream that is not open cannot
 * be stopped.
 */
const whenAborted = (signal: AbortSignal | undefined): Promise<never> => {
  const stopped = new Promise<never>((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  stopped.catch(() => {})
  return stopped
}

async function* counted(stored: Readable, progress: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of stored as AsyncIterable<Buffer>) {
    progress(chunk.length)
    yield chunk
  }
}

/** Returns how many lines there are. Throws if none of them was understood. */
const readLog = async (stored: AsyncIterable<Buffer>, name: string, lines: Lines): Promise<number> => {
  const before = lines.result()
  const reader = createLogReader(name, lines)
  for await (const chunk of unpacked(stored, name)) reader.push(chunk)
  reader.end()
  const { read, understood } = lines.result()
  if (read > before.read && understood === before.understood) {
    throw new UnreadableLog('not-understood', nothingUnderstood(name, lines))
  }
  return read - before.read
}

const EXPECTED =
  'expected the connection log of AWS Client VPN: one JSON object a line, what `aws logs` prints, an export to S3, a result of Logs Insights, or the history of Curfew'

const nothingUnderstood = (name: string, lines: Lines): string => {
  const first = lines.result().firstFailed.find(({ file }) => file === name)
  const found = first === undefined ? '' : ` (line ${first.line}: ${first.problem})`
  return `${name} has no line that was understood${found}: ${EXPECTED}`
}
