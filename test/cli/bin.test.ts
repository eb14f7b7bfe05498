import { execFile } from 'node:child_process'
import { copyFile, mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { VERSION } from '../../src/version.ts'
import { CLEAN_ENV, workspace } from './curfew.ts'

const BIN = fileURLToPath(new URL('../../bin/curfew', import.meta.url))

describe('bin/curfew', () => {
  it('runs through a link, and through a link to a link that is relative', async () => {
    await using here = await workspace({})
    const [local, direct] = [join(here.folder, 'usr local'), join(here.folder, 'usr local/direct')]
    await mkdir(join(local, 'bin'), { recursive: true })
    await symlink(BIN, direct)
    await symlink('../direct', join(local, 'bin/curfew'))
    for (const program of [BIN, direct, join(local, 'bin/curfew')]) {
      const { stdout, stderr } = await promisify(execFile)(program, ['--version'], { env: CLEAN_ENV, cwd: here.folder })
      expect([stdout, stderr]).toEqual([`${VERSION}\n`, ''])
    }
    const env = { ...CLEAN_ENV, PATH: `${join(local, 'bin')}:${CLEAN_ENV.PATH}` }
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', 'curfew --version'], { env, cwd: here.folder })
    expect(stdout).toBe(`${VERSION}\n`)
  })

  it('says what to do where the command has not been built', async () => {
    await using here = await workspace({})
    await mkdir(join(here.folder, 'bin'))
    await copyFile(BIN, join(here.folder, 'bin/curfew'))
    const refused = promisify(execFile)(join(here.folder, 'bin/curfew'), ['--version'], { env: CLEAN_ENV })
    const { code, stderr } = await refused.then(
      () => ({ code: 0, stderr: '' }),
      (error: { code: number; stderr: string }) => error,
    )
    expect(code).toBe(1)
    expect(stderr).toMatch(/^curfew: \S+\/dist\/cli\/main\.js is not there: run "npm run build" .*\n$/)
  })
})
