import { describe, expect, it } from 'vitest'
import { addressOf } from '../../src/app/person-address.ts'
import { type PersonNews, personMessage } from '../../src/app/person-message.ts'
import { createPolicyFacts } from '../../src/app/policy-facts.ts'
import { loadConfiguration } from '../../src/config/load.ts'
import { REASONS, WHAT_TO_DO } from '../../src/domain/policies/registry.ts'
import { HOUR, MINUTE } from '../../src/domain/time/instant.ts'
import { memoryFiles } from '../config/memory-files.ts'
import { NOON } from '../domain/build.ts'

const STYLE = { value: (text: string) => `[${text}]`, link: (url: string) => `<${url}>` }

const news = (different: Partial<PersonNews> = {}): PersonNews => ({
  event: 'warning',
  connectionId: 'cvpn-connection-0123456789abcdef0',
  endpoint: 'office',
  name: 'alice',
  policy: 'daily',
  reason: 'session-age',
  because: 'at most 10h is allowed',
  endsAt: NOON + 5 * MINUTE,
  timeZone: 'Europe/Berlin',
  cooldownMs: 0,
  ...different,
})

describe('a message to a person', () => {
  it('of a warning says when, why and what to do', () => {
    expect(personMessage([news()], 0, NOON, STYLE)).toEqual({
      subject: 'Your VPN session on [office] ends at 13:05 Europe/Berlin',
      text: [
        'Your VPN session on [office] as [alice] ends at 13:05 Europe/Berlin, in 5 minutes.',
        'Policy [daily]: [at most 10h is allowed].',
        'Connect again to start a new session.',
      ].join('\n'),
    })
  })

  it('of a session that has ended says when it was', () => {
    const { subject, text } = personMessage([news({ event: 'terminated', endsAt: NOON })], 0, NOON + MINUTE, STYLE)
    expect(subject).toBe('Your VPN session on [office] ended at 13:00 Europe/Berlin')
    expect(text.split('\n')[0]).toBe('Your VPN session on [office] as [alice] ended at 13:00 Europe/Berlin.')
  })

  it('promises no new session within a cooldown', () => {
    const { text } = personMessage([news({ cooldownMs: HOUR })], 0, NOON, STYLE)
    expect(text).toContain('\nYou can connect again 1h after the end, not earlier.')
    expect(text).not.toContain('Connect again to')
  })

  it('has the page on which the session can be extended, if there is one', () => {
    const { text } = personMessage([news({ extendUrl: 'https://curfew.corp.example/extend/1' })], 0, NOON, STYLE)
    expect(text.split('\n').at(-1)).toBe('To stay connected for longer: <https://curfew.corp.example/extend/1>')
  })

  it('about several sessions begins with the one that ends first, and counts those that it does not list', () => {
    const later = news({ endpoint: 'berlin', endsAt: NOON + HOUR })
    const { subject, text } = personMessage([later, news()], 3, NOON, STYLE)
    expect(subject).toBe('5 VPN sessions of yours: the first ends at 13:05 Europe/Berlin')
    const parts = text.split('\n\n')
    expect(parts.map((part) => /\[(office|berlin)\]/.exec(part)?.[1])).toEqual(['office', 'berlin', undefined])
    expect(parts[2]).toBe('3 more sessions are not listed here.')
  })

  it('says what to do for every reason', () => {
    expect([...WHAT_TO_DO.keys()]).toEqual(REASONS)
    for (const reason of REASONS) {
      const [, , advice] = personMessage([news({ reason })], 0, NOON, STYLE).text.split('\n')
      expect(advice).toBe(WHAT_TO_DO.get(reason))
      expect(advice).toMatch(/^[A-Z].*\.$/)
    }
  })
})

describe('the address of a person', () => {
  const people = new Map([
    ['alice', 'alice@corp.example'],
    ['laptop-17', 'carol@corp.example'],
    ['dave@corp.example', 'dave.miller@corp.example'],
  ])

  it.each([
    ['people has the user name', 'ALICE', 'laptop-17', 'alice@corp.example'],
    ['the user name is an address', 'bob@corp.example', 'laptop-17', 'bob@corp.example'],
    ['the user name is an address with blanks around it', ' bob@corp.example ', undefined, 'bob@corp.example'],
    ['people has another one for it', 'Dave@corp.example', undefined, 'dave.miller@corp.example'],
    ['only the common name is listed', 'CORP\\carol', 'Laptop-17', 'carol@corp.example'],
    ['there is only a common name', undefined, 'laptop-17', 'carol@corp.example'],
    ['nothing is listed', 'erin', 'laptop-18', undefined],
    ['the common name looks like an address', 'erin', 'erin@corp.example', undefined],
    ['the user name has no domain', 'erin@corp', undefined, undefined],
    ['the user name has two addresses', 'a@corp.example,b@corp.example', undefined, undefined],
    ['the user name has a display name', 'Erin <erin@corp.example>', undefined, undefined],
    ['the user name has a line break', 'erin@corp.example\nBcc: x@corp.example', undefined, undefined],
    ['there is no name', undefined, undefined, undefined],
  ])('where %s', (_, username, commonName, address) => {
    expect(addressOf({ username, commonName }, people)).toBe(address)
  })
})

describe('the zone in which an end is told', () => {
  it('is that of the policy, else that of curfew.yaml', () => {
    const { configuration } = loadConfiguration(
      memoryFiles({
        'curfew.yaml':
          'version: 1\npolicies: [./a.yaml]\nwatch: [{ region: eu-central-1, discover: all }]\ntimeZone: Asia/Tokyo\n',
        'a.yaml': `version: 1
policies:
  - { name: age, kind: max-session-age, maxAge: 8h, cooldown: 1h }
  - { name: zoned, kind: max-session-age, maxAge: 8h, until: "2027-01-01 00:00", timeZone: Europe/Paris }
  - { name: hours, kind: off-hours, timeZone: Europe/Berlin, allowed: [{ hours: "07:00-19:00" }] }
`,
      }),
      'curfew.yaml',
    )
    if (configuration === undefined) throw new Error('the configuration is valid')
    let current = configuration
    const factsOf = createPolicyFacts(() => current)
    expect(['age', 'zoned', 'hours', 'gone'].map((name) => factsOf(name))).toEqual([
      { timeZone: 'Asia/Tokyo', cooldownMs: HOUR },
      { timeZone: 'Europe/Paris', cooldownMs: 0 },
      { timeZone: 'Europe/Berlin', cooldownMs: 0 },
      { timeZone: 'Asia/Tokyo', cooldownMs: 0 },
    ])
    current = { ...configuration, timeZone: 'UTC' }
    expect(factsOf('age').timeZone).toBe('UTC')
  })
})
