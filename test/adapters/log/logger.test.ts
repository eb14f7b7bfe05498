import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LONGEST_LINE } from '../../../src/adapters/log/line-limit.ts'
import { createLogger, type LogFormat } from '../../../src/adapters/log/logger.ts'
import { createNamesInLog } from '../../../src/adapters/log/names-in-log.ts'
import { terminalLine } from '../../../src/adapters/log/terminal-line.ts'
import { anyText } from '../../any-text.ts'

const written = (format: LogFormat, fields: object, text: string) => {
  const chunks: string[] = []
  const log = createLogger({
    level: 'info',
    format,
    names: createNamesInLog(),
    destination: { write: (line: string) => chunks.push(line) },
  })
  log.warn(fields, text)
  return chunks.join('')
}

describe('the logger', () => {
  it('writes one JSON object on each line, with the time in UTC and the level as a word', () => {
    const text = written('json', { event: 'held', policy: 'daily' }, 'HELD')
    expect(text.endsWith('}\n')).toBe(true)
    const { time, ...line } = JSON.parse(text) as Record<string, unknown>
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    expect(line).toEqual({ level: 'warn', event: 'held', policy: 'daily', msg: 'HELD' })
  })

  it('writes time, level and message for a terminal, and of an exception where it was thrown', () => {
    const timeOf = (line: string) => /^\d\d:\d\d:\d\dZ {2}/.exec(line)?.[0] ?? 'no time'
    const held = written('pretty', { event: 'held', policy: 'daily' }, 'HELD')
    expect(held).toBe(`${timeOf(held)}warn   HELD\n`)

    const fault = written('pretty', { err: new TypeError('not a function') }, 'the page has a fault')
    expect(fault).toMatch(
      /warn {3}the page has a fault \(TypeError: not a function, at .*logger\.test\.ts:\d+:\d+\)?.*\n$/,
    )
    const ofTheSystem = Object.assign(new Error('too many open files'), { code: 'EMFILE' })
    expect(written('pretty', { err: ofTheSystem }, 'no connection')).toMatch(/ \(Error: too many open files\)\n$/)
  })

  it('keeps whatever a message holds on its line of the terminal', () => {
    fc.assert(
      fc.property(anyText(), (text) => {
        const line = written('pretty', {}, text)
        expect(line.indexOf('\n')).toBe(line.length - 1)
        expect(line.slice(0, -1)).not.toMatch(/\p{Cc}|\p{Zl}|\p{Zp}|\p{Bidi_Control}/u)
      }),
    )
  })

  it('colours the level where the terminal shows colours', () => {
    const line = { time: '2026-12-01T14:03:05.120Z', word: 'error', text: 'BLIND' }
    expect(terminalLine(line, { colours: true, width: 80 })).toBe('14:03:05Z  \u001b[31merror\u001b[0m  BLIND\n')
    expect(terminalLine(line, { colours: false, width: 80 })).toBe('14:03:05Z  error  BLIND\n')
    // Yellow cannot be read on a light terminal.
    const warning = { ...line, word: 'warn' }
    expect(terminalLine(warning, { colours: true, width: 80 })).toBe('14:03:05Z  \u001b[35mwarn \u001b[0m  BLIND\n')
  })

  it('continues a long text below its beginning on a terminal', () => {
    const line = { time: '2026-12-01T14:03:05.120Z', word: 'info', text: 'must end: "carol" on office, for 8h' }
    expect(terminalLine(line, { colours: false, width: 40 })).toBe(
      '14:03:05Z  info   must end: "carol" on\n                  office, for 8h\n',
    )
  })

  it('shows the first twelve digits of a hash on a terminal, and all of them in JSON', () => {
    const text = `the audit trail begins: line 3, hash ${'0123456789abcdef'.repeat(4)}`
    expect(written('pretty', {}, text)).toMatch(/ hash 0123456789ab\n$/)
    expect(written('json', {}, text)).toContain('0123456789abcdef'.repeat(4))
  })

  it('redacts secrets in the fields of a line', () => {
    const fields = { token: 's3cret', req: { headers: { authorization: 'Basic s3cret', cookie: 's3cret' } } }
    const text = written('json', { ...fields, notify: { secret: 's3cret', password: 's3cret' } }, 'x')
    expect(text).not.toContain('s3cret')
    expect(text).toContain('[redacted]')
  })

  it('writes lines that are shorter than 16 KiB and valid JSON, whatever the fields hold', () => {
    const short = anyText({ maxLength: 40 })
    const long = fc
      .tuple(anyText({ minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 4000 }))
      .map(([some, times]) => some.repeat(times))
    const text = fc.oneof(short, long)
    const list = fc.tuple(short, fc.integer({ min: 1, max: 2000 })).map(([some, times]) => Array(times).fill(some))
    const value = fc.oneof(text, list, fc.record({ message: text, stack: text }), fc.array(long, { maxLength: 3 }))
    const fields = fc.dictionary(fc.stringMatching(/^[a-z]{1,12}$/), value, { maxKeys: 8 })
    fc.assert(
      fc.property(fields, text, (some, message) => {
        const line = written('json', { ...some, event: 'held' }, message)
        expect(Buffer.byteLength(line)).toBeLessThanOrEqual(LONGEST_LINE)
        expect(LONGEST_LINE).toBeLessThan(16 * 1024)
        expect(line.indexOf('\n')).toBe(line.length - 1)
        expect(JSON.parse(line)).toMatchObject({ level: 'warn', event: 'held', time: expect.any(String) })
      }),
      { numRuns: 30 },
    )
  })

  it('shortens long texts after a word, and lists to ten with a count', () => {
    const problems = Array.from({ length: 1000 }, (_, index) => `line ${index} has a problem`)
    const line = JSON.parse(written('json', { problems }, 'word '.repeat(9000))) as Record<string, string>
    expect(line.problems).toEqual([...problems.slice(0, 10), 'and 990 more'])
    expect(line.msg).toMatch(/ word…$/)
  })
})
