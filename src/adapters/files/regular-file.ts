import { constants, open } from 'node:fs/promises'

/** It was opened, and there is nothing to be read for us. `code` as Node names failures of the system. */
class NotReadable extends Error {
  override name = 'NotReadable'
  readonly code: string

  constructor(path: string, code: string) {
    super(`${path}: ${code}`)
    this.code = code
  }
}

/**
 * The bytes of a file. A pipe in its place keeps nobody waiting and a device does not fill the memory: they fail with
 * the code `ENOTFILE`, a folder with `EISDIR`, and what is longer than it may be with `EFBIG`.
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
