import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { diskFiles } from '../../../src/adapters/files/config-files.ts'
import { loadConfiguration } from '../../../src/config/load.ts'
import { BANNED, GOOD_CURFEW, GOOD_POLICIES, MORE_POLICIES, PEOPLE } from '../../config/good-configuration.ts'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'curfew-')))
afterAll(() => rmSync(folder, { recursive: true }))

const path = (name: string) => join(folder, name)
mkdirSync(path('policies/..data'), { recursive: true })
writeFileSync(path('policies/..data/a.yaml'), GOOD_POLICIES)
symlinkSync('..data/a.yaml', path('policies/a.yaml'))
writeFileSync(path('curfew.yaml'), GOOD_CURFEW)
writeFileSync(path('more.yml'), MORE_POLICIES)
writeFileSync(path('banned.txt'), BANNED)
writeFileSync(path('people.csv'), PEOPLE)
symlinkSync('circle', path('circle'))
symlinkSync('nowhere', path('dangling'))

describe('the configuration files on disk', () => {
  it('are files, folders or others, after links are followed', () => {
    expect(diskFiles.look(path('curfew.yaml'))).toEqual({ kind: 'file', realPath: path('curfew.yaml') })
    expect(diskFiles.look(path('policies'))).toEqual({ kind: 'folder', realPath: path('policies') })
    expect(diskFiles.look(path('policies/a.yaml'))).toEqual({ kind: 'file', realPath: path('policies/..data/a.yaml') })
    expect(diskFiles.look('/dev/null').kind).toBe('other')
  })

  it('are missing or unreadable: these differ', () => {
    expect(diskFiles.look(path('nothing'))).toEqual({ kind: 'missing' })
    expect(diskFiles.look(path('curfew.yaml/below'))).toEqual({ kind: 'missing' })
    expect(diskFiles.look(path('dangling'))).toEqual({ kind: 'missing' })
    expect(diskFiles.look(path('circle'))).toMatchObject({ kind: 'unreadable' })
  })

  it('are read and listed, or the reason for a failure is given', () => {
    expect(diskFiles.read(path('banned.txt'))).toMatchObject({ bytes: Buffer.from(BANNED) })
    expect(diskFiles.read(path('policies'))).toEqual({ why: 'it is a folder' })
    expect(diskFiles.list(path('policies'))).toEqual({ names: ['..data', 'a.yaml'] })
    expect(diskFiles.list(path('nothing'))).toEqual({ why: 'it does not exist' })
  })

  it('can hold a whole configuration', () => {
    const { problems, configuration } = loadConfiguration(diskFiles, path('curfew.yaml'))
    expect(problems).toEqual([])
    expect(configuration?.policies).toHaveLength(5)
  })
})
