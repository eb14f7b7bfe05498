import { constants, open } from 'node:fs/promises'

/** The path was opened, but it is not a readable regular file. `code` has the form of Node's system error codes. */
class NotReadable extends Error {
  override name = 'NotReadable'
  readonly code: string

  constructor(path: string, code: string) {
    super(`${path}: ${code}`)
    this.code = code
  }
}

/**
 * Reads a regular file. Fails with the code `ENOTFILE` for a pipe or a device, with `EISDIR` for a folder, with `EFBIG`
 * for a file of more than `mostBytes`, and with Node's errors. Reading a pipe could block, a device could fill the
 * memory.
 */
export const readRegularFile = async (path: string, mostBytes = Number.POSITIVE_INFINITY): Promise<Buffer> => {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const entry = await handle.stat()
    if (entry.isDirectory()) throw new NotReadable(path, 'EISDIR')
    if (!entry.isFile()) throw new NotReadable(path, 'ENOTFILE')
    if (entry.size > mostBytes) throw new NotReadable(path, 'EFBIG')
    return await handle.readFile()
  } finally {
    await handle.close()
  }
}
