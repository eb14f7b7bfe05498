import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LONGEST_LINE } from '../../../src/adapters/log/line-limit.ts'
import { createLogger, type LogFormat } from '../../../src/adapters/log/logger.ts'

const written = async (format: LogFormat, fields: object, text: string) => {
  const chunks: string[] = []
  const log = await createLogger('info', format, { write: (line: string) => chunks.push(line) })
  log.warn(fields, text)
  return chunks.join('')
}

describe('the logger', () => {
  it('writes one JSON object on each line, with the time in UTC and the level as a word', async () => {
    const text = await written('json', { event: 'held', policy: 'daily' }, 'HELD')
    expect(text.endsWith('}\n')).toBe(true)
    const { time, ...line } = JSON.parse(text) as Record<string, unknown>
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    expect(line).toEqual({ level: 'warn', event: 'held', policy: 'daily', msg: 'HELD' })
  })

  it('writes the same fields for a terminal', async () => {
    const text = await written('pretty', { event: 'held', policy: 'daily' }, 'HELD')
    expect(text).toMatch(/WARN.*HELD\n/)
    expect(text).toContain('policy: "daily"')
  })

  it.each(['json', 'pretty'] as const)('redacts secrets in the fields of a line (%s)', async (format) => {
    const fields = { token: 's3cret', req: { headers: { authorization: 'Basic s3cret', cookie: 's3cret' } } }
    const text = await written(format, { ...fields, notify: { secret: 's3cret', password: 's3cret' } }, 'x')
    expect(text).not.toContain('s3cret')
    expect(text).toContain('[redacted]')
  })

  it('writes lines that are shorter than 16 KiB and valid JSON, whatever the fields hold', async () => {
    const short = fc.string({ unit: 'binary', maxLength: 40 })
    const long = fc
      .tuple(fc.string({ unit: 'binary', minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 4000 }))
      .map(([some, times]) => some.repeat(times))
    const text = fc.oneof(short, long)
    const list = fc.tuple(short, fc.integer({ min: 1, max: 2000 })).map(([some, times]) => Array(times).fill(some))
    const value = fc.oneof(text, list, fc.record({ message: text, stack: text }), fc.array(long, { maxLength: 3 }))
    const fields = fc.dictionary(fc.stringMatching(/^[a-z]{1,12}$/), value, { maxKeys: 8 })
    await fc.assert(
      fc.asyncProperty(fields, text, async (some, message) => {
        const line = await written('json', { ...some, event: 'held' }, message)
        expect(Buffer.byteLength(line)).toBeLessThanOrEqual(LONGEST_LINE)
        expect(LONGEST_LINE).toBeLessThan(16 * 1024)
        expect(line.indexOf('\n')).toBe(line.length - 1)
        expect(JSON.parse(line)).toMatchObject({ level: 'warn', event: 'held', time: expect.any(String) })
      }),
      { numRuns: 30 },
    )
  })

  it('shortens long texts after a word, and lists to ten with a count', async () => {
    const problems = Array.from({ length: 1000 }, (_, index) => `line ${index} has a problem`)
    const line = JSON.parse(await written('json', { problems }, 'word '.repeat(9000))) as Record<string, string>
    expect(line.problems).toEqual([...problems.slice(0, 10), 'and 990 more'])
    expect(line.msg).toMatch(/ word…$/)
  })
})
