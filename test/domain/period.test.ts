import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { History, Policy } from '../../src/domain/policies/policy.ts'
import { POLICY_KINDS } from '../../src/domain/policies/registry.ts'
import { DAY, HOUR, type Instant, MINUTE, NEVER } from '../../src/domain/time/instant.ts'
import { isLocalTime, parseTimeIn, textIn } from '../../src/domain/time/local-time.ts'
import { intersection, nextEdge, periodAt, union } from '../../src/domain/time/period.ts'
import { connection, judged, NOON, policy } from './build.ts'
import { createEndpoint } from './endpoint.ts'

const from = NOON
const until = NOON + 2 * HOUR

/** One policy of each kind, and facts by which it has been violated since long before noon. */
const KEYS: Readonly<Record<string, Record<string, unknown>>> = {
  'banned-users': { users: ['alice'] },
  posture: { deny: ['lost'] },
  'max-sessions': { limit: 1 },
  'max-transfer': { total: '1KiB' },
  'max-session-age': { maxAge: '1h' },
  'idle-timeout': { after: '1h' },
  'off-hours': { timeZone: 'UTC', denied: [{}] },
}
const violating = connection({ establishedAt: NOON - DAY, egressBytes: 2048, posture: ['lost'] })
const HISTORY: Partial<History> = {
  note: () => ({ at: NOON - 5 * HOUR, bytes: 2048 }),
  countersMovedAt: () => NEVER,
}
const freeze = (different: Partial<Policy> = {}) =>
  policy('off-hours', { timeZone: 'Europe/Berlin', denied: [{}] }, { name: 'freeze', from, until, ...different })

describe('a policy with `from` and `until`', () => {
  it('is tested in every kind', () => {
    expect(Object.keys(KEYS).sort()).toEqual(POLICY_KINDS.map(({ kind }) => kind).sort())
  })

  it.each(Object.keys(KEYS).filter((kind) => kind !== 'max-sessions'))(
    'of kind %s is violated from the millisecond of `from` until before that of `until`, and never since earlier',
    (kind) => {
      const tested = policy(kind, KEYS[kind] ?? {}, { from, until })
      const at = (now: Instant) => judged(tested, violating, now, HISTORY)
      expect(at(from - 1)).toMatchObject({
        word: 'fine',
        nextAt: from,
        why: 'not in force before 2026-11-23T12:00:00Z',
      })
      expect(at(from)).toMatchObject({ word: 'violated', since: from, deadline: from, nextAt: until })
      expect(at(until - 1)).toMatchObject({ word: 'violated', since: from, nextAt: until })
      expect(at(until)).toMatchObject({ word: 'fine', nextAt: NEVER, why: 'over since 2026-11-23T14:00:00Z' })
      const later = policy(kind, KEYS[kind] ?? {}, { from: NOON - 10 * DAY })
      expect(judged(later, violating, NOON, HISTORY).since).toBeGreaterThan(NOON - 2 * DAY)
    },
  )

  it('counts connections only while it is in force, which are surplus no earlier than that', () => {
    const rows = [violating, connection({ establishedAt: NOON - HOUR })]
    const endpoint = createEndpoint([policy('max-sessions', { limit: 1 }, { from, until })])
    const first = endpoint.see(rows, from - 1)
    expect(first.plan.terminate).toEqual([])
    expect(first.outlook.verdictsChangeAt).toBe(from)
    const surplus = endpoint.see(rows, from)
    expect(surplus.plan.terminate.map(({ connection: { id }, lead }) => [id, lead.since])).toEqual([
      [violating.id, from],
    ])
    expect(surplus.outlook.verdictsChangeAt).toBe(until)
    expect(endpoint.see(rows, until - 1).plan.terminate).toHaveLength(1)
    expect(endpoint.see(rows, until).plan.terminate).toEqual([])
  })

  it('gives grace from its `from` on, and none to a connection that is established later', () => {
    const tested = freeze({ graceMs: 5 * MINUTE })
    expect(judged(tested, violating, from)).toMatchObject({ since: from, deadline: from + 5 * MINUTE })
    const reconnected = connection({ establishedAt: from + 1 })
    expect(judged(tested, reconnected, from + 1)).toMatchObject({ since: from + 1, deadline: from + 1 })
  })

  it('lets its cooldown end with it', () => {
    const tested = policy('max-session-age', { maxAge: '8h' }, { until, cooldownMs: DAY })
    const reconnected = connection({ establishedAt: NOON })
    const at = (now: Instant) => judged(tested, reconnected, now, { terminatedAt: () => NOON - 1 })
    expect(at(until - 1)).toMatchObject({ word: 'violated', reason: 'cooldown', nextAt: until })
    expect(at(until)).toMatchObject({ word: 'fine', nextAt: NEVER })
  })

  it('warns of the end that its `from` brings', () => {
    const endpoint = createEndpoint([freeze({ warn: [15 * MINUTE] })])
    const early = endpoint.see([violating], from - HOUR)
    expect(early.decisions?.foreseen).toEqual([])
    expect(early.outlook.verdictsChangeAt).toBe(from - 15 * MINUTE)
    expect(endpoint.judge(from - 15 * MINUTE).decisions?.foreseen).toMatchObject([
      { endsAt: from, leadMs: 15 * MINUTE },
    ])
  })

  it('needs no fact while it is not in force', () => {
    const nameless = connection({ username: undefined, commonName: undefined, establishedAt: undefined })
    const ban = policy('banned-users', { users: ['alice'] }, { from, until })
    expect(judged(ban, nameless, from - 1).word).toBe('fine')
    expect(judged(ban, nameless, from)).toMatchObject({ word: 'unknown', nextAt: until })
  })

  it('is explained in its zone', () => {
    const tested = freeze({ timeZone: 'Europe/Berlin' })
    expect(judged(tested, violating, from - 1).why).toBe('not in force before 2026-11-23T13:00+01:00')
    expect(judged(tested, violating, until).why).toBe('over since 2026-11-23T15:00+01:00')
  })
})

describe('a local time', () => {
  it.each([
    ['2026-12-24 18:00', 'Europe/Berlin', '2026-12-24T17:00:00.000Z'],
    ['2026-12-24T18:00:30', 'Europe/Berlin', '2026-12-24T17:00:30.000Z'],
    ['2026-07-24 18:00', 'America/New_York', '2026-07-24T22:00:00.000Z'],
    // In a gap the later instant, in an overlap the earlier one.
    ['2026-03-29 02:30', 'Europe/Berlin', '2026-03-29T01:30:00.000Z'],
    ['2026-10-25 02:30', 'Europe/Berlin', '2026-10-25T00:30:00.000Z'],
    // An instant needs no zone.
    ['2026-12-24T18:00:00Z', 'Europe/Berlin', '2026-12-24T18:00:00.000Z'],
    ['2026-12-24T18:00:00-05:00', undefined, '2026-12-24T23:00:00.000Z'],
  ])('%s in %s is %s', (text, zone, iso) => {
    expect(parseTimeIn(text, zone)).toEqual({ at: Date.parse(iso) })
  })

  it.each(['2026-02-30 18:00', '2026-12-24 24:00', '2026-12-24', '2026-12-24 18:00Z', '24.12.2026 18:00'])(
    'is not %s',
    (text) => {
      expect(parseTimeIn(text, 'Europe/Berlin')).toHaveProperty('problem')
    },
  )

  it('without a zone is refused with corrections that are accepted', () => {
    const parsed = parseTimeIn('2026-12-24 18:00', undefined)
    if (!('problem' in parsed)) throw new Error('accepted')
    expect(parsed.problem).toContain('timeZone')
    const [own = '', ...offered] = parsed.problem.match(/\d{4}-[^\s",]+(?: \d\d:\d\d(?="))?/g) ?? []
    expect(isLocalTime(own)).toBe(true)
    expect(offered.map((text) => 'at' in parseTimeIn(text, undefined))).toEqual([true, true])
  })

  it('is read back from the text of an instant', () => {
    const zone = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Pacific/Apia', 'UTC')
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e9 }), zone, (second, place) => {
        expect(parseTimeIn(textIn(second * 1000, place), undefined)).toEqual({ at: second * 1000 })
      }),
    )
  })
})

describe('periods', () => {
  const HOURS = 12
  const period = fc
    .tuple(fc.integer({ min: 0, max: HOURS }), fc.integer({ min: 0, max: HOURS }))
    .map(([begin, end]) => ({ from: begin, until: end }))
  const periods = fc.array(period, { maxLength: 4 })
  const instants = Array.from({ length: HOURS + 2 }, (_, at) => at - 1)

  it('contain the instants that the written ones contain, together or each', () => {
    fc.assert(
      fc.property(periods, periods, (some, others) => {
        const isIn = (all: typeof some, at: Instant) => all.some((one) => one.from <= at && at < one.until)
        const [a, b] = [union(some), union(others)]
        for (const at of instants) {
          expect(periodAt(a, at) !== undefined).toBe(isIn(some, at))
          expect(periodAt(intersection(a, b), at) !== undefined).toBe(isIn(some, at) && isIn(others, at))
          const next = instants.find((later) => later > at && isIn(some, later) !== isIn(some, at))
          expect(nextEdge(a, at)).toBe(next ?? NEVER)
        }
      }),
    )
  })
})
