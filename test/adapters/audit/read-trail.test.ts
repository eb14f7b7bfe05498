import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BEFORE_ALL, hashOf, lineOf } from '../../../src/adapters/audit/audit-line.ts'
import { createLineFilter, type LineFilter } from '../../../src/adapters/audit/line-filter.ts'
import { readTrail, type TrailGroup, type TrailPeriod } from '../../../src/adapters/audit/read-trail.ts'
import { inOrder } from '../../../src/adapters/audit/trail-parts.ts'
import type { AuditRecord } from '../../../src/app/audit.ts'
import type { TrailRecord } from '../../../src/app/trail-record.ts'
import { DAY } from '../../../src/domain/time/instant.ts'
import { AT, folder, record } from './chain.ts'

const chainOf = (records: readonly AuditRecord[]): readonly Buffer[] => {
  let head = BEFORE_ALL
  return records.map((one) => {
    const line = lineOf(one, head)
    head = { seq: head.seq + 1, hash: hashOf(line) }
    return Buffer.concat([line, Buffer.from('\n')])
  })
}

const ALWAYS: TrailPeriod = { since: undefined, until: undefined }

const read = async (
  contents: readonly Buffer[],
  { period = ALWAYS, mayMatter = () => true }: { period?: TrailPeriod; mayMatter?: (line: Buffer) => boolean } = {},
) => {
  using at = folder()
  const paths = contents.map((content, index) => {
    const path = join(at.path, `${index}.jsonl`)
    writeFileSync(path, content)
    return path
  })
  const records: TrailRecord[] = []
  const flaws: string[] = []
  let lines = 0
  let span: TrailGroup['span']
  for await (const group of readTrail(await inOrder(paths), period, mayMatter)) {
    records.push(...group.records)
    flaws.push(...group.flaws.map(({ file, line, message }) => `${paths.indexOf(file)}:${line} ${message}`))
    lines += group.lines
    if (group.span !== undefined) span = { ...group.span, first: span?.first ?? group.span.first }
  }
  return { seqs: records.map(({ seq }) => seq), records, flaws, lines, span }
}

const NINE = chainOf(Array.from({ length: 9 }, (_, index) => record(`c${index}`, { time: AT + index * DAY })))
const nine = (from = 1, to = 9) => Buffer.concat(NINE.slice(from - 1, to))

describe('the reading of a trail', () => {
  it('gives the records of all files in the order of their numbers, compressed or not, in any order of the files', async () => {
    expect(await read([nine(7), gzipSync(nine(1, 3)), nine(4, 6)])).toMatchObject({
      seqs: [1, 2, 3, 4, 5, 6, 7, 8, 9],
      flaws: [],
      lines: 9,
    })
  })

  it('may begin with any line', async () => {
    expect(await read([nine(5)])).toMatchObject({ seqs: [5, 6, 7, 8, 9], flaws: [] })
  })

  it('tells missing, repeated, damaged and unfinished lines with their place, and gives the others', async () => {
    const missing = await read([nine(1, 3), nine(5, 9)])
    expect(missing.flaws).toEqual(['1:1 line 4 of the trail is missing before this one'])
    expect(missing.seqs).toEqual([1, 2, 3, 5, 6, 7, 8, 9])
    expect((await read([nine(1, 3), nine(7, 9)])).flaws[0]).toContain('lines 4 to 6 of the trail are missing')

    const repeated = await read([nine(1, 6), nine(4, 9)])
    expect(repeated.flaws).toEqual([expect.stringMatching(/^1:1 line 4 of the trail was read before/)])
    expect(repeated.seqs).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])

    const damaged = await read([Buffer.concat([nine(1, 2), Buffer.from('{"seq":3,"ti\n'), nine(4, 9)])])
    expect(damaged.flaws).toEqual(['0:3 this is not a line of an audit file'])
    expect(damaged.seqs).toEqual([1, 2, 4, 5, 6, 7, 8, 9])

    const early = await read([nine(1, 3), Buffer.concat([Buffer.from('x\n'), nine(5, 6)]), nine(7, 9)])
    expect(early.flaws).toEqual(['1:1 this is not a line of an audit file'])
    expect(early.seqs).toEqual([1, 2, 3, 5, 6, 7, 8, 9])

    const torn = await read([nine().subarray(0, -10)])
    expect(torn.flaws).toEqual([expect.stringMatching(/^0:9 the last line is unfinished/)])
    expect(torn.seqs).toHaveLength(8)
    const foreign = Buffer.concat([nine(), Buffer.from('{"seq":66,"time":"2026')])
    expect((await read([foreign])).flaws).toEqual([
      expect.stringMatching(/^0:10 the last line is unfinished and not the beginning of line 10: the daemon does not/),
    ])
    // A file with nothing but the beginning of a line comes first, wherever it belongs.
    expect((await read([nine(), Buffer.from('{"seq":1')])).flaws[0]).toMatch(/after a crash its next start removes it/)
    expect((await read([gzipSync(nine(1, 5)).subarray(0, -4)])).flaws).toEqual([
      expect.stringMatching(/^0:6 compressed data .* the rest of the file is not read$/),
    ])
  })

  it('reads anything without an exception', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.uint8Array(), fc.constantFrom(...NINE)), { maxLength: 12 }),
        async (parts) => {
          const bytes = Buffer.concat(parts)
          fc.pre(!/^(28b52ffd|fd377a585a00|425a68|04224d18)/.test(bytes.toString('hex', 0, 8)))
          const { seqs } = await read([bytes])
          expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b))
        },
      ),
    )
  })

  it('gives the records of a period and of a day around it, and does not read files beside that', async () => {
    const period = { since: AT + 4 * DAY, until: AT + 5 * DAY }
    const files = [nine(1, 2), nine(3, 4), nine(5, 6), nine(7, 8), nine(9)]
    const found = await read(files, { period })
    expect(found).toMatchObject({ seqs: [4, 5, 6, 7], flaws: [] })
    expect(found.lines).toBe(6)
    expect(found.span).toEqual({ first: { seq: 3, at: AT + 2 * DAY }, last: { seq: 8, at: AT + 7 * DAY } })
  })

  it('tells lines that are missing before a file that is left out', async () => {
    const period = { since: AT, until: AT + 4 * DAY }
    const found = await read([nine(1, 4), nine(7, 9)], { period })
    expect(found.flaws).toEqual(['1:1 lines 5 to 6 of the trail are missing before this one'])
    expect(found.seqs).toEqual([1, 2, 3, 4])
    expect(await read([nine(1, 6), nine(7, 8), nine(9)], { period })).toMatchObject({ flaws: [], lines: 6 })
  })
})

describe('the filter of lines', () => {
  it('finds in the bytes what parsing finds', () => {
    const name = fc.oneof(
      fc.constantFrom('alice', 'x","username":"alice', 'a\\', 'a\\"', '"', 'é👋', '\u0000', 'outcome'),
      fc.string({ unit: 'grapheme' }),
      fc.constant(undefined),
    )
    const event = fc.constantFrom('intent', 'outcome', 'held', 'start')
    fc.assert(
      fc.property(
        fc.record({
          username: name,
          commonName: name,
          connectionId: fc.constantFrom('cvpn-1', 'cvpn-12', 'alice'),
          event,
        }),
        fc.record({
          user: name,
          connection: fc.constantFrom('1', '12', undefined),
          events: fc.option(fc.subarray(['intent', 'held'])),
        }),
        (one, { user, connection, events }) => {
          const line = lineOf({ ...record(one.connectionId), ...one } as AuditRecord, BEFORE_ALL)
          const parsed = JSON.parse(line.toString()) as TrailRecord
          const isUser: LineFilter['isUser'] =
            user === undefined ? undefined : ({ username, commonName }) => username === user || commonName === user
          const filter = { isUser, connection, events: events ?? undefined }
          const expected =
            (isUser?.({ username: parsed.username, commonName: parsed.commonName }) ?? true) &&
            (events?.includes(parsed.event) ?? true)
          const found = createLineFilter(filter)(line)
          // A connection’s id may also stand elsewhere in the line. Whoever parses the line sees that.
          if (expected && (parsed.connectionId ?? '').includes(connection ?? '')) expect(found).toBe(true)
          if (!expected) expect(found).toBe(false)
        },
      ),
    )
  })
})
