import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSeenFile } from '../../../src/adapters/postgres/seen-file.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'curfew-seen-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})
const SEEN = { incarnation: 'x', past: ['w'], units: { 'eu-central-1 own': { epoch: 3, seq: 70 } } }

describe('the file of what a replica has seen', () => {
  it('gives back what was kept, also in a folder that is not there yet', async () => {
    const file = join(folder, 'new', 'seen')
    await createSeenFile(file).save(SEEN)
    expect(await createSeenFile(file).load()).toEqual(SEEN)
  })

  it('remembers nothing where it was changed', async () => {
    const file = join(folder, 'seen')
    await createSeenFile(file).save(SEEN)
    writeFileSync(file, readFileSync(file, 'utf8').replace('70', '71'))
    expect(await createSeenFile(file).load()).toBeUndefined()
  })

  it('rejects where it is missing or damaged', async () => {
    const file = join(folder, 'seen')
    await expect(createSeenFile(file).load()).rejects.toThrow('ENOENT')
    writeFileSync(file, '{"sha256":')
    await expect(createSeenFile(file).load()).rejects.toThrow('JSON')
  })
})
