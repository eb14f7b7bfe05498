import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { remembered } from '../../../src/adapters/postgres/seen.ts'
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

  it('gives back what a beat has shown, whatever else the beat knows of a unit', async () => {
    const file = join(folder, 'seen')
    const unit = { id: 1, epoch: 3, seq: 70, holder: undefined, stateVersion: 4, isLocked: true }
    await createSeenFile(file).save(remembered(undefined, { incarnation: 'x', units: new Map([['one', unit]]) }))
    const units = { one: { epoch: 3, seq: 70 } }
    expect(await createSeenFile(file).load()).toEqual({ incarnation: 'x', past: [], units })
  })

  it('remembers nothing where it is missing', async () => {
    expect(await createSeenFile(join(folder, 'seen')).load()).toBeUndefined()
  })

  it('rejects where it was changed', async () => {
    const file = join(folder, 'seen')
    await createSeenFile(file).save(SEEN)
    writeFileSync(file, readFileSync(file, 'utf8').replace('70', '71'))
    await expect(createSeenFile(file).load()).rejects.toThrow('was changed')
  })

  it.each(['{"sha256":', '{"sha256":"x"}', ''])('rejects where it is damaged: %j', async (text) => {
    const file = join(folder, 'seen')
    writeFileSync(file, text)
    await expect(createSeenFile(file).load()).rejects.toThrow('it is damaged')
  })

  it('rejects where it cannot be read', async () => {
    await expect(createSeenFile(folder).load()).rejects.toThrow('EISDIR')
  })
})
