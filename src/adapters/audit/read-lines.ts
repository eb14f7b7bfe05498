import { createReadStream } from 'node:fs'
import { LONGEST_LINE_BYTES } from './audit-line.ts'

const CHUNK_BYTES = 1024 * 1024

/**
 * The lines of a file, without their newlines, as many at a time as a read brings. What comes after the last newline is
 * yielded as `rest`, if anything does; so is the beginning of a line that is too long, and nothing after it.
 */
export async function* readLines(file: string): AsyncGenerator<{ lines: readonly Buffer[]; rest?: Buffer }> {
  let carried: Buffer = Buffer.alloc(0)
  for await (const chunk of createReadStream(file, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>) {
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
  if (carried.length > 0) yield { lines: [], rest: carried }
}
