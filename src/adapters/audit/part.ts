import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { compressionOf, LONGEST_MAGIC_BYTES } from '../files/compression.ts'
import { codeOf } from '../files/disk-fault.ts'

const CHUNK_BYTES = 1024 * 1024

/** A part of a trail that cannot be read at all. `message` is one line for an operator. */
export class UnreadablePart extends Error {
  override name = 'UnreadablePart'
}

/** The compressed data of a part end too soon or are damaged. What was unpacked before is sound. */
export class DamagedPart extends Error {
  override name = 'DamagedPart'
}

const programOf = async (file: string): Promise<string | undefined> => {
  const handle = await open(file, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(LONGEST_MAGIC_BYTES), 0, LONGEST_MAGIC_BYTES, 0)
    return compressionOf(buffer.subarray(0, bytesRead))
  } finally {
    await handle.close()
  }
}

/** The bytes of a part of a trail, unpacked if gzip has compressed it. */
export async function* bytesOf(file: string): AsyncGenerator<Buffer> {
  const program = await programOf(file)
  if (program !== undefined && program !== 'gzip')
    throw new UnreadablePart(`${file} is compressed with ${program}, and only gzip is read here: unpack it first`)
  const stored = createReadStream(file, { highWaterMark: CHUNK_BYTES })
  if (program === undefined) {
    yield* stored as AsyncIterable<Buffer>
    return
  }
  const unpacked = createGunzip({ chunkSize: CHUNK_BYTES })
  pipeline(stored, unpacked, () => {})
  try {
    yield* unpacked as AsyncIterable<Buffer>
  } catch (error) {
    if (codeOf(error)?.startsWith('Z_') !== true) throw error
    throw new DamagedPart('compressed data that are damaged or end too soon')
  }
}

/** The first `length` bytes of a part, or all if it has fewer. */
export const beginningOf = async (file: string, length: number): Promise<Buffer> => {
  let bytes: Buffer = Buffer.alloc(0)
  try {
    for await (const chunk of bytesOf(file)) {
      bytes = Buffer.concat([bytes, chunk])
      if (bytes.length >= length) break
    }
  } catch (error) {
    // A reader of the whole part finds the damage, and says where it is.
    if (!(error instanceof DamagedPart)) throw error
  }
  return bytes.subarray(0, length)
}
