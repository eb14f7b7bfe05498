import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openAuditTrail } from '../../../src/adapters/audit/audit-trail.ts'
import { fuzzRuns } from '../../fuzz-runs.ts'
import { folder, idsOf, readChain, record } from './chain.ts'

const written = async (...ids: string[]) => {
  using at = folder()
  const trail = await openAuditTrail({ file: at.file })
  await trail.write(ids.map((id) => record(id)))
  await trail.close()
  return readFileSync(at.file)
}

const newlines = (bytes: Buffer) => bytes.filter((byte) => byte === 10).length

describe('the end of an audit file at a start', () => {
  it('is repaired wherever the file was truncated, and no whole line is lost', async () => {
    const whole = await written('a', 'é👋', 'c')
    for (let length = 0; length <= whole.length; length++) {
      using at = folder()
      const left = whole.subarray(0, length)
      writeFileSync(at.file, left)
      const lines = newlines(left)
      const torn = left.subarray(left.lastIndexOf(10) + 1)
      const trail = await openAuditTrail({ file: at.file })
      expect(trail.head().seq).toBe(lines)
      const { repaired } = trail
      expect(repaired?.bytes ?? 0).toBe(torn.length)
      if (repaired !== undefined) expect(readFileSync(repaired.keptAs)).toEqual(torn)
      await trail.write([record('next')])
      await trail.close()
      expect(idsOf(readChain(at.file))).toEqual([...['a', 'é👋', 'c'].slice(0, lines), 'next'])
    }
  })

  it('is kept in a separate file each time the same line is torn', async () => {
    using at = folder()
    const kept: string[] = []
    for (const torn of ['{"seq":1', '{"seq":1,"ti', '{"s']) {
      writeFileSync(at.file, torn)
      const trail = await openAuditTrail({ file: at.file })
      await trail.close()
      kept.push(readFileSync(trail.repaired?.keptAs ?? '', 'utf8'))
    }
    expect(kept).toEqual(['{"seq":1', '{"seq":1,"ti', '{"s'])
    expect(readdirSync(at.path)).toHaveLength(4)
  })

  it('keeps every synced line if a power cut leaves holes in the lines after them', async () => {
    const ids = Array.from({ length: 40 }, (_, index) => `c${index}`)
    const whole = await written(...ids)
    const ends = [...whole.entries()].flatMap(([at, byte]) => (byte === 10 ? [at + 1] : []))
    await fc.assert(
      fc.asyncProperty(
        fc.nat(ids.length - 1),
        fc.array(fc.tuple(fc.nat(whole.length), fc.integer({ min: 0, max: 2 })), { maxLength: 3 }),
        fc.nat(whole.length),
        async (synced, holes, size) => {
          using at = folder()
          const durable = synced === 0 ? 0 : (ends[synced - 1] ?? 0)
          const left = Buffer.from(whole.subarray(0, Math.max(durable, size)))
          // A disk writes whole sectors.
          const sector = (at: number) => Math.min(left.length, Math.max(durable, 512 * Math.floor(at / 512)))
          for (const [from, more] of holes) left.fill(0, sector(from), sector(from + 512 * (more + 1)))
          writeFileSync(at.file, left)
          const trail = await openAuditTrail({ file: at.file })
          await trail.write([record('next')])
          await trail.close()
          const found = idsOf(readChain(at.file))
          expect(found.length).toBeGreaterThan(synced)
          expect(found).toEqual([...ids.slice(0, found.length - 1), 'next'])
          const kept = trail.repaired === undefined ? Buffer.alloc(0) : readFileSync(trail.repaired.keptAs)
          expect(Buffer.concat([left.subarray(0, left.length - kept.length), kept])).toEqual(left)
        },
      ),
      { numRuns: fuzzRuns(50) },
    )
  })

  it('is refused and unchanged if one byte was changed to zero, which no power cut does', async () => {
    const whole = await written(...Array.from({ length: 9 }, (_, index) => `c${index}`))
    for (let place = 0; place < whole.length; place += 1 + Math.floor(12 / fuzzRuns(1))) {
      const turned = Buffer.from(whole)
      turned[place] = 0
      // If the changed byte is alone in its part of a sector, it looks like a sector that never reached the disk.
      const isHole = (place === 0 || whole[place - 1] === 10 || place % 512 === 0) && (place + 1) % 512 === 0
      if (isHole || place === whole.length - 1) continue
      using at = folder()
      writeFileSync(at.file, turned)
      await expect(openAuditTrail({ file: at.file })).rejects.toMatchObject({ code: 'damaged' })
      expect(readFileSync(at.file)).toEqual(turned)
      expect(readdirSync(at.path)).toEqual(['audit.jsonl'])
    }
  })

  it('is refused and unchanged if it is not the end of an audit file', async () => {
    const whole = (await written('a', 'b')).toString()
    const files = {
      'another file': 'Dear diary,\n',
      'another file without an end': 'Dear diary,',
      'a line of another program': `${whole}{"level":30,"msg":"hello"}\n`,
      'words after the last line': `${whole}words`,
      'an empty line': `${whole}\n`,
      'nothing but an empty line': '\n',
      'a line without its middle': whole.replace(/"event":"intent",(?=[^\n]*\n$)/, '"event":'),
      'the beginning of another line': `${whole}{"seq":7,"time":"2026`,
      'a negative number': `${whole.replace(/"seq":2/, '"seq":-2')}`,
      'another first line': `hello\n${whole.slice(whole.indexOf('\n') + 1)}`,
    }
    for (const text of Object.values(files)) {
      using at = folder()
      writeFileSync(at.file, text)
      await expect(openAuditTrail({ file: at.file })).rejects.toMatchObject({ code: 'damaged' })
      expect(readFileSync(at.file, 'utf8')).toBe(text)
      expect(readdirSync(at.path)).toEqual(['audit.jsonl'])
    }
  })

  it('is refused in a rotated file that does not end with the line in its name', async () => {
    using at = folder()
    writeFileSync(`${at.file}.000000000001-000000000003`, await written('a', 'b'))
    await expect(openAuditTrail({ file: at.file })).rejects.toMatchObject({ code: 'damaged' })
    expect(existsSync(join(at.path, 'audit.jsonl.lock'))).toBe(false)
  })

  it('is found in a file that is read in many chunks', async () => {
    using at = folder()
    const trail = await openAuditTrail({ file: at.file })
    await trail.write([record('a')])
    await trail.write(Array.from({ length: 12 }, (_, index) => record(`c${index}`, { because: 'x'.repeat(900_000) })))
    const head = trail.head()
    await trail.close()
    const again = await openAuditTrail({ file: at.file })
    expect(again.head()).toEqual(head)
    await again.write([record('b')])
    await again.close()
    expect(idsOf(readChain(at.file)).at(-1)).toBe('b')
  })
})
