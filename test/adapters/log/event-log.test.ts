import { type Logger, pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { createEventLog } from '../../../src/adapters/log/event-log.ts'
import { tableAfter } from '../../docs/pages.ts'
import { ENDPOINT, EVENTS } from './events.ts'

/** What a logger writes while something is done with it. */
const written = (act: (log: Logger) => void): Record<string, unknown>[] => {
  const lines: string[] = []
  const levels = { level: (label: string) => ({ level: label }) }
  act(pino({ level: 'trace', base: null, formatters: levels }, { write: (line: string) => lines.push(line) }))
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
}

const words = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word)
const page = new Map(
  tableAfter('docs/log.md', 'needs somebody.').map(([event, level = '', fields]) => [
    words(event)[0],
    { levels: level.split(', '), fields: words(fields) },
  ]),
)

const ON_AN_ENDPOINT = {
  vpn_endpoint: ENDPOINT.id,
  name: ENDPOINT.name,
  account: ENDPOINT.account,
  region: ENDPOINT.region,
}

describe('the log', () => {
  it.each(Object.values(EVENTS))('writes $event as one line, as docs/log.md has it', (happened) => {
    const lines = written((log) => createEventLog(log)(happened))
    expect(lines).toHaveLength(1)
    const { level, time: _time, event, msg, ...fields } = lines[0] ?? {}
    expect(event).toBe(happened.event)
    expect(msg).toMatch(/\w/)
    const documented = page.get(happened.event)
    expect(documented?.levels).toContain(level)
    const { vpn_endpoint, name, account, region, ...own } = fields
    if ('endpoint' in happened) expect({ vpn_endpoint, name, account, region }).toEqual(ON_AN_ENDPOINT)
    expect(Object.keys(own)).toEqual(documented?.fields)
  })

  it('has no event in its page that does not exist', () => {
    expect(new Set(page.keys())).toEqual(new Set(Object.keys(EVENTS)))
  })

  it('is graver where somebody has to act', () => {
    const levelOf = (happened: (typeof EVENTS)[keyof typeof EVENTS]) =>
      written((log) => createEventLog(log)(happened))[0]?.level
    expect(levelOf({ ...EVENTS['poll-failed'], blind: true })).toBe('error')
    expect(levelOf({ ...EVENTS.termination, outcome: 'gave-up' })).toBe('error')
    expect(levelOf({ ...EVENTS['call-answered'], outcome: 'denied' })).toBe('error')
    expect(levelOf({ ...EVENTS['clock-skew'], apart: true })).toBe('error')
    expect(levelOf({ ...EVENTS.reconnected, count: 4 })).toBe('warn')
  })
})
