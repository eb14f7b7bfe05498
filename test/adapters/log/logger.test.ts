import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createLogger, type LogFormat } from '../../../src/adapters/log/logger.ts'

const written = async (format: LogFormat, fields: object, text: string) => {
  const chunks: string[] = []
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk.toString())
      done()
    },
  })
  const log = await createLogger('info', format, destination)
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
})
