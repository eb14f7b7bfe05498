import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLines } from '../../../src/adapters/connection-log/lines-read.ts'
import { createLogReader } from '../../../src/adapters/connection-log/log-reader.ts'
import { anyText } from '../../any-text.ts'
import { fuzzRuns } from '../../fuzz-runs.ts'
import { turnedBits } from '../../turned-bits.ts'
import { attempt } from './lines.ts'

const readLog = (bytes: Buffer, chunkBytes = 1024) => {
  const ids: string[] = []
  const lines = createLines(({ connectionId }) => ids.push(connectionId))
  const reader = createLogReader('log', lines)
  for (let from = 0; from < bytes.length; from += chunkBytes) reader.push(bytes.subarray(from, from + chunkBytes))
  reader.end()
  const { read, understood, failed } = lines.result()
  return { ids, read, understood, failed }
}

type Damage =
  | { readonly what: 'none' | 'turn' | 'cut-end' | 'cut-begin'; readonly place: number; readonly bit: number }
  | { readonly what: 'junk'; readonly text: string }

const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({
    what: fc.constantFrom('none', 'none', 'turn', 'turn', 'cut-end', 'cut-begin'),
    place: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    bit: fc.nat({ max: 7 }),
  }),
  fc.record({ what: fc.constant('junk' as const), text: anyText() }),
)

const NEWLINE = 10

/** How many lines are lost with this byte. */
const linesAt = (bytes: Buffer, place: number): number => (bytes[place] === NEWLINE ? 2 : 1)

const damaged = (line: Buffer, damage: Damage): Buffer => {
  if (damage.what === 'junk') return Buffer.from(damage.text.replaceAll('\n', ' '))
  const place = Math.floor(damage.place * line.length)
  if (damage.what === 'cut-end') return line.subarray(0, Math.max(2, place)) // A bracket alone begins a value of several lines.
  if (damage.what === 'cut-begin') return line.subarray(place)
  const turned = Buffer.from(line)
  if (damage.what === 'turn') turned[place] = (turned[place] ?? 0) ^ (1 << damage.bit)
  return turned.includes(NEWLINE) ? line : turned
}

const isTime = (time: string): boolean => {
  const at = Date.parse(`${time.replace(' ', 'T')}Z`)
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(time.replace(' ', 'T'))
}

/** The naive reading of one line: the record's connection, `null` if there is none, undefined if the line is blank. */
const naive = (line: Buffer): string | null | undefined => {
  const text = line.toString()
  if (/^[ \t\r]*$/.test(text)) return undefined
  try {
    const fields = JSON.parse(text.slice(text.indexOf('{')))
    const { 'connection-start-time': start, 'connection-last-update-time': update, 'connection-end-time': end } = fields
    const isWhole =
      fields['connection-log-type'] === 'connection-attempt' &&
      fields['connection-attempt-status'] === 'successful' &&
      fields['client-vpn-endpoint-id'] !== undefined &&
      isTime(start) &&
      [update, end].every((time) => time === undefined || time === 'NA' || isTime(time))
    return isWhole ? fields['connection-id'] : null
  } catch {
    return null
  }
}

describe('a log with damaged lines', () => {
  const lines = fc
    .array(damage, { minLength: 1, maxLength: 8 })
    .map((damages) => damages.map((one, index) => damaged(Buffer.from(JSON.stringify(attempt(`${index}`))), one)))

  it('is read line by line, and each line is counted once', () => {
    fc.assert(
      fc.property(lines, fc.integer({ min: 1, max: 2000 }), (some, chunkBytes) => {
        const expected = some.map(naive).filter((id) => id !== undefined)
        const ids = expected.filter((id) => id !== null)
        const bytes = Buffer.concat(some.flatMap((line) => [line, Buffer.from('\n')]))
        expect(readLog(bytes, chunkBytes)).toEqual({
          ids,
          read: expected.length,
          understood: ids.length,
          failed: expected.length - ids.length,
        })
      }),
      { numRuns: fuzzRuns(600) },
    )
  })

  const [before, after] = JSON.stringify(attempt('1')).split(/(?<=,)(?="connection-id")/)

  it.each([
    ['two halves of lines are not joined', `${before}\n${after}\n`, 0, 2],
    ['an indented line after a damaged one is a line', `${before}\n  and more\n`, 0, 2],
    ['an indented line within a damaged object is not', '{\n    "connection-id": "1\n    "port": "1"\n}\n', 0, 1],
    ['two lines without the newline between them', `${before}${after}${before}${after}\n`, 2, 0],
    ['a document that was not copied to its end', `{"events":[\n${before}${after}`, 1, 1],
  ])('is counted: %s', (_name, text, understood, failed) => {
    expect(readLog(Buffer.from(text))).toMatchObject({ understood, failed })
  })

  const entries = Array.from({ length: 6 }, (_, index) => attempt(`${index}`))
  const events = entries.map((one, index) => ({ id: `3${index}`, timestamp: index, message: JSON.stringify(one) }))
  const rows = events.map(({ message }) => `0,"${message.replaceAll('"', '""')}"\n`)

  it.each([
    ['filter-log-events', JSON.stringify({ events }, null, 4)],
    ['a subscription', JSON.stringify({ messageType: 'DATA_MESSAGE', logEvents: events })],
    ['a list', JSON.stringify(entries)],
    ['Logs Insights', `@timestamp,@message\n${rows.join('')}`],
  ])('is read without that one line, which is counted: %s', (_name, text) => {
    const bytes = Buffer.from(text)
    // What is before the first line says what the log is.
    const begin = bytes.indexOf(text.startsWith('@') ? '\n' : '{', 1) + 1
    for (const { turned, place } of turnedBits(bytes, 320)) {
      const { ids, failed } = readLog(turned)
      if (place < begin) expect(ids.length === entries.length || failed > 0).toBe(true)
      else expect(ids.length + (failed > 0 ? linesAt(bytes, place) : 0)).toBeGreaterThanOrEqual(entries.length)
    }
  })
})
