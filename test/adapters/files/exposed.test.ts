import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isReadByOthers } from '../../../src/adapters/files/exposed.ts'

const keyIn = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'curfew-exposed-'))
  await mkdir(join(folder, 'keys'))
  const key = join(folder, 'keys', 'tls.key')
  await writeFile(key, 'secret')
  return {
    key,
    link: join(folder, 'link.key'),
    async set(modes: { readonly outer: number; readonly inner: number; readonly file: number }) {
      await chmod(folder, modes.outer)
      await chmod(join(folder, 'keys'), modes.inner)
      await chmod(key, modes.file)
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}

describe('a file', () => {
  it.each([
    ['that all can read', { outer: 0o755, inner: 0o755, file: 0o644 }, true],
    ['that its group can read', { outer: 0o755, inner: 0o755, file: 0o640 }, false],
    ['of its owner', { outer: 0o755, inner: 0o755, file: 0o600 }, false],
    ['in a folder that others cannot enter', { outer: 0o755, inner: 0o750, file: 0o644 }, false],
    ['below a folder that others cannot enter', { outer: 0o700, inner: 0o755, file: 0o644 }, false],
    ['in a folder that others can enter but not list', { outer: 0o711, inner: 0o711, file: 0o644 }, true],
  ])('%s', async (_what, modes, expected) => {
    await using files = await keyIn()
    await files.set(modes)
    await symlink(files.key, files.link)
    expect([await isReadByOthers(files.key), await isReadByOthers(files.link)]).toEqual([expected, expected])
  })

  it('that is missing is not read by others', async () => {
    expect(await isReadByOthers('/nonexistent/key')).toBe(false)
  })
})
