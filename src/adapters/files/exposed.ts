import { realpath, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

const [OTHERS_READ, OTHERS_ENTER] = [0o004, 0o001]

/** Whether every user of this machine can read a file. A folder above it that others cannot enter hides the file. */
export const isReadByOthers = async (path: string): Promise<boolean> => {
  try {
    const real = await realpath(path)
    const { mode } = await stat(real)
    return (mode & OTHERS_READ) !== 0 && (await canOthersEnter(dirname(real)))
  } catch {
    // Whoever reads the file reports that it cannot be read.
    return false
  }
}

const canOthersEnter = async (folder: string): Promise<boolean> => {
  const { mode } = await stat(folder)
  if ((mode & OTHERS_ENTER) === 0) return false
  return dirname(folder) === folder || canOthersEnter(dirname(folder))
}
