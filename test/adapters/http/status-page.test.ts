import { describe, expect, it } from 'vitest'
import { PATHS } from '../../../src/adapters/http/paths.ts'
import { type StatusView, statusPage } from '../../../src/adapters/http/status-page.ts'
import type { EndpointOverview, PolicyOverview } from '../../../src/app/overview.ts'
import type { EngineStatus, UnitHolding } from '../../../src/app/tenure.ts'
import type { Policy } from '../../../src/domain/policies/policy.ts'
import { HOUR, MINUTE, NEVER, toIso } from '../../../src/domain/time/instant.ts'
import { weekOf } from '../../../src/domain/time/week.ts'
import { entry, NOON, policy } from '../../domain/build.ts'

const endpoint = (different: Partial<EndpointOverview> = {}): EndpointOverview => ({
  endpointId: 'cvpn-endpoint-0123456789abcdef0',
  name: 'office',
  account: '111122223333',
  region: 'eu-central-1',
  tags: {},
  view: 'fresh',
  because: null,
  snapshotAt: toIso(NOON - MINUTE),
  active: 100,
  terminate: 0,
  held: 0,
  holds: [],
  audit: 0,
  openTerminations: 0,
  next: { at: null, because: null },
  ends: [],
  ...different,
})

const blind = (different: Partial<EndpointOverview> = {}) =>
  endpoint({
    view: 'blind',
    because: 'AWS throttles',
    active: null,
    terminate: null,
    held: null,
    audit: null,
    ends: undefined,
    ...different,
  })

const shown = (one: Policy, acts = true): PolicyOverview => {
  const hours = one.kind.hours?.(one.rule)
  return { policy: one, acts, week: hours && weekOf(hours, { from: -NEVER, until: NEVER }, NOON) }
}

const daily = policy('max-session-age', { maxAge: '8h' }, { name: 'daily' })
const office = (name: string) =>
  policy('off-hours', { timeZone: 'Europe/Berlin', allowed: [{ days: 'mon-fri', hours: '07:30-18:30' }] }, { name })

const page = (different: Partial<StatusView> = {}): string =>
  statusPage({
    version: '1.2.3',
    at: NOON,
    mode: 'enforce',
    lastReload: { outcome: 'none' },
    policySetHash: 'd91ec9',
    audit: { seq: 7, hash: 'a' },
    engine: { kind: 'files' },
    ongoing: { queues: [], unwritable: new Map(), missingPermissions: [], clocks: 'agree' },
    unmatched: [],
    endpoints: [endpoint()],
    policies: [shown(daily)],
    events: [],
    names: false,
    ...different,
  }).text

/** The text of a page, roughly as a reader sees it. */
const textOf = (html: string) =>
  html
    .replace(/<style>[\s\S]*?<\/style>/, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')

const terminateDenied = (id: string) => ({
  endpoint: { id, name: 'office', region: 'eu-central-1', account: undefined },
  action: 'ec2:TerminateClientVpnConnections',
})

const headline = (html: string) => /class="headline (\w+)"><h2>(.*?)<\/h2>/.exec(html)?.slice(1)

describe('the headline', () => {
  it.each([
    ['good', 'Enforcing', {}],
    ['care', 'Enforcing', { endpoints: [endpoint({ holds: [{ policy: 'daily', since: toIso(NOON) }] })] }],
    ['care', 'Audit only', { mode: 'audit' }],
    ['care', 'Audit only', { policies: [shown(daily, false)] }],
    ['care', 'Starting', { endpoints: [endpoint(), blind({ view: 'unseen' })] }],
    ['care', 'No endpoints', { endpoints: [] }],
    ['bad', 'BLIND', { endpoints: [blind()] }],
    ['bad', '1 of 2 endpoints BLIND', { endpoints: [endpoint(), blind()], mode: 'audit' }],
  ] as const)('is %s: %s', (severity, title, different) => {
    expect(headline(page(different))).toEqual([severity, title])
  })

  it('says that nothing is ended while the audit trail cannot be written or the clocks are apart', () => {
    const ongoing = { queues: [], unwritable: new Map(), missingPermissions: [], clocks: 'agree' as const }
    const full = page({ ongoing: { ...ongoing, unwritable: new Map([['audit', 'the disk is full']]) } })
    expect(headline(full)).toEqual(['bad', 'Nothing is ended'])
    expect(textOf(full)).toContain('Nothing is ended until it can be written again: the disk is full.')
    expect(headline(page({ ongoing: { ...ongoing, clocks: 'apart' } }))).toEqual(['bad', 'Nothing is ended'])
    const state = page({ ongoing: { ...ongoing, unwritable: new Map([['state', 'the disk is full']]) } })
    expect(headline(state)).toEqual(['good', 'Enforcing'])
    expect(textOf(state)).toContain('The state file cannot be written')
  })
})

describe('the headline, while IAM allows no termination', () => {
  const office = 'cvpn-endpoint-0123456789abcdef0'
  const lab = endpoint({ endpointId: 'cvpn-endpoint-0123456789abcdef1', name: 'lab' })
  const ongoing = {
    queues: [],
    unwritable: new Map(),
    missingPermissions: [terminateDenied(office)],
    clocks: 'agree' as const,
  }

  it.each([
    ['Nothing is ended', 'IAM does not allow it on 1 endpoint.', [endpoint()]],
    ['Nothing is ended on 1 of 2 endpoints', 'On the others the mode is enforce.', [endpoint(), lab]],
    [
      'Nothing is ended on 2 of 3 endpoints',
      'IAM does not allow it on 1 endpoint, and 1 is BLIND.',
      [endpoint(), lab, blind({ endpointId: 'cvpn-endpoint-0123456789abcdef2' })],
    ],
    ['BLIND', 'Nothing is ended where Curfew is blind.', [blind()]],
  ] as const)('is red: %s', (title, text, endpoints) => {
    const html = page({ endpoints, ongoing })
    expect(headline(html)).toEqual(['bad', title])
    expect(textOf(html)).toContain(text)
  })

  it('is that of audit where nothing would be ended anyway', () => {
    expect(headline(page({ ongoing, mode: 'audit' }))).toEqual(['care', 'Audit only'])
  })
})

describe('the headline, while less is ended than the files say', () => {
  const problems = ['policies/a.yaml:1:3: error: wrong']
  it.each([
    ['the last good one is in force', { lastReload: { outcome: 'refused', source: 'files', problems } }],
    ['1 endpoint could not be read lately', { endpoints: [endpoint({ view: 'stale' })] }],
    ['1 selector of endpoints matches none', { unmatched: [{ policy: 'daily', selector: 'match', entry: 'lab' }] }],
  ] as const)('asks for care: %s', (text, different) => {
    const html = page(different)
    expect(headline(html)).toEqual(['care', 'Enforcing'])
    expect(textOf(html)).toContain(text)
  })
})

describe('the page', () => {
  it('never shows a zero for an endpoint that it cannot see', () => {
    const text = textOf(page({ endpoints: [blind()] }))
    expect(text).toContain('active connections not known')
    expect(text).toMatch(/office cvpn-endpoint-\w+, eu-central-1, 111122223333 BLIND \? \? \? \?/)
    expect(text).toMatch(/What ends within the next hour Not known\. 1 endpoint that Curfew cannot see: not counted\./)
  })

  it('says what ends within the next hour by policy and effect, with the endpoints that have most', () => {
    const ends = (later: number, effect: 'enforce' | 'held' = 'enforce') => [
      { policy: 'daily', effect, now: 1, later, firstAt: NOON + 5 * MINUTE },
    ]
    const endpoints = [2, 900, 30, 4].map((later, index) => endpoint({ name: `e${index}`, ends: ends(later) }))
    const text = textOf(page({ endpoints: [...endpoints, endpoint({ name: 'e4', ends: ends(5, 'held') })] }))
    expect(text).toContain('daily ends 4 936 12:05:00Z e1 901, e2 31, e3 5, and 1 more endpoint')
    expect(text).toContain('daily would end (held) 1 5 12:05:00Z e4 6')
  })

  it('says how many calls wait, and when the last of them leaves', () => {
    const queue = { account: '111122223333', region: 'eu-central-1', length: 1234, lastAt: NOON + HOUR }
    const ongoing = { queues: [queue], unwritable: new Map(), missingPermissions: [], clocks: 'agree' as const }
    expect(textOf(page({ ongoing }))).toContain(
      '111122223333, eu-central-1: 1,234 calls, the last leaves at 13:00:00Z , in 1h',
    )
  })

  it('says in words what the drawing of a week shows: hours, closed dates, clock changes and the time in force', () => {
    const hours = (now: number, inForce = { from: -NEVER, until: NEVER }) => {
      const { kind, rule } = office('hours')
      const written = kind.hours?.(rule)
      if (written === undefined) throw new Error('no hours')
      const closed = { ...written, calendars: [{ dates: [], yearly: [{ month: 12, day: 25 }] }] }
      return textOf(page({ at: now, policies: [{ ...shown(office('hours')), week: weekOf(closed, inForce, now) }] }))
    }
    const christmas = hours(Date.parse('2026-12-24T12:00:00Z'))
    expect(christmas).toContain('Thu 24 Dec today 07:30–18:30 Fri 25 Dec not at all; a date of its calendars')
    expect(hours(Date.parse('2026-10-24T12:00:00Z'))).toContain('Sun 25 Oct not at all; the clocks change: 25 hours')
    // 22:00 on this clock: off hours until the policy begins to be in force, and then they end.
    expect(hours(NOON, { from: NOON + 9 * HOUR, until: NEVER })).toContain(
      'Mon 23 Nov today not 22:00–24:00; not in force 00:00–22:00',
    )
    expect(hours(NOON, { from: NOON, until: NEVER })).toContain(
      'Mon 23 Nov today 13:00–18:30; not in force 00:00–13:00',
    )
  })

  it('says of a policy with facts of the door that the daemon does not know them', () => {
    const idpGroups = [entry('contractors')]
    const door = { idpGroups, platform: undefined, publicIp: undefined, clientVersion: undefined }
    const match = { users: undefined, endpoints: undefined, regions: undefined, door }
    const sentence = 'Only the connect handler knows the facts under “door”'
    expect(textOf(page({ policies: [shown(office('office'))] }))).not.toContain(sentence)
    expect(textOf(page({ policies: [shown({ ...office('office'), match })] }))).toContain(sentence)
    expect(textOf(page({ policies: [shown({ ...office('office'), exempt: match })] }))).toContain(sentence)
  })

  it('links to the other paths of the server', () => {
    const links = [...page().matchAll(/<a href="(\/[^"]*)"/g)].map(([, path]) => path)
    expect(links).toEqual(['/', ...Object.keys(PATHS)])
  })

  it('gives instants of other days with their date, and all with their zone', () => {
    const html = page({ endpoints: [endpoint({ snapshotAt: '2026-11-22T23:59:59.500Z' })] })
    expect(html).toContain('<time datetime="2026-11-22T23:59:59.500Z">2026-11-22 23:59:59Z</time>')
  })

  it('shows the problems of a refused configuration, but only their places unless names are shown', () => {
    const problems = Array.from({ length: 5 }, (_, line) => `policies/a.yaml:${line + 1}:3: error: "alice" is wrong`)
    const lastReload = { outcome: 'refused', source: 'files', problems } as const
    const hidden = textOf(page({ lastReload }))
    expect(hidden).toContain('has 5 problems and was refused')
    expect(hidden).toContain('policies/a.yaml:3:3')
    expect(hidden).toContain('and 2 more problems')
    expect(hidden).not.toContain('alice')
    expect(
      textOf(page({ lastReload: { outcome: 'refused', source: 'files', problems: ['no place, but alice'] } })),
    ).not.toContain('alice')
    expect(textOf(page({ lastReload, names: true }))).toContain('alice')
    const obeyed = page({ lastReload: { outcome: 'mode-only', source: 'files', problems }, mode: 'audit' })
    expect(textOf(obeyed)).toContain('only its “mode: audit” is in force')
  })

  it('says what is wrong with the secrets of a refused configuration, and which command lists them', () => {
    const problems = ['notify "desk": ./secrets/hook: the file cannot be read: it does not exist']
    const text = textOf(page({ lastReload: { outcome: 'refused', source: 'secrets', problems } }))
    expect(text).toContain('The secrets of the new configuration have 1 problem: it was refused')
    expect(text).toContain('./secrets/hook: the file cannot be read')
    expect(text).toMatch(/curfew doctor\s+lists them/)
    expect(text).not.toContain('validate')
  })

  it('escapes everything that others have written', () => {
    const evil = `"><script>alert(1)</script><img src=x onerror='alert(2)'>`
    const hostile = { ...office(evil), match: { users: [], endpoints: undefined, regions: undefined } }
    const html = page({
      version: evil,
      policySetHash: evil,
      endpoints: [
        endpoint({ name: evil, holds: [{ policy: evil, since: null }], region: evil, account: evil, endpointId: evil }),
        blind({ name: evil, because: evil }),
      ],
      policies: [shown(hostile), shown(policy('posture', { require: [evil] }, { name: evil }))],
      unmatched: [{ policy: evil, selector: 'match', entry: evil }],
      lastReload: { outcome: 'refused', source: 'files', problems: [`${evil}:1:1: error: ${evil}`] },
      ongoing: {
        queues: [{ account: evil, region: evil, length: 1, lastAt: NOON }],
        unwritable: new Map([['audit', evil]]),
        missingPermissions: [{ endpoint: { id: evil, name: evil, region: evil, account: evil }, action: evil }],
        clocks: 'apart',
      },
      events: [{ at: NOON, level: 'info', event: evil, text: evil }],
      names: true,
    })
    expect(html).not.toMatch(/<script|<img|onerror='/)
    expect(html.match(/&#60;script&#62;/g)?.length).toBeGreaterThan(15)
  })

  it('folds what is many, the blind endpoints first, and stays bounded', () => {
    const many = Array.from({ length: 200 }, (_, index) =>
      index % 10 === 9 ? blind({ name: `blind-${index}` }) : endpoint({ name: `fine-${index}` }),
    )
    const policies = Array.from({ length: 200 }, (_, index) => shown(office(`hours-${index}`)))
    const html = page({ endpoints: many, policies })
    expect(html.length).toBeLessThan(1_500_000)
    const [table = '', rest = ''] = html.slice(html.indexOf('id="endpoints"')).split('id="more-endpoints"')
    expect(table.match(/blind-\d+/g)).toHaveLength(20)
    expect(table).not.toContain('fine-')
    expect(rest.match(/fine-\d+/g)).toHaveLength(180)
    expect(textOf(html)).toContain('10 more endpoints BLIND')
    expect(html).not.toContain('<details class="policy" open>')
    expect(textOf(html)).toContain('180 more policies')
  })
})

describe('the page of a replica', () => {
  const replica = (status: EngineStatus) =>
    ({ kind: 'postgres', replica: 'curfew-0', status, heads: new Map([['unit-0', { seq: 41, hash: 'b' }]]) }) as const
  const unit = (index: number, state: UnitHolding['state'], holder?: string): UnitHolding => ({
    unit: `unit-${index}`,
    state,
    holder,
    epoch: index + 1,
  })
  const joined = (units: readonly UnitHolding[], different: Partial<Extract<EngineStatus, { state: 'joined' }>> = {}) =>
    replica({ state: 'joined', members: 3, generation: 7, isOld: false, units, ...different })

  it('has no word of replicas where one process serves everything', () => {
    expect(textOf(page())).not.toMatch(/replica/i)
  })

  it.each([
    ['good', 'Enforcing', joined([unit(0, 'held'), unit(1, 'elsewhere', 'curfew-1')]), [endpoint()]],
    ['good', 'Standing by', joined([unit(0, 'elsewhere', 'curfew-1')]), []],
    ['care', 'No endpoints', joined([unit(0, 'held')]), []],
    ['care', 'Enforcing', joined([unit(0, 'held'), unit(1, 'free')]), [endpoint()]],
    ['care', 'Another configuration', joined([unit(0, 'held')], { isOld: true }), [endpoint()]],
    ['care', 'Joining', replica({ state: 'joining', message: undefined }), []],
    ['bad', 'Nothing is ended here', replica({ state: 'away', since: NOON, message: 'refused' }), []],
    ['bad', 'Nothing is ended here', replica({ state: 'refused', why: 'pooler', message: 'no pooler' }), []],
  ] as const)('is %s: %s', (severity, title, engine, endpoints) => {
    expect(headline(page({ engine, audit: undefined, endpoints }))).toEqual([severity, title])
  })

  it('says who holds which unit, those that nobody holds first', () => {
    const units = [
      unit(0, 'held', 'curfew-0'),
      unit(1, 'elsewhere', 'curfew-1'),
      unit(2, 'free', 'curfew-9'),
      unit(3, 'free'),
    ]
    const text = textOf(page({ engine: joined(units), audit: undefined }))
    expect(text).toContain('the replica curfew-0 , one of 3 that are joined, with the configuration of generation 7')
    expect(text).toContain('Of 4 units it holds 1, and others hold 1. Nobody holds 2.')
    const rows = [
      'unit-2 nobody; last curfew-9 3 –',
      'unit-3 nobody 4 –',
      'unit-0 this replica 1 41',
      'unit-1 curfew-1 2 –',
    ]
    const places = rows.map((row) => text.indexOf(row))
    expect(places).not.toContain(-1)
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(text).toContain('2 units that nobody holds unit-2, unit-3: nothing is ended there')
  })

  it('folds hundreds of units, but none that nobody holds', () => {
    const many = Array.from({ length: 300 }, (_, index) =>
      unit(index, index === 250 ? 'free' : 'elsewhere', 'curfew-1'),
    )
    const text = page({ engine: joined(many), audit: undefined })
    const [open = '', folded = ''] = text.split('<summary id="more-units">')
    expect(folded).toMatch(/^288 more units/)
    expect(open).toContain('unit-250')
  })

  it('says since when and why the database cannot be reached, and what an operator must do', () => {
    const away = textOf(page({ engine: replica({ state: 'away', since: NOON - MINUTE, message: 'no route to host' }) }))
    expect(away).toMatch(/Since 11:59:00Z : no route to host\. This replica holds no unit/)
    expect(away).toContain('does not know who holds which')
    const refused = textOf(
      page({ engine: replica({ state: 'refused', why: 'not-migrated', message: 'run "curfew engine migrate"' }) }),
    )
    expect(refused).toContain('run &#34;curfew engine migrate&#34;.')
  })

  it('escapes the names of units and replicas', () => {
    const hostile = joined([{ ...unit(0, 'elsewhere', '<b>mine</b>'), unit: '<i>unit</i>' }])
    const text = page({ engine: { ...hostile, replica: '<u>me</u>' } })
    expect(text).not.toMatch(/<b>mine|<i>unit|<u>me/)
  })
})
