import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { now } from '../../src/cli/compose-audit.ts'
import { history } from '../../src/cli/history.ts'
import { historyText } from '../../src/domain/recording/history-line.ts'
import { connection } from '../domain/build.ts'

let folder: string
let said: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'curfew-history-'))
  said = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((part) => {
    said += String(part)
    return true
  })
})
afterEach(async () => {
  vi.restoreAllMocks()
  await rm(folder, { recursive: true })
})

const lineOf = (username: string) =>
  `${historyText({ event: 'first-seen', time: now(), connection: connection({ username, establishedAt: now() }) })}\n`

const usersIn = async (file: string) => {
  said = ''
  await history.run({ values: { since: '7d', output: 'json', config: 'curfew.yaml' }, positionals: [file] })
  const { sessions } = JSON.parse(said) as { readonly sessions: ReadonlyArray<{ readonly username: string }> }
  return sessions.map(({ username }) => username).toSorted()
}

it('a history is read from a folder and from the standard input, plain or gzip, as by a backtest', async () => {
  await mkdir(join(folder, 'parts'))
  await writeFile(join(folder, 'parts', 'history.jsonl'), lineOf('alice'))
  await writeFile(join(folder, 'parts', 'history.jsonl.gz'), gzipSync(lineOf('bob')))
  expect(await usersIn(folder)).toEqual(['alice', 'bob'])
  vi.spyOn(process, 'stdin', 'get').mockReturnValue(Readable.from([gzipSync(lineOf('carol'))]) as typeof process.stdin)
  expect(await usersIn('-')).toEqual(['carol'])
})

it('a history whose compressed data end too soon is called damaged', async () => {
  const file = join(folder, 'history.jsonl.gz')
  await writeFile(file, gzipSync(lineOf('alice')).subarray(0, 100))
  await expect(usersIn(file)).rejects.toThrow(`${file} is damaged: its compressed data are broken or end too soon`)
})
