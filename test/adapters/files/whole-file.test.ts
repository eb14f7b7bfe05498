import { readFileSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeWholeFile } from '../../../src/adapters/files/whole-file.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'curfew-whole-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('a file that is written as a whole', () => {
  it('replaces the one before only when it is complete', async () => {
    const file = join(folder, 'cuts.jsonl')
    const { signal } = new AbortController()
    await writeWholeFile(file, ['first\n'], signal)
    const parts = function* () {
      yield 'second\n'
      expect(readFileSync(file, 'utf8')).toBe('first\n')
      yield 'third\n'
    }
    await writeWholeFile(file, parts(), signal)
    expect(await readFile(file, 'utf8')).toBe('second\nthird\n')
    expect(await readdir(folder)).toEqual(['cuts.jsonl'])
  })

  it('leaves the one before, and nothing else, when the work is stopped', async () => {
    const file = join(folder, 'cuts.jsonl')
    const stop = new AbortController()
    await writeWholeFile(file, ['whole\n'], stop.signal)
    const parts = function* () {
      yield 'a part\n'
      stop.abort(new Error('stopped by the operator'))
      yield 'that never comes\n'
    }
    await expect(writeWholeFile(file, parts(), stop.signal)).rejects.toThrow('stopped by the operator')
    expect(await readFile(file, 'utf8')).toBe('whole\n')
    expect(await readdir(folder)).toEqual(['cuts.jsonl'])
  })
})
