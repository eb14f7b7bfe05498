import { describe, expect, it } from 'vitest'
import { createReplay } from '../../../src/domain/backtest/replay.ts'
import { parseEndpointPattern } from '../../../src/domain/names/endpoint-pattern.ts'
import { createPolicySet } from '../../../src/domain/policies/policy-set.ts'
import { within } from '../../../src/domain/recording/within.ts'
import { HOUR, MINUTE } from '../../../src/domain/time/instant.ts'
import { ENDPOINT, entry, NOON, policy } from '../build.ts'
import { cutsOf, logged, recordingOf, replay, session } from './build.ts'

const users = (...patterns: string[]) => ({
  users: patterns.map((pattern) => entry(pattern)),
  endpoints: undefined,
  regions: undefined,
})
const endpoints = (...patterns: string[]) => ({
  users: undefined,
  endpoints: patterns.map((source) => {
    const parsed = parseEndpointPattern(source)
    if ('problem' in parsed) throw new Error(parsed.problem)
    return { ...parsed, from: undefined, until: undefined, reason: undefined }
  }),
  regions: undefined,
})
const regions = (pattern: string) => ({ users: undefined, endpoints: undefined, regions: [entry(pattern)] })

describe('a replay', () => {
  it('cuts a session at its deadline, and keeps one that ends at that instant', () => {
    const hour = policy('max-session-age', { maxAge: '1h' })
    const late = session({ endedAt: NOON + HOUR + 1 })
    expect(cutsOf(replay([hour], recordingOf([session(), late])))).toEqual([
      [`${late.connectionId} max-session-age session-age`, NOON + HOUR],
    ])
  })

  it('begins a cooldown with a cut, for sessions established later', () => {
    const hour = policy('max-session-age', { maxAge: '1h' }, { cooldownMs: 30 * MINUTE })
    const first = session({ endedAt: NOON + 2 * HOUR })
    const same = session({ establishedAt: NOON + HOUR, endedAt: NOON + HOUR + MINUTE })
    const soon = session({ establishedAt: NOON + HOUR + 1000 })
    const later = session({ establishedAt: NOON + HOUR + 30 * MINUTE })
    expect(cutsOf(replay([hour], recordingOf([first, same, soon, later])))).toEqual([
      [`${first.connectionId} max-session-age session-age`, NOON + HOUR],
      [`${soon.connectionId} max-session-age cooldown`, NOON + HOUR + 1000],
    ])
  })

  it('carries a cooldown into a period from a session that was over before it, which does not count', () => {
    const hour = policy('max-session-age', { maxAge: '1h' }, { cooldownMs: 30 * MINUTE })
    const transfer = policy('max-transfer', { total: '1GB' })
    const first = session({ endedAt: NOON + 70 * MINUTE })
    const second = session({ establishedAt: NOON + 80 * MINUTE })
    for (const from of [first.endedAt, second.establishedAt]) {
      const outcome = replay([hour, transfer], within(recordingOf([first, second]), { from }))
      expect(cutsOf(outcome)).toEqual([[`${second.connectionId} max-session-age cooldown`, second.establishedAt]])
      expect(outcome.outside.map(({ session: { connectionId } }) => connectionId)).toEqual([first.connectionId])
    }
    const before = replay([transfer], within(recordingOf([first, second]), { from: first.endedAt }))
    expect(before.policies.map(({ notJudged }) => [...notJudged.values()])).toEqual([[1]])
  })

  it('counts the sessions of a person that are up together', () => {
    const limit = policy('max-sessions', { limit: 1 })
    const first = session({ endedAt: NOON + 10 * MINUTE })
    const second = session({ establishedAt: NOON + 10 * MINUTE })
    const third = session({ establishedAt: NOON + 20 * MINUTE, username: 'ALICE', commonName: 'other' })
    expect(cutsOf(replay([limit], recordingOf([first, second, third])))).toEqual([
      [`${second.connectionId} max-sessions session-limit`, NOON + 20 * MINUTE],
    ])
  })

  it('pauses within the sessions of one name, which may be thousands', () => {
    const limit = policy('max-sessions', { limit: 1 }, { graceMs: HOUR })
    const shared = Array.from({ length: 100 }, (_, index) =>
      session({ establishedAt: NOON + index * 1000, endedAt: NOON + 3 * HOUR }),
    )
    const { length, advance, outcome } = createReplay(createPolicySet([limit], []), recordingOf(shared), {
      modes: 'all',
      mode: 'enforce',
      locationOf: logged,
    })
    const reached = [0]
    while (reached.at(-1) !== length) reached.push(advance(200))
    expect(reached.length).toBeGreaterThan(40)
    expect(reached).toEqual(reached.toSorted((a, b) => a - b))
    expect(new Set(reached.filter((passed) => passed > shared.length)).size).toBeGreaterThan(20)
    expect(outcome().cuts).toHaveLength(99)
  })

  it('counts over all endpoints where the policy says so', () => {
    const elsewhere = ENDPOINT.replace(/0$/, '1')
    const first = session()
    const second = session({ establishedAt: NOON + MINUTE, endpointId: elsewhere })
    const cutsUnder = (across: string) =>
      cutsOf(replay([policy('max-sessions', { limit: 1, across })], recordingOf([first, second])))
    expect(cutsUnder('endpoint')).toEqual([])
    expect(cutsUnder('all')).toEqual([[`${first.connectionId} max-sessions session-limit`, NOON + MINUTE]])
  })

  it('begins grace when an exemption ends', () => {
    const exempt = { ...users(), users: [entry('alice', { until: NOON + 30 * MINUTE })] }
    const short = policy('max-session-age', { maxAge: '10m' }, { graceMs: 5 * MINUTE, exempt })
    const outcome = replay([short], recordingOf([session()]))
    expect(outcome.cuts.map(({ at }) => at)).toEqual([NOON + 35 * MINUTE])
    expect(outcome.policies[0]?.exempted).toBe(1)
  })

  it('counts exemptions and protected users only where the policy would have ended the session', () => {
    const short = policy('max-session-age', { maxAge: '10m' }, { exempt: users('bob') })
    const sessions = [
      session(),
      session({ username: 'bob' }),
      session({ username: 'bob', endedAt: NOON + MINUTE }),
      session({ username: 'root' }),
    ]
    const outcome = replay(createPolicySet([short], [entry('root')]), recordingOf(sessions))
    expect(outcome.cuts.map((cut) => cut.session.username)).toEqual(['alice'])
    expect(outcome.policies[0]?.exempted).toBe(2)
  })

  it('does not judge what the log cannot tell', () => {
    const policies = [
      policy('idle-timeout', { after: '30m' }),
      policy('max-transfer', { total: '1MiB' }),
      policy('posture', { require: ['healthy'] }),
      policy('max-session-age', { maxAge: '1m' }, { name: 'here', match: regions('eu-*') }),
      policy('max-session-age', { maxAge: '1m' }, { name: 'office', match: endpoints('office') }),
      policy('max-session-age', { maxAge: '1m' }, { name: 'tagged', match: endpoints('office', 'tag:env=prod') }),
    ]
    const recording = recordingOf([
      session({ endedAt: NOON + 30 * MINUTE, ingressBytes: 1024, egressBytes: 1024 }),
      session({ ingressBytes: 1024, egressBytes: 1 << 20, posture: ['healthy'] }),
      session(),
    ])
    const outcome = replay(policies, recording)
    expect(outcome.cuts).toEqual([])
    expect(outcome.policies.map(({ notJudged }) => [...notJudged])).toEqual([
      [['byte counters before its end', 2]],
      [['byte counters before its end', 2]],
      [['posture statuses', 2]],
      [['the Region of its endpoint', 3]],
      [['the name of its endpoint', 3]],
      [['the tags of its endpoint', 3]],
    ])
  })

  it('counts as not judged only what a policy might have ended in the period', () => {
    const idle = (different: Parameters<typeof policy>[2]) => policy('idle-timeout', { after: '30m' }, different)
    const notJudged = (different: Parameters<typeof policy>[2], period: { from?: number; to?: number } = {}) => {
      const { policies } = replay([idle(different)], recordingOf([session()], period), { modes: 'as-written' })
      return policies[0]?.notJudged.get('byte counters before its end') ?? 0
    }
    expect(notJudged({})).toBe(1)
    expect(notJudged({ mode: 'audit' })).toBe(0)
    expect(notJudged({ until: NOON + 30 * MINUTE })).toBe(0)
    expect(notJudged({ until: NOON + 40 * MINUTE })).toBe(1)
    expect(notJudged({ until: NOON + 40 * MINUTE }, { from: NOON + 40 * MINUTE })).toBe(0)
    expect(notJudged({}, { to: NOON + 30 * MINUTE })).toBe(0)
    expect(notJudged({ from: NOON + 50 * MINUTE }, { to: NOON + 45 * MINUTE })).toBe(0)
  })

  it('counts as not judged a session that begins with the period, and that another policy ends at once', () => {
    const policies = [policy('posture', { require: ['healthy'] }), policy('banned-users', { users: ['alice'] })]
    const notJudged = (from: number) =>
      replay(policies, recordingOf([session()], { from })).policies[0]?.notJudged.get('posture statuses')
    expect(notJudged(NOON)).toBe(1)
    expect(notJudged(NOON + 1)).toBeUndefined()
  })

  it('lets audit policies act, unless modes count as written', () => {
    const audit = policy('max-session-age', { maxAge: '10m' }, { mode: 'audit' })
    const recording = recordingOf([session()])
    expect(replay([audit], recording).cuts.map((cut) => cut.policy)).toEqual([audit])
    expect(replay([audit], recording, { modes: 'as-written' }).cuts).toEqual([])
  })

  it('counts only cuts within the period, and has the others beside them', () => {
    const short = policy('max-session-age', { maxAge: '10m' })
    const sessions = [session(), session({ establishedAt: NOON + 20 * MINUTE })]
    const instantsIn = (period: { from?: number; to?: number }) => {
      const { cuts, outside } = replay([short], recordingOf(sessions, period))
      return { cuts: cuts.map(({ at }) => at), outside: outside.map(({ at }) => at) }
    }
    const [first, second] = [NOON + 10 * MINUTE, NOON + 30 * MINUTE]
    expect(instantsIn({ from: first, to: second })).toEqual({ cuts: [first], outside: [second] })
    expect(instantsIn({ from: first + 1 })).toEqual({ cuts: [second], outside: [first] })
  })
})
