import * as fs from 'node:fs/promises'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { writeNewFiles } from '../../../src/adapters/files/new-files.ts'

const TEXTS = new Map([
  ['a.yaml', 'a\n'],
  ['inner/b.yaml', 'b\n'],
])

const folderAt = async () => {
  const path = await mkdtemp(join(tmpdir(), 'curfew-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

const filesIn = async (folder: string) => {
  const found = await readdir(folder, { recursive: true, withFileTypes: true })
  return found.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name))
}

describe('new files', () => {
  it('are written into a folder that is there or not, and nothing else is left', async () => {
    await using outer = await folderAt()
    for (const folder of [outer.path, join(outer.path, 'x/y')]) {
      expect(await writeNewFiles(folder, TEXTS)).toEqual({ written: ['a.yaml', 'inner/b.yaml'] })
      expect(await readFile(join(folder, 'inner/b.yaml'), 'utf8')).toBe('b\n')
    }
    expect(await filesIn(outer.path)).toHaveLength(4)
  })

  it('leave files alone that have the content already', async () => {
    await using folder = await folderAt()
    await writeFile(join(folder.path, 'a.yaml'), 'a\n')
    expect(await writeNewFiles(folder.path, TEXTS)).toEqual({ written: ['inner/b.yaml'] })
    expect(await writeNewFiles(folder.path, TEXTS)).toEqual({ written: [] })
  })

  it.each<[string, (path: string) => Promise<unknown>]>([
    ['another content', (path) => writeFile(path, 'mine\n')],
    ['a folder', (path) => mkdir(path)],
    ['a link to nothing', (path) => symlink('nowhere', path)],
  ])('are not written, none of them, where one is %s', async (_what, occupy) => {
    await using folder = await folderAt()
    await mkdir(join(folder.path, 'inner'))
    await occupy(join(folder.path, 'inner/b.yaml'))
    expect(await writeNewFiles(folder.path, TEXTS)).toEqual({ different: ['inner/b.yaml'] })
    expect(await readdir(folder.path)).toEqual(['inner'])
  })

  it('are not written below a file', async () => {
    await using folder = await folderAt()
    const file = join(folder.path, 'file')
    await writeFile(file, '')
    expect(await writeNewFiles(file, TEXTS)).toEqual({ why: 'it is not a folder' })
    expect(await writeNewFiles(join(file, 'x'), TEXTS)).toEqual({ why: 'a part of its path is not a folder' })
  })

  it('are not written where a file system has no new folders', async () => {
    expect(await writeNewFiles('/proc/curfew', TEXTS)).toHaveProperty('why')
  })

  it.each(['open', 'rename'] as const)('leave nothing behind if the disk refuses the second %s', async (step) => {
    await using outer = await folderAt()
    let calls = 0
    const refusing = async (...args: readonly unknown[]) => {
      // A folder is opened to sync it.
      if (!(step === 'open' && args[1] !== 'wx') && ++calls === 2) throw Object.assign(new Error(), { code: 'ENOSPC' })
      return (fs[step] as (...args: readonly unknown[]) => Promise<unknown>)(...args)
    }
    const folder = join(outer.path, 'x/y')
    const done = await writeNewFiles(folder, TEXTS, { ...fs, [step]: refusing })
    expect(done).toEqual({ why: 'the disk is full' })
    expect(await readdir(outer.path)).toEqual([])
  })
})
