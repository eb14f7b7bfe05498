import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEventLog } from '../../../src/adapters/log/event-log.ts'
import { createLogger } from '../../../src/adapters/log/logger.ts'
import { createNamesInLog } from '../../../src/adapters/log/names-in-log.ts'
import { createPseudonyms, keyProblem } from '../../../src/adapters/log/pseudonym.ts'
import { withoutNames } from '../../../src/adapters/log/without-names.ts'
import type { CurfewEvent } from '../../../src/app/events.ts'
import { anyText } from '../../any-text.ts'
import { EVENTS, VIOLATION } from './events.ts'

const KEY = '0123456789abcdef0123456789abcdef'
const SAYS = 'the word of alice, who is alice.laptop'

/** The events with names wherever a text comes from AWS, from a file or from a list of users. */
const TELLING: readonly CurfewEvent[] = [
  ...Object.values(EVENTS),
  { ...EVENTS['poll-failed'], message: SAYS },
  { ...EVENTS['discovery-failed'], message: SAYS },
  { ...EVENTS['tags-unread'], message: SAYS },
  { ...EVENTS.blind, because: SAYS },
  { ...EVENTS['call-answered'], outcome: 'denied', message: SAYS, nameless: 'denied' },
  { ...EVENTS.violation, violation: { ...VIOLATION, reason: 'banned', because: `banned as "alice*": ${SAYS}` } },
  { ...EVENTS.termination, violation: { ...VIOLATION, username: undefined }, outcome: 'gave-up' },
  {
    ...EVENTS['reload-refused'],
    problems: [`policies/a.yaml:3:7: error: policy "daily": ${SAYS}`, `notify "desk": ${SAYS}`],
  },
  { ...EVENTS['calls-dropped'], calls: [{ what: 'termination', policy: 'daily', principal: 'cn:alice.laptop' }] },
]

const written = (format: 'json' | 'pretty', act: (log: ReturnType<typeof createLogger>) => void) => {
  const names = createNamesInLog()
  names.take(KEY)
  let text = ''
  const destination = { write: (line: string) => (text += line) }
  act(createLogger({ level: 'trace', format, names, destination }))
  return text
}

describe('a log with pseudonyms', () => {
  it.each(TELLING)('has no name of $event in any form', (event) => {
    for (const format of ['json', 'pretty'] as const) {
      const line = written(format, (log) => createEventLog(log)(withoutNames(event, createPseudonyms(KEY))))
      expect(line).not.toMatch(/alice|laptop|trudy|bob/i)
      expect(line).toContain(format === 'json' ? `"event":"${event.event}"` : '  ')
    }
  })

  it('keeps what is no name: policy, endpoint, connection and why', () => {
    const pseudonymOf = createPseudonyms(KEY)
    const shown = withoutNames(EVENTS.violation, pseudonymOf)
    const names = { username: pseudonymOf('alice'), commonName: pseudonymOf('alice.laptop') }
    expect(shown).toEqual({ ...EVENTS.violation, violation: { ...VIOLATION, ...names } })
    const line = written('pretty', (log) => createEventLog(log)(shown))
    expect(line).toContain(`"${names.username}" on office violates policy "daily": connected since`)
  })

  it('names the places of the problems in a refused configuration', () => {
    const problems = ['policies/a.yaml:3:7: error: unknown user alice', 'curfew.yaml:1:1: warning: alice']
    const shown = withoutNames({ event: 'reload-refused', source: 'files', problems }, createPseudonyms(KEY))
    expect(shown).toEqual({
      event: 'reload-refused',
      source: 'files',
      problems: [
        'policies/a.yaml:3:7: error: (withheld, because it may name people: curfew validate shows it)',
        'curfew.yaml:1:1: warning: (withheld, because it may name people: curfew validate shows it)',
      ],
    })
  })

  it('says what is wrong with a secret, which names nobody, and which command shows it', () => {
    const problems = ['notify "desk": the environment variable HOOK: not set or empty: set it, or name a file instead']
    const refused = { event: 'reload-refused', source: 'secrets', problems } as const
    const line = written('json', (log) => createEventLog(log)(withoutNames(refused, createPseudonyms(KEY))))
    expect(line).toContain('the environment variable HOOK: not set or empty')
    expect(line).toContain('curfew doctor')
    expect(line).not.toContain('validate')
  })

  it('has no message of a fault that refused a configuration', () => {
    const refused = { event: 'reload-refused', source: 'fault', problems: [SAYS] } as const
    const line = written('json', (log) => createEventLog(log)(withoutNames(refused, createPseudonyms(KEY))))
    expect(line).toContain('a fault in Curfew, please report it')
    expect(line).not.toMatch(/alice|validate/)
  })

  it('has the places of an exception without its message', () => {
    for (const format of ['json', 'pretty'] as const) {
      const line = written(format, (log) => log.error({ err: new TypeError(SAYS) }, 'a page could not be rendered'))
      expect(line).not.toContain('alice')
      expect(line).toMatch(/TypeError.*without-names\.test\.ts:\d+/)
    }
  })

  it('has the names themselves again once a reload takes the key away', () => {
    const names = createNamesInLog()
    names.take(KEY)
    expect(names.name('alice')).toMatch(/^p-/)
    names.take(undefined)
    expect(names.name('alice')).toBe('alice')
    expect(names.event(EVENTS.violation)).toBe(EVENTS.violation)
  })
})

describe('a pseudonym', () => {
  const pseudonymOf = createPseudonyms(KEY)

  it('is the beginning of HMAC-SHA256 over the name', () => {
    // printf %s alice | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef
    expect(pseudonymOf('alice')).toBe('p-433deb45467e4e53')
  })

  it('is one for all spellings of a name, and another under another key', () => {
    for (const spelling of ['Alice', 'alice ', 'a\u00adlice', '\uff41lice'])
      expect(pseudonymOf(spelling)).toBe(pseudonymOf('alice'))
    expect(createPseudonyms(KEY.toUpperCase())('alice')).not.toBe(pseudonymOf('alice'))
  })

  it('stays the same however many names come between', () => {
    const before = pseudonymOf('alice')
    for (let index = 0; index < 10_001; index++) pseudonymOf(`user-${index}`)
    expect(pseudonymOf('alice')).toBe(before)
  })

  it('never holds a part of the name', () => {
    fc.assert(
      fc.property(anyText(), (name) => {
        expect(pseudonymOf(name)).toMatch(/^p-[0-9a-f]{16}$/)
      }),
    )
  })

  it('needs a key of 32 characters', () => {
    expect(keyProblem(KEY)).toBeUndefined()
    expect(keyProblem(KEY.slice(1))).toContain('the key has 31 characters, expected at least 32')
  })
})
