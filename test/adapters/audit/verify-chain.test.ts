import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BEFORE_ALL, hashOf, lineOf } from '../../../src/adapters/audit/audit-line.ts'
import { verifyChain } from '../../../src/adapters/audit/verify-chain.ts'
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
const HEAD = { seq: 9, hash: hashOf(LINES.at(-1)?.subarray(0, -1) ?? Buffer.alloc(0)) }

/** Writes each list of lines into a separate file and checks the files together. */
const verify = async (...files: ReadonlyArray<readonly Buffer[]>) => {
  using at = folder()
  const paths = files.map((lines, index) => {
    const path = join(at.path, `${index}.jsonl`)
    writeFileSync(path, Buffer.concat(lines))
    return path
  })
  const { fault, ...report } = await verifyChain(paths)
  return { ...report, fault: fault && { ...fault, file: paths.indexOf(fault.file) } }
}

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
            firstTime: '2026-12-01T08:00:00.000Z',
            lastTime: '2026-12-01T08:00:00.008Z',
            head: HEAD,
            fault: undefined,
          })
        },
      ),
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
    for (let at = 0; at < whole.length; at++) {
      const line = starts.filter((start) => start <= at).length
      for (const mask of [0x01, 0x80, (whole[at] ?? 0) ^ 10]) {
        if (mask === 0) continue
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
