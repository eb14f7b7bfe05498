import { describe, expect, it } from 'vitest'
import { createDoor } from '../../../src/domain/door/door.ts'
import type { DoorRules } from '../../../src/domain/door/door-rules.ts'
import { requestOf } from '../../../src/domain/door/request.ts'
import { parseEndpointPattern } from '../../../src/domain/names/endpoint-pattern.ts'
import type { Policy, Selector } from '../../../src/domain/policies/policy.ts'
import { HOUR, type Instant, MINUTE, NEVER, toIso } from '../../../src/domain/time/instant.ts'
import { entry, NOON, policy } from '../build.ts'
import { doorRules } from './door-rules.ts'
import { judged } from './judged.ts'
import { request } from './requests.ts'

const at = (text: string): Instant => Date.parse(`2026-11-23T${text}Z`)

/** Whether the door lets alice in, and until when not. */
const decided = (
  policies: readonly Policy[],
  now: Instant,
  { event = {}, ...rules }: Partial<DoorRules> & { readonly event?: Record<string, unknown> } = {},
) => {
  const decision = judged(createDoor(doorRules(policies, rules)).decide(requestOf(request(event)), 'eu-central-1', now))
  return decision.act === 'allow'
    ? 'allow'
    : `${decision.act} by ${decision.lead.policy.name} until ${toIso(decision.until)}`
}

const office = policy('off-hours', { timeZone: 'UTC', allowed: [{ hours: '07:30-18:30' }] }, { name: 'office' })
const ban = (until?: Instant) =>
  policy('banned-users', { users: [{ pattern: 'alice', until: until && toIso(until) }] }, { name: 'ban' })

describe('the door', () => {
  it('denies from the first to the last millisecond outside the hours', () => {
    expect(decided([office], at('07:29:59.999'))).toBe('deny by office until 2026-11-23T07:30:00.000Z')
    expect(decided([office], at('07:30:00.000'))).toBe('allow')
    expect(decided([office], at('18:29:59.999'))).toBe('allow')
    expect(decided([office], at('18:30:00.000'))).toBe('deny by office until 2026-11-24T07:30:00.000Z')
  })

  it('denies whom a ban names, for as long as the ban lasts', () => {
    const banned = policy('banned-users', {
      users: [{ pattern: 'alice', from: toIso(at('10:00')), until: toIso(at('11:00')) }],
    })
    expect(decided([banned], at('09:59:59.999'))).toBe('allow')
    expect(decided([banned], at('10:00'))).toBe('deny by banned-users until 2026-11-23T11:00:00.000Z')
    expect(decided([banned], at('10:59:59.999'))).toBe('deny by banned-users until 2026-11-23T11:00:00.000Z')
    expect(decided([banned], at('11:00'))).toBe('allow')
    expect(decided([ban()], NOON)).toBe('deny by ban until null')
  })

  it('promises no opening that another policy denies', () => {
    const morning = policy('off-hours', { timeZone: 'UTC', denied: [{ hours: '09:00-12:00' }] }, { name: 'morning' })
    expect(decided([ban(at('10:00')), morning], at('09:30'))).toBe('deny by ban until 2026-11-23T12:00:00.000Z')
    // The morning begins after the ban has begun, and before it ends.
    expect(decided([ban(at('10:00')), morning], at('08:00'))).toBe('deny by ban until 2026-11-23T12:00:00.000Z')
    expect(decided([ban(at('18:45')), office], at('18:00'))).toBe('deny by ban until 2026-11-24T07:30:00.000Z')
    expect(decided([ban(at('09:00')), morning], at('08:00'))).toBe('deny by ban until 2026-11-23T12:00:00.000Z')
    // Grace is for a connection from before the morning, not for one that is made when the ban ends.
    const graceful = { ...morning, graceMs: 3 * HOUR }
    expect(decided([ban(at('10:00')), graceful], at('08:00'))).toBe('deny by ban until 2026-11-23T12:00:00.000Z')
  })

  it('waits only for policies that act', () => {
    const audited = { ...ban(), mode: 'audit' as const }
    expect(decided([audited], NOON)).toBe('audit by ban until null')
    expect(decided([audited, office], at('20:00'))).toBe('deny by office until 2026-11-24T07:30:00.000Z')
    expect(decided([ban(at('20:00'))], NOON, { mode: 'audit' })).toBe('audit by ban until 2026-11-23T20:00:00.000Z')
  })

  it('lets in whoever is protected, exempt or not matched', () => {
    expect(decided([ban()], NOON, { protect: [entry('alice')] })).toBe('allow')
    const exempt = { users: [entry('alice', { until: at('12:30') })], endpoints: undefined, regions: undefined }
    expect(decided([{ ...office, exempt }], at('20:00'))).toBe('deny by office until 2026-11-24T07:30:00.000Z')
    expect(decided([{ ...ban(), exempt }], at('12:29:59.999'))).toBe('allow')
    expect(decided([{ ...ban(), exempt }], at('12:30'))).toBe('deny by ban until null')
  })

  it('lets in where a fact is missing', () => {
    const cut = { username: 'a'.repeat(255) }
    expect(
      decided(
        [{ ...office, exempt: { users: [entry('bob')], endpoints: undefined, regions: undefined } }],
        at('20:00'),
        { event: cut },
      ),
    ).toBe('allow')
    expect(decided([policy('posture', { require: ['compliant'] })], NOON)).toBe('allow')
  })

  it('judges no request without an endpoint, since nobody knows which policies apply', () => {
    const { decide } = createDoor(doorRules([ban()]))
    const { 'endpoint-id': endpointId, ...renamed } = request()
    for (const event of [null, 5, {}, [], { ...renamed, 'endpoint-arn': endpointId }, request({ 'endpoint-id': 7 })]) {
      expect(decide(requestOf(event), 'eu-central-1', NOON)).toEqual({
        act: 'on-error',
        error: expect.stringContaining('"endpoint-id"') as unknown,
      })
    }
  })

  it('judges a request with neither name by the policies that name nobody', () => {
    const event = { username: '', 'common-name': '' }
    expect(decided([ban(), office], at('20:00'), { event })).toBe('deny by office until 2026-11-24T07:30:00.000Z')
    expect(decided([ban(), office], NOON, { event })).toBe('allow')
  })

  it('tells which policies are unknown because the request lacks a fact, unless it is denied', () => {
    const unknown = (different: Record<string, unknown>, now = NOON) => {
      const selected = (name: string, match: Partial<Selector>) => ({
        ...office,
        name,
        match: { users: undefined, endpoints: undefined, regions: undefined, ...match },
      })
      const tagged = parseEndpointPattern('tag:env=prod')
      if ('problem' in tagged) throw new Error(tagged.problem)
      const policies = [
        ban(),
        { ...office, from: at('19:00'), name: 'nights' },
        selected('new-clients', {
          door: {
            idpGroups: undefined,
            platform: undefined,
            publicIp: undefined,
            clientVersion: [{ ...entry('5.*'), pattern: { source: '5.*', text: '5.*', exact: false } }],
          },
        }),
        // No request tells these facts, whoever connects.
        selected('tags', { endpoints: [{ ...entry('x'), pattern: tagged.pattern }] }),
        selected('named', { endpoints: [entry('office')] }),
        policy('posture', { require: ['managed'] }),
      ]
      return judged(createDoor(doorRules(policies)).decide(requestOf(request(different)), 'eu-central-1', now)).unknown
    }
    expect(unknown({ username: 'bob', 'common-name': 'bob' })).toEqual([])
    expect(unknown({ username: 'b'.repeat(255) })).toEqual([{ policy: 'ban', lacks: 'a name' }])
    expect(unknown({ username: '', 'common-name': '', 'aws-client-version': undefined })).toEqual([
      { policy: 'ban', lacks: 'a name' },
      { policy: 'new-clients', lacks: 'the fact door.clientVersion' },
    ])
    expect(unknown({ username: '', 'common-name': '' }, at('20:00'))).toEqual([])
  })

  it('lets in whoever is in grace', () => {
    const posture = [{ status: 'quarantined', match: undefined }]
    const strict = policy('posture', { deny: ['quarantined'] })
    expect(decided([strict], NOON, { posture })).toBe('deny by posture until null')
    expect(decided([{ ...strict, graceMs: MINUTE }], NOON, { posture })).toBe('allow')
  })

  it('leaves to the daemon what rests on history', () => {
    const { decide } = createDoor(doorRules([policy('max-session-age', { maxAge: '1h' }), office]))
    const { verdicts } = judged(decide(requestOf(request()), undefined, NOON))
    expect(verdicts.map((verdict) => verdict.policy.name)).toEqual(['office'])
  })

  it('gives the posture statuses whose match selects the connection', () => {
    const match = (pattern: string) => ({ users: [entry(pattern)], endpoints: undefined, regions: undefined })
    const { decide } = createDoor(
      doorRules([], {
        posture: [
          { status: 'managed', match: match('al*') },
          { status: 'foreign', match: match('ext-*') },
          { status: 'checked', match: undefined },
        ],
      }),
    )
    expect(judged(decide(requestOf(request()), undefined, NOON)).postureStatuses).toEqual(['managed', 'checked'])
  })

  it('gives the posture statuses by the facts of the request', () => {
    const onPlatform = (pattern: string) => ({
      users: undefined,
      endpoints: undefined,
      regions: undefined,
      door: { idpGroups: undefined, platform: [entry(pattern)], publicIp: undefined, clientVersion: undefined },
    })
    const { decide } = createDoor(
      doorRules([], {
        posture: [
          { status: 'windows', match: onPlatform('win*') },
          { status: 'apple', match: onPlatform('mac*') },
        ],
      }),
    )
    const statuses = (platform: string | undefined) =>
      judged(decide(requestOf(request({ platform })), undefined, NOON)).postureStatuses
    expect([statuses('win'), statuses('mac'), statuses(undefined)]).toEqual([['windows'], ['apple'], []])
  })

  it('promises no opening at which another status would deny', () => {
    const match = (different: { from?: Instant; until?: Instant }) => ({
      users: [entry('alice', different)],
      endpoints: undefined,
      regions: undefined,
    })
    const strict = policy('posture', { deny: ['old'] }, { name: 'strict' })
    const old = (different: { from?: Instant; until?: Instant }) => ({
      posture: [{ status: 'old', match: match(different) }],
    })
    expect(decided([strict], NOON, old({ until: at('13:00') }))).toBe('deny by strict until 2026-11-23T13:00:00.000Z')
    expect(decided([ban(at('13:00')), strict], NOON, old({ from: at('12:30') }))).toBe('deny by ban until null')
    expect(decided([ban(at('13:00')), strict], NOON, old({ from: at('12:30'), until: at('13:30') }))).toBe(
      'deny by ban until 2026-11-23T13:30:00.000Z',
    )
  })

  it('keeps out whoever lacks a required status, if a rule gives everybody another one', () => {
    const selected = { users: [entry('al*')], endpoints: undefined, regions: undefined }
    const managed = { status: 'managed', match: selected }
    const checked = { status: 'checked', match: undefined }
    const devices = policy('posture', { require: ['managed'] })
    const bob = { event: { username: 'bob', 'common-name': 'bob' } }
    expect(decided([devices], NOON, { posture: [managed, checked] })).toBe('allow')
    expect(decided([devices], NOON, { posture: [managed, checked], ...bob })).toBe('deny by posture until null')
    expect(decided([devices], NOON, { posture: [managed], ...bob })).toBe('allow')
    // Nobody knows whether the first rule selects somebody without a name.
    const cut = { event: { username: 'b'.repeat(255) } }
    expect(decided([devices], NOON, { posture: [managed, checked], ...cut })).toBe('allow')
  })

  it('does not search for an opening without an end', () => {
    const even = policy('off-hours', { timeZone: 'UTC', denied: [{ hours: '00:00-12:00' }] }, { name: 'even' })
    const odd = policy('off-hours', { timeZone: 'UTC', denied: [{ hours: '12:00-24:00' }] }, { name: 'odd' })
    const decision = createDoor(doorRules([even, odd])).decide(requestOf(request()), undefined, NOON)
    expect(decision).toMatchObject({ act: 'deny', until: NEVER })
  })
})
