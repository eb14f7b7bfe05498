import { appendFile, chmod, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createHistoryFile } from '../../../src/adapters/history/history-file.ts'
import { partName } from '../../../src/adapters/history/parts.ts'
import { type HistoryLine, historyText } from '../../../src/domain/recording/history-line.ts'
import { DAY, HOUR, type Instant, MINUTE } from '../../../src/domain/time/instant.ts'
import { connection, NOON } from '../../domain/build.ts'
import { DiskFault, standInDisk } from '../audit/stand-in-disk.ts'

const never = new AbortController().signal

let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'curfew-history-'))
  file = join(folder, 'data', 'history.jsonl')
})
afterEach(() => rm(folder, { recursive: true }))

const textOf = (id: string, time: Instant) =>
  historyText({ event: 'first-seen', time, connection: connection({ id }) } satisfies HistoryLine)

/** A process with the history open, and the ids that it has read. */
const opened = async (options: Partial<Parameters<typeof createHistoryFile>[0]> = {}) => {
  const history = createHistoryFile({ file, keepMs: 3 * DAY, ...options })
  const ids: string[] = []
  /** Reads the file if it may hold lines that this process does not know. */
  const read = async () => {
    if ((await history.open(never)) === 'known') return 'known'
    ids.splice(0)
    await history.read((line) => {
      if (line.event === 'first-seen') ids.push(line.connection.id)
    })
    return 'read'
  }
  try {
    await read()
  } catch (error) {
    await history.close()
    throw error
  }
  return {
    ids,
    read,
    add: (id: string, now: Instant) => history.append([textOf(id, now)], now),
    close: () => history.close(),
  }
}

const idsRead = async () => {
  const one = await opened()
  await one.close()
  return one.ids
}

describe('the file of the history', () => {
  it('belongs to its owner alone, and is read again by the next process', async () => {
    const first = await opened()
    await first.add('one', NOON)
    await first.add('two', NOON + MINUTE)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect((await stat(join(folder, 'data'))).mode & 0o777).toBe(0o700)
    await first.close()
    await chmod(file, 0o644)
    expect(await idsRead()).toEqual(['one', 'two'])
    expect((await stat(file)).mode & 0o777).toBe(0o640)
  })

  it('loses a last line that a crash has left unfinished, and goes on behind the line before', async () => {
    const first = await opened()
    await first.add('one', NOON)
    await first.close()
    await appendFile(file, textOf('two', NOON).slice(0, 50))
    const second = await opened()
    expect(second.ids).toEqual(['one'])
    await second.add('three', NOON)
    await second.close()
    expect(await idsRead()).toEqual(['one', 'three'])

    await writeFile(file, textOf('one', NOON).slice(0, 50))
    expect(await idsRead()).toEqual([])
  })

  it('has nothing of a write that failed half-way, also if the remains cannot be removed at once', async () => {
    let isFull = false
    const disk = standInDisk(async (step, append) => {
      if (!isFull) return
      if (step === 'append') await append?.(200)
      if (step === 'append' || step === 'truncate') throw new DiskFault('ENOSPC')
    })
    const one = await opened({ disk })
    await one.add('one', NOON)
    isFull = true
    await expect(one.add('two', NOON)).rejects.toThrow(`cannot write the history ${file}: the disk is full`)
    isFull = false
    await one.add('three', NOON)
    await one.close()
    expect(await idsRead()).toEqual(['one', 'three'])
    expect(await readFile(file, 'utf8')).not.toContain('two')
  })

  it('becomes a part each day, and when it is large; a part goes once all of its lines are too old', async () => {
    const one = await opened({ rotateAtBytes: 700 })
    for (const hours of [0, 1, 2]) await one.add(`first-day-${hours}`, NOON + hours * HOUR)
    await one.add('second-day', NOON + DAY)
    await one.close()
    const parts = (await readdir(join(folder, 'data'))).filter((name) => name.startsWith('history'))
    expect(parts.toSorted()).toEqual([
      'history.jsonl',
      'history.jsonl.20261123T130000000Z',
      'history.jsonl.20261123T140000000Z',
    ])
    expect(await idsRead()).toEqual(['first-day-0', 'first-day-1', 'first-day-2', 'second-day'])

    const later = await opened()
    await later.add('fourth-day', NOON + 3 * DAY + HOUR)
    await later.add('fifth-day', NOON + 4 * DAY + 90 * MINUTE)
    await later.close()
    // What is older than a day before the newest part is not read at the start.
    expect(await idsRead()).toEqual(['fourth-day', 'fifth-day'])
    expect((await readdir(join(folder, 'data'))).toSorted()).toEqual([
      'history.jsonl',
      'history.jsonl.20261126T130000000Z',
    ])
  })

  it('goes on in a new file where another program has moved it away', async () => {
    const one = await opened()
    await one.add('one', NOON)
    await rename(file, join(folder, 'data', 'elsewhere'))
    await one.add('two', NOON)
    await one.close()
    expect(await idsRead()).toEqual(['two'])
  })

  it('is read again where it was removed, moved or written meanwhile, and else not', async () => {
    const one = await opened()
    await one.add('one', NOON)
    expect(await one.read()).toBe('known')
    await rm(file)
    expect(await one.read()).toBe('read')
    expect(one.ids).toEqual([])
    await one.add('two', NOON)
    await one.add('three', NOON + DAY)
    expect(await one.read()).toBe('known')
    await appendFile(file, `${textOf('four', NOON + DAY)}\n`)
    expect(await one.read()).toBe('read')
    expect(one.ids).toEqual(['two', 'three', 'four'])
    await one.close()
  })

  it('is taken again by a process that has lost its lock, with the lines of the other process', async () => {
    const one = await opened()
    await one.add('one', NOON)
    // As a process that takes over the lock of one that was suspended for long.
    await rm(join(folder, 'data', '.history.jsonl.lock'))
    const other = await opened()
    await other.add('two', NOON + MINUTE)
    await expect(one.add('three', NOON + MINUTE)).rejects.toThrow(`the lock of the history ${file} is lost`)
    await expect(one.read()).rejects.toThrow(/process \d+ on host .*: only one process may write the file/)
    await other.add('four', NOON + MINUTE)
    await other.close()
    expect(await one.read()).toBe('read')
    expect(one.ids).toEqual(['one', 'two', 'four'])
    await one.add('five', NOON + 2 * MINUTE)
    await one.close()
    expect(await idsRead()).toEqual(['one', 'two', 'four', 'five'])
  })

  it('has one writer at a time, and is not written over another file', async () => {
    const one = await opened()
    await expect(opened()).rejects.toThrow(/^cannot write the history .* process \d+ on host .*: only one process/)
    await one.close()
    await (await opened()).close()
    for (const content of ['# a list\nalice\n', 'alice', `${'x'.repeat(300_000)}\n`]) {
      await writeFile(file, content)
      await expect(opened()).rejects.toThrow(`${file} is not a history that Curfew wrote: give "history.file"`)
      expect(await readFile(file, 'utf8')).toBe(content)
    }
  })

  it('has parts whose names sort by time', () => {
    expect(partName('history.jsonl', NOON)).toBe('history.jsonl.20261123T120000000Z')
  })
})
