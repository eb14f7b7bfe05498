import { type Logger, pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { createEventLog } from '../../../src/adapters/log/event-log.ts'
import { createLogger } from '../../../src/adapters/log/logger.ts'
import { createNamesInLog } from '../../../src/adapters/log/names-in-log.ts'
import { tableAfter } from '../../docs/pages.ts'
import { ENDPOINT, EVENTS } from './events.ts'

/** The lines that a logger writes during `act`. */
const written = (act: (log: Logger) => void): Record<string, unknown>[] => {
  const lines: string[] = []
  const levels = { level: (label: string) => ({ level: label }) }
  act(pino({ level: 'trace', base: null, formatters: levels }, { write: (line: string) => lines.push(line) }))
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
}

const codesIn = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word)
const page = new Map(
  tableAfter('docs/log.md', 'needs action.').map(([event, level = '', fields]) => [
    codesIn(event)[0],
    { levels: level.split(', '), fields: codesIn(fields) },
  ]),
)

const ON_AN_ENDPOINT = {
  vpn_endpoint: ENDPOINT.id,
  name: ENDPOINT.name,
  account: ENDPOINT.account,
  region: ENDPOINT.region,
}

/** Events of a whole endpoint or list. The names in them are not logged. */
const MANY = new Set<string>(['polled', 'decided', 'list-changed'])

describe('the log', () => {
  it.each(Object.values(EVENTS))('writes $event as one line, with the level and fields of docs/log.md', (emitted) => {
    const lines = written((log) => createEventLog(log)(emitted))
    expect(lines).toHaveLength(1)
    const { level, time: _time, event, msg, ...fields } = lines[0] ?? {}
    expect(event).toBe(emitted.event)
    expect(msg).toMatch(/\w/)
    const documented = page.get(emitted.event)
    expect(documented?.levels).toContain(level)
    const { vpn_endpoint, name, account, region, ...own } = fields
    if ('endpoint' in emitted) expect({ vpn_endpoint, name, account, region }).toEqual(ON_AN_ENDPOINT)
    expect(Object.keys(own)).toEqual(documented?.fields)
  })

  it('has the head of the audit trail at every log.level but silent', () => {
    const events = (until: string) =>
      written((log) => {
        log.level = until
        for (const name of ['audit-head', 'stopped'] as const) createEventLog(log)(EVENTS[name])
      }).map(({ event }) => event)
    expect(events('silent')).toEqual([])
    expect(events('fatal')).toEqual(['audit-head'])
    expect(events('info')).toEqual(['audit-head', 'stopped'])
  })

  it('counts the policies and endpoints that are in force', () => {
    const textOf = (policies: number) =>
      written((log) => createEventLog(log)({ ...EVENTS.started, policies, endpoints: [ENDPOINT] }))[0]?.msg
    expect(textOf(1)).toMatch(/^watching: 1 policy on 1 endpoint in mode /)
    expect(textOf(8)).toMatch(/^watching: 8 policies on 1 endpoint in mode /)
  })

  it('names the unit of a trail before what it does, if it has one', () => {
    const textOf = (occasion: 'start' | 'hour' | 'stop', unit: string | undefined) =>
      written((log) => createEventLog(log)({ ...EVENTS['audit-head'], occasion, unit }))[0]?.msg
    const unit = 'eu-central-1 own'
    expect(textOf('start', unit)).toBe('the audit trail of eu-central-1 own continues here: line 195, hash d91ec9')
    expect(textOf('hour', unit)).toBe('the audit trail of eu-central-1 own so far: line 195, hash d91ec9')
    expect(textOf('stop', undefined)).toBe('the audit trail ends here: line 195, hash d91ec9')
  })

  it('has a row in docs/log.md for each event, and no others', () => {
    expect(new Set(page.keys())).toEqual(new Set(Object.keys(EVENTS)))
  })

  // The messages of these two come from the adapter that called AWS.
  it.each(
    Object.values(EVENTS).filter(
      (emitted) => 'endpoint' in emitted && emitted.event !== 'poll-failed' && emitted.event !== 'call-answered',
    ),
  )('names the endpoint in the message of $event', (emitted) => {
    expect(written((log) => createEventLog(log)(emitted))[0]?.msg).toContain(ENDPOINT.name)
  })

  it.each(
    Object.values(EVENTS).filter((emitted) => JSON.stringify(emitted).includes('alice') && !MANY.has(emitted.event)),
  )('names the user in the message of $event', (emitted) => {
    expect(written((log) => createEventLog(log)(emitted))[0]?.msg).toMatch(/\balice\b/)
  })

  it.each(Object.values(EVENTS))('writes $event as one line for a terminal: time, level and message', (emitted) => {
    const [json, pretty] = (['json', 'pretty'] as const).map((format) => {
      let text = ''
      createEventLog(
        createLogger({
          level: 'trace',
          format,
          names: createNamesInLog(),
          destination: { write: (line: string) => (text += line) },
        }),
      )(emitted)
      return text
    })
    const { level, msg } = JSON.parse(json ?? '') as Record<string, string>
    expect(pretty).toMatch(/^\d\d:\d\d:\d\dZ {2}/)
    expect(pretty?.slice('14:03:05Z  '.length)).toBe(`${level?.padEnd(5)}  ${msg}\n`)
  })

  it('says who began the configuration in force, and accuses no replica that others have overruled', () => {
    const textOf = (different: Partial<typeof EVENTS.generation>) =>
      written((log) => createEventLog(log)({ ...EVENTS.generation, ...different }))[0]?.msg
    const overruled = { generation: 3, own: 2, isOld: true }
    expect(textOf({})).toBe(
      'the configuration of this replica is in force, as generation 2, begun by the replica replica-2',
    )
    expect(textOf({ begunBy: undefined })).toBe(
      'the configuration of this replica is in force, as generation 2, begun by this replica',
    )
    expect(textOf(overruled)).toBe(
      'another configuration is in force, as generation 3, begun by the replica replica-2. This replica has another one, of generation 2, and hands its units over',
    )
    expect(textOf({ ...overruled, cameBack: true })).toBe(
      'the replica replica-2 has brought an earlier configuration back, as generation 3. This replica has another one, of generation 2, and hands its units over. If you did not roll back, the replica replica-2 has old files: stop it, or give it the right ones',
    )
    expect(textOf({ isNewerGone: true })).toContain('no replica of the newest configuration is left')
  })

  it('does not say of an endpoint that another replica may hold that nobody watches it', () => {
    const changed = { ...EVENTS['endpoints-changed'], gone: EVENTS['endpoints-changed'].endpoints }
    const textOf = (event: typeof changed & { readonly isShared?: true }) =>
      written((log) => createEventLog(log)(event))[0]?.msg
    expect(textOf(changed)).toBe('the watched endpoints have changed: 1 now, 1 no longer watched')
    expect(textOf({ ...changed, isShared: true })).toBe(
      'this replica watches 1 endpoint now, and 1 no longer: other replicas watch those that they hold',
    )
  })

  it('is more severe if an operator must act', () => {
    const levelOf = (emitted: (typeof EVENTS)[keyof typeof EVENTS]) =>
      written((log) => createEventLog(log)(emitted))[0]?.level
    expect(levelOf({ ...EVENTS['poll-failed'], blind: true })).toBe('error')
    expect(levelOf({ ...EVENTS.termination, outcome: 'gave-up' })).toBe('error')
    expect(levelOf({ ...EVENTS['call-answered'], outcome: 'denied' })).toBe('error')
    expect(levelOf({ ...EVENTS['clock-skew'], apart: true })).toBe('error')
    expect(levelOf({ ...EVENTS.reconnected, count: 4 })).toBe('warn')
    expect(levelOf({ ...EVENTS.generation, cameBack: true })).toBe('warn')
    expect(levelOf({ ...EVENTS.generation, isNewerGone: true })).toBe('warn')
    expect(levelOf({ ...EVENTS['tenure-ended'], how: 'lost' })).toBe('warn')
    expect(levelOf({ ...EVENTS['tenure-ended'], how: 'refused' })).toBe('error')
  })
})
