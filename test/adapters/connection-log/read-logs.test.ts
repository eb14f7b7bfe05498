import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { readLogs } from '../../../src/adapters/connection-log/read-logs.ts'
import { UnreadableLog } from '../../../src/adapters/connection-log/unreadable.ts'
import { attempt, reset } from './lines.ts'

const folder = mkdtempSync(join(tmpdir(), 'curfew-logs-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
const fileOf = (content: string | Buffer): string => {
  const file = join(folder, `${++files}.log`)
  writeFileSync(file, content)
  return file
}

const read = async (...paths: string[]) => {
  const ids: string[] = []
  const remarks: string[] = []
  const lines = await readLogs(paths, {
    onRecord: ({ what, connectionId }) => ids.push(`${what} ${connectionId}`),
    onRemark: (text) => remarks.push(text),
  })
  return { ids, lines, remarks }
}

const pipeAt = (path: string): string => {
  execFileSync('/usr/bin/mkfifo', [path])
  return path
}

const problemOf = async (path: string) => {
  try {
    await read(path)
  } catch (error) {
    if (error instanceof UnreadableLog) return error.message
    throw error
  }
  return undefined
}

const ENTRIES = [attempt('1'), attempt('2'), reset('1')]
const TEXT = `${ENTRIES.map((entry) => JSON.stringify(entry)).join('\n')}\n`
const IDS = ['begin cvpn-connection-1', 'begin cvpn-connection-2', 'end cvpn-connection-1']

describe('logs', () => {
  it.each([
    ['plain', TEXT],
    ['without a last newline', TEXT.trimEnd()],
    ['with the newlines of Windows', TEXT.replaceAll('\n', '\r\n')],
    ['with gzip', gzipSync(TEXT)],
    ['with gzip in several members', Buffer.concat([...TEXT.matchAll(/.*\n/g)].map(([line]) => gzipSync(line)))],
    ['in UTF-16, as PowerShell writes it', Buffer.from(`\uFEFF${TEXT}`, 'utf16le')],
    ['in UTF-16 without a mark', Buffer.from(TEXT, 'utf16le')],
    ['in UTF-16 with the other order of bytes', Buffer.from(`\uFEFF${TEXT}`, 'utf16le').swap16()],
    ['in UTF-16 with the other order of bytes, without a mark', Buffer.from(TEXT, 'utf16le').swap16()],
    ['with gzip twice', gzipSync(gzipSync(TEXT))],
  ])('are read %s', async (_name, content) => {
    const { ids, lines } = await read(fileOf(content))
    expect(ids).toEqual(IDS)
    expect(lines).toEqual({ read: 3, understood: 3, failed: 0, firstFailed: [] })
  })

  it('are read from the standard input', async () => {
    const ids: string[] = []
    await readLogs(['-'], {
      onRecord: ({ what, connectionId }) => ids.push(`${what} ${connectionId}`),
      stdin: Readable.from([...TEXT.matchAll(/.{1,7}|\n/g)].map(([piece]) => Buffer.from(piece))),
    })
    expect(ids).toEqual(IDS)
  })

  it('are read from folders in the order of their names, and hidden files are not', async () => {
    const months = join(folder, 'months')
    mkdirSync(join(months, '2026-10', 'day'), { recursive: true })
    const [first, second, third] = ENTRIES.map((entry) => JSON.stringify(entry))
    writeFileSync(join(months, '2026-11'), `${third}`)
    writeFileSync(join(months, '2026-10', 'part-2'), `${second}`)
    writeFileSync(join(months, '2026-10', 'day', 'part-1.gz'), gzipSync(`${first}`))
    writeFileSync(join(months, '2026-10', '.part-2.swp'), 'no log')
    symlinkSync(months, join(months, '2026-10', 'above'))
    expect((await read(months)).ids).toEqual(IDS)
  })

  it('are read beside those without a line, which are named', async () => {
    const empty = [fileOf(''), fileOf(gzipSync('\n')), fileOf('{"events":[]}')]
    const { ids, remarks } = await read(...empty, fileOf(TEXT))
    expect(ids).toEqual(IDS)
    expect(remarks).toEqual([`no lines in ${empty.join(', ')}: left out`])
    await expect(read(...empty)).rejects.toThrow(`${empty[0]} has no lines: expected the connection log`)
    await expect(read(fileOf('no log'), fileOf(TEXT))).rejects.toThrow('no line that was understood')
  })

  it('are read in a folder beside what is no file, which is named', async () => {
    const beside = join(folder, 'beside')
    mkdirSync(beside)
    const pipe = pipeAt(join(beside, 'pipe'))
    writeFileSync(join(beside, 'log'), TEXT)
    const { ids, remarks } = await read(beside)
    expect(ids).toEqual(IDS)
    expect(remarks).toEqual([`${pipe} is left out: it is a pipe, a socket or a device, and no file`])
  })

  it('tell how far they are read', async () => {
    const paths = [fileOf(TEXT), fileOf(gzipSync(TEXT))]
    const totalBytes = Buffer.byteLength(TEXT) + gzipSync(TEXT).length
    const seen: unknown[] = []
    await readLogs(paths, { onRecord: () => {}, onProgress: (progress) => seen.push(progress) })
    expect(seen.at(-1)).toEqual({ bytes: totalBytes, totalBytes })
  })

  it('stop at a signal, also while the standard input is silent', async () => {
    const stop = new AbortController()
    const reading = readLogs(['-'], { onRecord: () => {}, signal: stop.signal, stdin: new Readable({ read() {} }) })
    stop.abort(new Error('stopped'))
    await expect(reading).rejects.toThrow('stopped')
  })

  it('stop at a signal, also while nobody writes to a pipe', async () => {
    const pipe = pipeAt(join(folder, 'pipe'))
    const stop = new AbortController()
    const stdin = Readable.from([Buffer.from(TEXT)])
    const reading = readLogs(['-', pipe], { onRecord: () => {}, signal: stop.signal, stdin })
    stdin.once('close', () => setImmediate(() => stop.abort(new Error('stopped'))))
    await expect(reading).rejects.toThrow('stopped')
    // The reader's thread waits for somebody who writes.
    const writer = openSync(pipe, 'r+')
    afterAll(() => closeSync(writer))
  })
})

describe('lines that are not understood', () => {
  it('are counted, and the first ten are kept with their places', async () => {
    const bad = Array.from({ length: 12 }, (_, index) => `bad ${index}`)
    const file = fileOf(`\n${JSON.stringify(attempt('1'))}\n\n{"level":"info"}\n${bad.join('\n')}\n`)
    const { ids, lines } = await read(file)
    expect(ids).toEqual(['begin cvpn-connection-1'])
    expect(lines).toMatchObject({ read: 14, understood: 1, failed: 13 })
    expect(lines.firstFailed).toHaveLength(10)
    expect(lines.firstFailed[0]).toEqual({ file, line: 4, problem: 'it has no "connection-log-type"' })
    expect(lines.firstFailed[9]).toMatchObject({ file, line: 13 })
  })
})

describe('logs that cannot be read', () => {
  it('are missing', async () => {
    const missing = join(folder, 'missing.log')
    expect(await problemOf(missing)).toBe(`cannot read the log ${missing}: it does not exist`)
  })

  it('are missing in a folder: the entry is named, on one line', async () => {
    const links = join(folder, 'links')
    mkdirSync(links)
    const link = join(links, 'old\ncurfew: all is well')
    symlinkSync('nowhere', link)
    expect(await problemOf(links)).toBe(`cannot read the log ${link.replace('\n', '\\n')}: it does not exist`)
  })

  it('are damaged, or compressed with another program', async () => {
    const short = fileOf(gzipSync(TEXT).subarray(0, 60))
    expect(await problemOf(short)).toMatch(`${short} is damaged: its compressed data are broken or end too soon.`)
    expect(await problemOf(fileOf(Buffer.from('28b52ffd0102', 'hex')))).toContain('is compressed with zstd')
  })

  it.each([
    ['an empty file', '', 'has no lines: expected the connection log of AWS Client VPN'],
    ['a query without a result', '{"events":[],"searchedLogStreams":[]}', 'has no lines: expected'],
    ['another log', '{"level":"info"}\n', '(line 1: it has no "connection-log-type")'],
  ])('have no line that is understood: %s', async (_name, content, expected) => {
    expect(await problemOf(fileOf(content))).toContain(expected)
  })

  it('are a folder without files', async () => {
    const empty = join(folder, 'empty')
    mkdirSync(empty)
    expect(await problemOf(empty)).toBe(`${empty} has no files: name a folder with connection logs`)
  })
})
