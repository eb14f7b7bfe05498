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

const sumOf = (seen: Seen): string => hash('sha256', JSON.stringify(seen))

/**
 * What a replica has seen of the database, in a file of its host. A file that is missing, damaged or changed remembers
 * nothing: it can only make this replica more careful.
 */
export const createSeenFile = (file: string): SeenStore => ({
  async load() {
    const text = await readFile(file, 'utf8')
    const { sha256, seen } = schema.parse(JSON.parse(text))
    return sha256 === sumOf(seen) ? seen : undefined
  },
  async save(seen) {
    await mkdir(dirname(file), { recursive: true })
    const beside = `${file}.new`
    await writeFile(beside, JSON.stringify({ sha256: sumOf(seen), seen }), { mode: 0o600 })
    await rename(beside, file)
  },
})
