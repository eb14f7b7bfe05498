import { describe, expect, it } from 'vitest'
import { caveatsOf } from '../../../src/domain/backtest/caveats.ts'
import type { Outcome } from '../../../src/domain/backtest/outcome.ts'
import { type Summary, summaryOf } from '../../../src/domain/backtest/summary.ts'
import { verdictSentence } from '../../../src/domain/backtest/verdict-sentence.ts'
import type { Policy } from '../../../src/domain/policies/policy.ts'
import type { RecordedSession } from '../../../src/domain/recording/recorded-session.ts'
import { HOUR, MINUTE, SECOND } from '../../../src/domain/time/instant.ts'
import { NOON, policy } from '../build.ts'
import { cut, NO_LINES, outcome, recording, session, WHOLE } from './recorded.ts'

const daily = policy('max-session-age', { maxAge: '1h' }, { name: 'daily', cooldownMs: HOUR })
const office = policy(
  'off-hours',
  { timeZone: 'Europe/Berlin', allowed: [{ days: 'mon-fri', hours: '08:00-18:00' }] },
  { name: 'office' },
)

const summary = (sessions: readonly RecordedSession[], found: Outcome, budgetOf = (): string => 'one') =>
  summaryOf({
    recording: recording(sessions),
    outcome: found,
    scope: WHOLE,
    lines: NO_LINES,
    rate: { burst: 2, perSecond: 4 },
    budgetOf,
  })

describe('the summary of a backtest', () => {
  it('counts sessions, people in any spelling, and the hours that the ends would have saved', () => {
    const [first, again, bob, device, nobody] = [
      session(),
      session({ username: 'ALICE' }),
      session({ username: 'bob', endedAt: NOON + 90 * MINUTE }),
      session({ username: undefined, commonName: 'alice' }),
      session({ username: undefined, commonName: undefined }),
    ]
    const cuts = [
      cut(first, NOON + HOUR, daily),
      cut(again, NOON + HOUR, daily, { reason: 'cooldown' }),
      cut(bob, NOON + HOUR, office),
      cut(nobody, NOON + HOUR, office),
    ]
    const found = summary([first, again, bob, device, nobody], outcome([daily, office], cuts))
    expect(found).toMatchObject({ sessions: 5, principals: 3, connectionHours: 9.5 })
    expect(found.ended).toMatchObject({ sessions: 4, principals: 2, hoursSaved: 3.5 })
    expect(found.ended.byPolicy).toEqual([
      {
        policy: 'daily',
        kind: 'max-session-age',
        sessions: 2,
        principals: 1,
        hoursSaved: 2,
        exemptions: 0,
        notJudged: 0,
      },
      { policy: 'office', kind: 'off-hours', sessions: 2, principals: 1, hoursSaved: 1.5, exemptions: 0, notJudged: 0 },
    ])
    expect(found.ended.byReason).toMatchObject({ 'session-age': 1, cooldown: 1, 'off-hours': 2, banned: 0 })
    expect(found.mostEnded).toEqual([
      // As the newest session spells it.
      { username: 'ALICE', commonName: null, sessions: 2, hoursSaved: 2 },
      { username: 'bob', commonName: null, sessions: 1, hoursSaved: 0.5 },
    ])
    expect(verdictSentence(found)).toBe(
      'Between 2026-11-23T12:00:00Z and 2026-11-24T12:00:00Z, these policies would have ended 4 of 5 sessions and disconnected 2 of 3 people.',
    )
  })

  it('counts the sessions that the recording does not have as a whole', () => {
    const sessions = [
      session({ begin: 'before' }),
      session({ begin: 'before', end: 'open' }),
      session({ end: 'last-update' }),
      session(),
    ]
    expect(summary(sessions, outcome([daily])).edges).toEqual({ begunBefore: 2, endNotRecorded: 1, openAtEnd: 1 })
  })

  it('warns of lines that were not understood and of a period that the recording does not cover', () => {
    const whole = summary([session()], outcome([daily]))
    const warned = (different: Partial<Summary>) => caveatsOf({ ...whole, ...different })
    const lines = (read: number, failed: number) => ({ ...NO_LINES, read, understood: read - failed, failed })
    expect(warned({ lines: lines(1000, 99) })).toEqual([])
    expect(warned({ lines: lines(1000, 100) })).toEqual([
      'Caution: 100 of 1,000 lines were not understood, so sessions may be missing.',
    ])
    const recorded = (from: string, to: string) => ({ recorded: { from: `${from}.000Z`, to: `${to}.000Z` } })
    expect(warned(recorded('2026-11-24T12:00:00', '2026-11-23T12:00:00'))).toEqual([])
    expect(warned(recorded('2026-11-24T12:00:01', '2026-11-23T11:59:59'))).toEqual([
      'Caution: the period begins at 2026-11-23T12:00:00Z, but the recording only at 2026-11-24T12:00:01Z.',
      'Caution: the period ends at 2026-11-24T12:00:00Z, but the recording already at 2026-11-23T11:59:59Z.',
    ])
  })

  it('finds the busiest minute, the first of two, and how long its calls take at the rate of each budget', () => {
    const sessions = Array.from({ length: 20 }, (_, index) => session({ endpointId: index < 12 ? 'a' : 'b' }))
    // Six in the first minute, seven in the second and again seven in the third: 7 on one budget, or 3 and 4 on two.
    const minutes = [6, 7, 7].flatMap((count, index) =>
      Array.from({ length: count }, () => NOON + index * MINUTE + 59 * SECOND),
    )
    const cuts = sessions.map((one, index) => cut(one, minutes[index] ?? 0, daily))
    const found = outcome([daily], cuts)
    expect(summary(sessions, found).busiestMinute).toEqual({
      at: '2026-11-23T12:01:00.000Z',
      terminations: 7,
      etaSeconds: 5 / 4,
    })
    const ofTwo = summary(sessions, found, (endpointId?: string) => String(endpointId)).busiestMinute
    expect(ofTwo?.etaSeconds).toBe(1)
    expect(summary(sessions, outcome([daily])).busiestMinute).toBeNull()
  })

  it('says nothing of people where the sessions are of nobody', () => {
    const nobody = session({ username: undefined, commonName: undefined })
    const found = summary([nobody], outcome([daily], [cut(nobody, NOON + MINUTE, daily)]))
    expect(verdictSentence(found)).toContain('would have ended 1 of 1 session.')
    expect(verdictSentence(summary([nobody], outcome([daily], [])))).toContain('ended none of 1 session.')
  })

  it('counts an end after which the person begins another session there within five minutes', () => {
    const elsewhere = session({ endpointId: 'cvpn-endpoint-other', establishedAt: NOON + HOUR + MINUTE })
    const ended = session()
    const returns = (establishedAt: number) =>
      summary(
        [ended, elsewhere, session({ username: 'Alice', establishedAt })],
        outcome([daily], [cut(ended, NOON + HOUR, daily)]),
      ).returned
    expect(returns(NOON + HOUR)).toBe(0)
    expect(returns(NOON + HOUR + SECOND)).toBe(1)
    expect(returns(NOON + HOUR + 5 * MINUTE)).toBe(1)
    expect(returns(NOON + HOUR + 5 * MINUTE + SECOND)).toBe(0)
  })

  it('counts the ends by hour of the week, in the zone that most policies name', () => {
    const one = session()
    const { byHourOfWeek } = summary([one], outcome([daily, office], [cut(one, NOON + HOUR, daily)]))
    expect(byHourOfWeek.timeZone).toBe('Europe/Berlin')
    expect(byHourOfWeek.ended).toHaveLength(168)
    // Monday 13:00 UTC is 14:00 in Berlin, in winter.
    expect(byHourOfWeek.ended.flatMap((count, hour) => (count > 0 ? [hour] : []))).toEqual([14])
    const zoneOf = (...policies: readonly Policy[]) => summary([one], outcome(policies)).byHourOfWeek.timeZone
    expect(zoneOf(daily)).toBe('UTC')
    const tokyo = policy('off-hours', { timeZone: 'Asia/Tokyo', allowed: [{ hours: '08:00-18:00' }] })
    expect(zoneOf(office, tokyo)).toBe('Europe/Berlin')
    expect(zoneOf(office, tokyo, tokyo)).toBe('Asia/Tokyo')
  })

  it('says what could not be judged, and why', () => {
    const [judged] = outcome([daily]).policies
    if (judged === undefined) throw new Error('no policy')
    const found = summary([session()], {
      cuts: [],
      outside: [],
      policies: [
        {
          ...judged,
          exempted: 3,
          notJudged: new Map([
            ['a user name', 4],
            ['tags of the endpoint', 1],
          ]),
        },
      ],
    })
    expect(found.ended.byPolicy).toMatchObject([{ exemptions: 3, notJudged: 5 }])
    expect(found.notJudged).toEqual([
      { policy: 'daily', sessions: 4, because: 'the session lacks a user name' },
      { policy: 'daily', sessions: 1, because: 'the session lacks tags of the endpoint' },
    ])
    expect(verdictSentence(found)).toContain('would have ended none of 1 session of 1 person.')
  })
})
