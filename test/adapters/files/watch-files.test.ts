import { setMaxListeners } from 'node:events'
import { mkdir, mkdtemp, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fingerprint, watchFiles } from '../../../src/adapters/files/watch-files.ts'
import { createManualClock } from '../../app/manual-clock.ts'

/** A watcher of files in a folder of its own. `look` lets it poll once. */
const watching = async (files: Readonly<Record<string, string>>, sources: readonly string[]) => {
  const folder = await mkdtemp(join(tmpdir(), 'curfew-watch-'))
  const at = (name: string) => join(folder, name)
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(at(name), '..'), { recursive: true })
    await writeFile(at(name), text)
  }
  const paths = sources.map(at)
  const stop = new AbortController()
  setMaxListeners(0, stop.signal)
  let wake = () => {}
  let asleep = () => {}
  let changes = 0
  let written = 0
  let polled = new Promise<void>((resolve) => (asleep = resolve))
  const watched = watchFiles({
    sources: () => paths,
    clock: {
      ...createManualClock(0),
      sleep: (_ms, signal) =>
        new Promise((resolve) => {
          wake = resolve
          signal.addEventListener('abort', () => resolve())
          asleep()
        }),
    },
    signal: stop.signal,
    taken: await fingerprint(paths),
    onChange: () => {
      changes++
    },
  })
  await polled
  const look = async () => {
    polled = new Promise<void>((resolve) => (asleep = resolve))
    wake()
    await polled
  }
  return {
    at,
    look,
    changes: () => changes,
    /** Writes a file with a modification time that no earlier write had. */
    async write(name: string, text: string) {
      await writeFile(at(name), text)
      await utimes(at(name), 0, ++written)
    },
    /** How many changes are announced until nothing moves any more. */
    async settled() {
      for (let poll = 0; poll < 4; poll++) await look()
      return changes
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      await watched
      await rm(folder, { recursive: true })
    },
  }
}

describe('the watched files', () => {
  it('are announced once after an edit', async () => {
    await using files = await watching({ 'a.yaml': 'one' }, ['a.yaml'])
    await files.write('a.yaml', 'two')
    expect(await files.settled()).toBe(1)
  })

  it('are not announced if the same bytes are written again, in place or as another file', async () => {
    await using files = await watching({ 'a.yaml': 'one' }, ['a.yaml'])
    await files.write('a.yaml', 'one')
    expect(await files.settled()).toBe(0)
    await files.write('other', 'one')
    await rename(files.at('other'), files.at('a.yaml'))
    expect(await files.settled()).toBe(0)
    await files.write('a.yaml', 'two')
    expect(await files.settled()).toBe(1)
    await files.write('a.yaml', 'two')
    expect(await files.settled()).toBe(1)
  })

  it('are not announced if a link leads to another folder with the same bytes', async () => {
    await using files = await watching({ 'v1/a.yaml': 'one', 'v2/a.yaml': 'one', 'v3/a.yaml': 'two' }, [
      'now',
      'now/a.yaml',
    ])
    const swap = async (version: string) => {
      await symlink(version, files.at('next'))
      await rename(files.at('next'), files.at('now'))
    }
    await swap('v1')
    expect(await files.settled()).toBe(1)
    await swap('v2')
    expect(await files.settled()).toBe(1)
    await swap('v3')
    expect(await files.settled()).toBe(2)
  })

  it('are announced when one disappears and when it is back with the same bytes', async () => {
    await using files = await watching({ 'a.yaml': 'one' }, ['a.yaml'])
    await rm(files.at('a.yaml'))
    expect(await files.settled()).toBe(1)
    await files.write('a.yaml', 'one')
    expect(await files.settled()).toBe(2)
  })

  it('are announced when a folder has another name in it', async () => {
    await using files = await watching({ 'policies/a.yaml': 'one' }, ['policies'])
    await files.write('policies/b.yaml', 'one')
    expect(await files.settled()).toBe(1)
  })

  it('are not announced while a file is being written', async () => {
    await using files = await watching({ 'a.yaml': 'one' }, ['a.yaml'])
    for (const text of ['o', 'ot', 'oth']) {
      await files.write('a.yaml', text)
      await files.look()
    }
    expect(files.changes()).toBe(0)
    expect(await files.settled()).toBe(1)
    expect(await readFile(files.at('a.yaml'), 'utf8')).toBe('oth')
  })
})
