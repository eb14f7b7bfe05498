import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BEFORE_ALL, hashOf, lineOf } from '../../../src/adapters/audit/audit-line.ts'
import { inOrder } from '../../../src/adapters/audit/trail-parts.ts'
import { verifyChain } from '../../../src/adapters/audit/verify-chain.ts'
import { fuzzRuns } from '../../fuzz-runs.ts'
import { IS_NIGHTLY } from '../../nightly.ts'
import { AT, folder, record } from './chain.ts'

/** A chain of lines with their newlines. */
const chainOf = (count: number): readonly Buffer[] => {
  let head = BEFORE_ALL
  return Array.from({ length: count }, (_, index) => {
    const line = lineOf(record(`c${index}é👋`, { time: AT + index, username: 'alice' }), head)
    head = { seq: head.seq + 1, hash: hashOf(line) }
    return Buffer.concat([line, Buffer.from('\n')])
  })
}

const LINES = chainOf(9)

/** Each run writes files and reads them. */
const RUNS = { numRuns: fuzzRuns(30) }

/** Of the bytes of some lines, a night changes each and a push every third. */
const EVERY = IS_NIGHTLY ? 1 : 3
const HEAD = { seq: 9, hash: hashOf(LINES.at(-1)?.subarray(0, -1) ?? Buffer.alloc(0)) }

/** The head that each line was, in order. */
const HEADS = LINES.map((line, index) => ({ seq: index + 1, hash: hashOf(line.subarray(0, -1)) }))

/** Writes each content into a separate file and checks the files together. */
const verifyFiles = async (contents: readonly Buffer[], options?: Parameters<typeof verifyChain>[1]) => {
  using at = folder()
  const paths = contents.map((content, index) => {
    const path = join(at.path, `${index}.jsonl`)
    writeFileSync(path, content)
    return path
  })
  const { fault, ...report } = await verifyChain(await inOrder(paths), options)
  return { ...report, fault: fault && { ...fault, file: paths.indexOf(fault.file) } }
}

const verify = (...files: ReadonlyArray<readonly Buffer[]>) => verifyFiles(files.map((lines) => Buffer.concat(lines)))

const anySplit = fc.uniqueArray(fc.integer({ min: 0, max: LINES.length }), { maxLength: 4 }).map((places) => {
  const ends = [...places.sort((a, b) => a - b), LINES.length]
  return ends.map((end, index) => LINES.slice(ends[index - 1] ?? 0, end))
})

describe('the check of a chain', () => {
  it('finds no fault in a whole chain, however it is split into files, and in any order of the files', async () => {
    await fc.assert(
      fc.asyncProperty(
        anySplit.chain((files) => fc.shuffledSubarray(files, { minLength: files.length })),
        async (files) => {
          expect(await verify(...files)).toEqual({
            records: 9,
            before: BEFORE_ALL,
            firstTime: '2026-12-01T08:00:00.000Z',
            lastTime: '2026-12-01T08:00:00.008Z',
            head: HEAD,
            fault: undefined,
          })
        },
      ),
      RUNS,
    )
  })

  it('finds no fault in an empty file', async () => {
    expect(await verify([])).toMatchObject({ records: 0, firstTime: undefined, head: BEFORE_ALL, fault: undefined })
  })

  it('finds every changed byte at its line or the next one; in the last line the head shows it', async () => {
    const lines = LINES.slice(0, 3)
    const whole = Buffer.concat(lines)
    const { head } = await verify(lines)
    const starts = lines.map((_, index) => Buffer.concat(lines.slice(0, index)).length)
    for (let at = 0; at < whole.length; at += EVERY) {
      const line = starts.filter((start) => start <= at).length
      const masks = [0x01, 0x80, (whole[at] ?? 0) ^ 10].filter((mask) => mask !== 0)
      const one = at % masks.length
      for (const mask of IS_NIGHTLY ? masks : masks.slice(one, one + 1)) {
        const changed = Buffer.from(whole)
        changed[at] = (changed[at] ?? 0) ^ mask
        const report = await verify([changed])
        if (report.fault === undefined) expect([line, report.head.hash === head.hash]).toEqual([3, false])
        else expect([line, line + 1]).toContain(report.fault.line)
      }
    }
  })

  it('finds every line that was removed, repeated or moved', async () => {
    const last = LINES.length - 1
    await fc.assert(
      fc.asyncProperty(fc.nat(last), fc.nat(last), async (one, other) => {
        const without = LINES.filter((_, index) => index !== one)
        const gone = await verify(without)
        if (one === last) expect(gone.head.seq).toBe(last)
        else expect(gone.fault).toMatchObject({ file: 0, line: one + 1, expected: `seq ${one + 1}` })

        const line = LINES[one] ?? Buffer.alloc(0)
        const doubled = await verify([...LINES.slice(0, other + 1), line, ...LINES.slice(other + 1)])
        expect(doubled.fault?.line).toBe(other + (one === other + 1 ? 3 : 2))

        if (one === other) return
        const swapped = [...LINES]
        ;[swapped[one], swapped[other]] = [LINES[other] ?? line, line]
        expect((await verify(swapped)).fault).toMatchObject({ line: Math.min(one, other) + 1 })
      }),
      RUNS,
    )
  })

  it('finds a missing file, a repeated file and a second chain', async () => {
    const [a, b, c] = [LINES.slice(0, 3), LINES.slice(3, 6), LINES.slice(6)]
    expect((await verify(c, a)).fault).toMatchObject({ file: 0, line: 1, expected: 'seq 4' })
    expect((await verify(b, c)).fault).toMatchObject({ file: 0, line: 1, expected: 'seq 1' })
    expect((await verify(a, b, b, c)).fault).toMatchObject({ line: 1, expected: 'seq 7' })
    expect((await verify(LINES, chainOf(2))).fault).toBeDefined()
    expect((await verify([...LINES, ...chainOf(2)])).fault).toMatchObject({ line: 10, expected: 'seq 10' })
  })

  it('finds a forged line at the line after it', async () => {
    const forged = chainOf(9).map((line, index) =>
      index === 4 ? Buffer.from(line.toString().replace('alice', 'malle')) : line,
    )
    expect((await verify(forged)).fault).toMatchObject({ file: 0, line: 6 })
  })

  it('finds a last line without a newline, and a line that is too long', async () => {
    const unfinished = Buffer.concat(LINES).subarray(0, -1)
    expect((await verify([unfinished])).fault).toMatchObject({ line: 9 })
    expect((await verify([unfinished])).fault?.found).toContain('the next start of the daemon removes it')
    const foreign = await verify([...LINES, Buffer.from('{"seq":66,"time":"2026')])
    expect(foreign.fault?.found).toContain('the line is unfinished and not the beginning of line 10')
    const begun = await verify(LINES, [Buffer.from('{"seq":1')])
    expect(begun.fault?.found).toContain('the next start of the daemon removes it')
    const endless = Buffer.alloc(3 * 1024 * 1024, 'x')
    expect((await verify([...LINES, endless])).fault).toMatchObject({ line: 10 })
    expect((await verify(LINES, [endless])).fault).toMatchObject({ file: 1, line: 1 })
  })

  it('finds text that is not a line, and quotes it without control characters', async () => {
    for (const text of ['{}', '[]', 'null', '', '{"seq":10', '"a"', '\u001b[2J\u0007']) {
      const { fault } = await verify([...LINES, Buffer.from(`${text}\n`)])
      expect(fault).toMatchObject({ line: 10 })
      expect(fault?.found).not.toMatch(/\p{Cc}/u)
    }
  })
})

describe('the check of a chain against heads that were kept elsewhere', () => {
  const check = (lines: readonly Buffer[], options: Parameters<typeof verifyChain>[1]) =>
    verifyFiles([Buffer.concat(lines)], options)

  it('finds no fault with any of its own heads, from any line on', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(8), fc.subarray([BEFORE_ALL, ...HEADS]), async (cut, some) => {
        const anchors = some.filter(({ seq }) => seq >= cut)
        expect(await check(LINES.slice(cut), { from: cut + 1, anchors })).toMatchObject({
          records: 9 - cut,
          before: cut === 0 ? BEFORE_ALL : HEADS[cut - 1],
          head: HEAD,
          fault: undefined,
        })
      }),
      RUNS,
    )
  })

  it('finds a chain that was written anew from any line on, at the line of the first anchor after it', async () => {
    const forgedFrom = (line: number) => {
      let head = BEFORE_ALL
      return LINES.map((_, index) => {
        const username = index + 1 >= line ? 'malle' : 'alice'
        const forged = lineOf(record(`c${index}é👋`, { time: AT + index, username }), head)
        head = { seq: head.seq + 1, hash: hashOf(forged) }
        return Buffer.concat([forged, Buffer.from('\n')])
      })
    }
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 9 }), fc.subarray(HEADS), async (line, anchors) => {
        const { fault, head, records } = await check(forgedFrom(line), { anchors })
        const first = anchors.find(({ seq }) => seq >= line)
        if (first === undefined) {
          expect(fault).toBeUndefined()
          return
        }
        expect(fault).toMatchObject({ line: first.seq, expected: expect.stringContaining(first.hash) })
        // The line that the anchor refutes is not the head of what was checked.
        expect([records, head.seq]).toEqual([first.seq - 1, first.seq - 1])
      }),
      RUNS,
    )
  })

  it('finds lines that were removed from the end up to an anchor', async () => {
    const { fault, records } = await check(LINES.slice(0, 6), { anchors: [HEAD] })
    expect(records).toBe(6)
    expect(fault).toMatchObject({ file: 0, line: 6, expected: 'line 9, which the anchor has' })
    expect(fault?.found).toBe('the end of the trail after line 6: lines 7 to 9 are missing')
    expect((await check([], { anchors: [HEAD] })).fault?.found).toContain('lines 1 to 9 are missing')
  })

  it('finds another line before the first one', async () => {
    const wrong = { seq: 3, hash: HEAD.hash }
    expect((await check(LINES.slice(3), { from: 4, anchors: [wrong] })).fault).toMatchObject({ line: 1 })
    expect((await check(LINES, { anchors: [{ ...HEAD, seq: 0 }] })).fault).toMatchObject({ line: 1 })
  })

  it('says which line the files begin with instead of `from`', async () => {
    expect((await check(LINES.slice(4), { from: 4 })).fault).toMatchObject({ line: 1, expected: 'seq 4' })
    expect((await check(LINES.slice(4), { from: 7 })).fault?.found).toContain('these files begin at line 5')
    expect((await check(LINES, { from: 7 })).fault?.found).toContain('leave out --from')
    expect((await check(LINES.slice(4), {})).fault?.found).toContain('--from 5')
  })
})

describe('the check of compressed files', () => {
  const [early, late] = [Buffer.concat(LINES.slice(0, 5)), Buffer.concat(LINES.slice(5))]

  it('reads what gzip has compressed, also several files in one', async () => {
    const parts = Buffer.concat([
      gzipSync(Buffer.concat(LINES.slice(0, 2))),
      gzipSync(Buffer.concat(LINES.slice(2, 5))),
    ])
    for (const part of [gzipSync(early), parts])
      expect(await verifyFiles([late, part])).toMatchObject({ records: 9, head: HEAD, fault: undefined })
  })

  it('reports compressed data that are damaged or end too soon, after the whole lines before', async () => {
    const noise = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * 7919) >> 3))
    const long = gzipSync(Buffer.concat([early, noise]))
    for (const cut of [long.subarray(0, -4), long.subarray(0, 40), Buffer.concat([long.subarray(0, -9), noise])]) {
      const { fault, records } = await verifyFiles([cut])
      expect(fault).toBeDefined()
      expect(records).toBeLessThanOrEqual(5)
    }
    const short = await verifyFiles([gzipSync(early).subarray(0, -4)])
    expect(short).toMatchObject({ records: 5, fault: { line: 6, found: expect.stringContaining('end too soon') } })
  })

  it('refuses other compression and names it', async () => {
    await expect(verifyFiles([Buffer.from('28b52ffd0458', 'hex')])).rejects.toThrow(/compressed with zstd.*unpack it/)
  })
})
