import type { FileHandle } from 'node:fs/promises'
import { LONGEST_LINE_BYTES } from './audit-line.ts'
import { bytesOf, DamagedPart } from './part.ts'

const CHUNK_BYTES = 1024 * 1024

/**
 * The lines of a file without their newlines, in groups: one group for each read. Bytes after the last newline are
 * yielded as `rest`. A line that is too long ends the reading: its beginning is yielded as `rest`. So does `damage` of
 * compressed data.
 */
export const readLines = (file: string): Lines => linesIn(bytesOf(file))

/** As `readLines`, for the first `length` bytes of an open file. */
export const readLinesOf = (handle: FileHandle, length: number): Lines => linesIn(chunksOf(handle, length))

/** Lines in groups. See `readLines`. */
export type Lines = AsyncGenerator<{
  readonly lines: readonly Buffer[]
  readonly rest?: Buffer
  readonly damage?: string
}>

async function* chunksOf(handle: FileHandle, length: number): AsyncGenerator<Buffer> {
  for (let from = 0; from < length; ) {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, length - from))
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, from)
    if (bytesRead === 0) return
    yield chunk.subarray(0, bytesRead)
    from += bytesRead
  }
}

/** As `readLines`, for bytes from elsewhere. */
export async function* linesIn(chunks: AsyncIterable<Buffer>): Lines {
  /** The beginning of a line whose newline was not read yet. */
  let carried: Buffer = Buffer.alloc(0)
  try {
    for await (const chunk of chunks) {
      const bytes = carried.length === 0 ? chunk : Buffer.concat([carried, chunk])
      const lines: Buffer[] = []
      let from = 0
      for (let end = bytes.indexOf('\n', carried.length); end !== -1; end = bytes.indexOf('\n', from)) {
        lines.push(bytes.subarray(from, end))
        from = end + 1
      }
      yield { lines }
      carried = bytes.subarray(from)
      if (carried.length > LONGEST_LINE_BYTES) break
    }
  } catch (error) {
    if (!(error instanceof DamagedPart)) throw error
    yield { lines: [], rest: carried, damage: error.message }
    return
  }
  if (carried.length > 0) yield { lines: [], rest: carried }
}
