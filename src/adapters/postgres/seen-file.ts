import { hash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import * as z from 'zod'
import type { Seen, SeenStore } from './seen.ts'

const count = z.int().min(0)
const schema = z.strictObject({
  sha256: z.string(),
  seen: z.strictObject({
    incarnation: z.string(),
    past: z.array(z.string()),
    units: z.record(z.string(), z.strictObject({ epoch: count, seq: count })),
  }),
})

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const sumOf = (seen: Seen): string => hash('sha256', JSON.stringify(seen))

/**
 * What a replica has seen of the database, in a file of its host. A file that is damaged or was changed is not believed:
 * `load` rejects, and says so without what is in it.
 */
export const createSeenFile = (file: string): SeenStore => ({
  async load() {
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (text === undefined) return undefined
    const found = schema.safeParse(jsonOf(text))
    if (!found.success) throw new Error('it is damaged')
    const { sha256, seen } = found.data
    if (sha256 !== sumOf(seen)) throw new Error('it is damaged, or was changed: its checksum does not fit')
    return seen
  },
  async save(seen) {
    await mkdir(dirname(file), { recursive: true })
    const beside = `${file}.new`
    await writeFile(beside, JSON.stringify({ sha256: sumOf(seen), seen }), { mode: 0o600 })
    await rename(beside, file)
  },
})
