import { readFileSync } from 'node:fs'
import { link, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectWritable, writeWholeFile } from '../../../src/adapters/files/whole-file.ts'

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

  it('replaces the target of a link, and not the link', async () => {
    const inner = join(folder, 'results')
    await mkdir(inner)
    await writeFile(join(inner, 'cuts.jsonl'), 'before\n')
    const file = join(folder, 'latest.jsonl')
    await symlink('results/cuts.jsonl', file)
    await writeWholeFile(file, ['after\n'], new AbortController().signal)
    expect(await readlink(file)).toBe('results/cuts.jsonl')
    expect(await readFile(join(inner, 'cuts.jsonl'), 'utf8')).toBe('after\n')
  })
})

describe('a file that is to be written', () => {
  it('is never a device, what is behind it, or a link to nothing', async () => {
    const [toDevice, toNothing] = [join(folder, 'to-device'), join(folder, 'to-nothing')]
    await symlink('/dev/null', toDevice)
    await symlink('missing', toNothing)
    const keep = { reads: [], isReplaceable: () => true }
    // What is behind the standard error may be a regular file: the path of the device counts.
    for (const file of ['/dev/stdout', '/dev/stderr', '/dev/fd/1', '/dev/new', '/proc/self/fd/2', toDevice]) {
      await expect(expectWritable(file, keep)).rejects.toThrow(`${file}: it is not a regular file`)
    }
    await expect(expectWritable(toNothing, keep)).rejects.toThrow('a link to a file that does not exist')
  })

  it('is none that is read, and in no folder that is read', async () => {
    const logs = join(folder, 'logs')
    await mkdir(logs)
    const log = join(logs, 'log.jsonl')
    const linked = join(folder, 'linked.jsonl')
    await writeFile(log, '{}\n')
    await link(log, linked)
    await symlink(logs, join(folder, 'logs-of-today'))
    const check = (file: string, ...reads: readonly string[]) =>
      expectWritable(file, { reads, isReplaceable: () => true })
    const isInFolder = `it is in the folder ${logs}, all of which is read`
    await expect(check(log, log)).rejects.toThrow(`cannot write ${log}: it is read`)
    await expect(check(linked, log)).rejects.toThrow(`it is the same file as ${log}, which is read`)
    await expect(check(join(logs, 'new.jsonl'), logs)).rejects.toThrow(isInFolder)
    await expect(check(join(folder, 'logs-of-today', 'new.jsonl'), logs)).rejects.toThrow(isInFolder)
    await expect(check(join(folder, 'logs-new.jsonl'), logs, join(folder, 'missing'))).resolves.toBeUndefined()
  })

  it('replaces an empty file, or one that may be replaced, and no other', async () => {
    const file = join(folder, 'found.jsonl')
    const keep = { reads: [], isReplaceable: (head: string) => head.startsWith('ours') }
    for (const content of ['', 'ours, of yesterday']) {
      await writeFile(file, content)
      await expect(expectWritable(file, keep)).resolves.toBeUndefined()
    }
    await writeFile(file, 'a log')
    await expect(expectWritable(file, keep)).rejects.toThrow('it exists and has other content')
  })
})
