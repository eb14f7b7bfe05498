import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { compressionOf, LONGEST_MAGIC_BYTES } from '../files/compression.ts'
import { codeOf } from '../files/disk-fault.ts'
import { UnreadableLog } from './unreadable.ts'

/** A slice of the log, after which the event loop turns. It holds a few hundred lines. */
export const CHUNK_BYTES = 256 * 1024

/**
 * The bytes of a log in UTF-8, unpacked if gzip has compressed them, also more than once: a delivery stream compresses
 * what CloudWatch Logs has compressed. Throws `UnreadableLog`.
 */
export async function* unpacked(stored: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  const chunks = stored[Symbol.asyncIterator]()
  let beginning: Buffer = Buffer.alloc(0)
  while (beginning.length < LONGEST_MAGIC_BYTES) {
    const { done, value } = await chunks.next()
    if (done === true) break
    beginning = beginning.length === 0 ? value : Buffer.concat([beginning, value])
  }
  const whole = restored(beginning, chunks)
  const program = compressionOf(beginning)
  const encoding = utf16Of(beginning)
  if (program === undefined) yield* encoding === undefined ? whole : recoded(whole, encoding)
  else if (program === 'gzip') yield* unpacked(gunzipped(whole, name), name)
  else {
    throw new UnreadableLog(
      'unreadable',
      `${name} is compressed with ${program}, and only gzip is read here: unpack it first`,
    )
  }
}

/**
 * PowerShell writes UTF-16 with `>`, with a mark at the beginning. Without the mark, a log in it begins with a character of
 * ASCII, of which one byte is 0.
 */
const utf16Of = ([first, second]: Buffer): 'utf-16le' | 'utf-16be' | undefined => {
  if (first === undefined || second === undefined) return undefined
  if ((first === 0xff && second === 0xfe) || (first !== 0 && second === 0)) return 'utf-16le'
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0)) return 'utf-16be'
  return undefined
}

async function* recoded(utf16: AsyncIterable<Buffer>, encoding: string): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder(encoding)
  for await (const chunk of utf16) yield Buffer.from(decoder.decode(chunk, { stream: true }))
}

/** Chunks as they were before the first of them were taken. */
async function* restored(beginning: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (beginning.length > 0) yield beginning
  yield* { [Symbol.asyncIterator]: () => rest }
}

async function* gunzipped(stored: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES })
  // Its callback hears of failures that the loop below throws as well.
  pipeline(Readable.from(stored), gunzip, () => {})
  try {
    yield* gunzip as AsyncIterable<Buffer>
  } catch (error) {
    if (codeOf(error)?.startsWith('Z_') !== true) throw error
    throw new UnreadableLog(
      'damaged',
      `${name} is damaged: its compressed data are broken or end too soon. Copy it again, or unpack it with gzip and pass what is sound`,
      error,
    )
  }
}
