import { describe, expect, it } from 'vitest'
import type { ExtensionRequest } from '../../src/domain/judge/extension-offer.ts'
import type { Policy } from '../../src/domain/policies/policy.ts'
import { HOUR, type Instant, MINUTE, NEVER } from '../../src/domain/time/instant.ts'
import { connection, NOON, policy } from './build.ts'
import { createEndpoint } from './endpoint.ts'

const WARN = [15 * MINUTE, 5 * MINUTE]
const daily = (different: Partial<Policy> = {}) =>
  policy(
    'max-session-age',
    { maxAge: '8h' },
    { name: 'daily', warn: WARN, extend: { byMs: HOUR, times: 1 }, ...different },
  )
const ban = policy('banned-users', { users: ['alice'] }, { name: 'ban' })

/** A connection that daily ends ten minutes after noon. */
const ENDS_AT = NOON + 10 * MINUTE
const ending = () => connection({ establishedAt: ENDS_AT - 8 * HOUR })
const first = (connectionId: string, different: Partial<ExtensionRequest> = {}): ExtensionRequest => ({
  connectionId,
  policy: 'daily',
  ordinal: 1,
  endsAt: ENDS_AT,
  ...different,
})

const seen = (policies: readonly Policy[], options: Parameters<typeof createEndpoint>[1] = {}) => {
  const one = ending()
  const endpoint = createEndpoint(policies, options)
  endpoint.see([one], NOON)
  return {
    one,
    endpoint,
    ask: (now: Instant, different?: Partial<ExtensionRequest>) => endpoint.offer(first(one.id, different), now),
  }
}

const acts = (judgement: ReturnType<ReturnType<typeof createEndpoint>['judge']>) =>
  judgement.decisions?.violating.map(({ act }) => act)

describe('an extension', () => {
  it('is offered before the end, and moves it', () => {
    const { one, endpoint, ask } = seen([daily()])
    expect(ask(ENDS_AT - 1)).toMatchObject({
      state: 'open',
      endsAt: ENDS_AT,
      extension: { granted: 1, until: ENDS_AT + HOUR },
      left: 0,
      endsOtherwiseAt: NEVER,
      violation: { connectionId: one.id, policy: 'daily', deadline: ENDS_AT },
    })
    endpoint.extend(first(one.id), NOON)
    const atTheOldEnd = endpoint.judge(ENDS_AT)
    expect(acts(atTheOldEnd)).toEqual(['keep'])
    expect(atTheOldEnd.outlook.verdictsChangeAt).toBe(ENDS_AT + HOUR - 15 * MINUTE)
    expect(acts(endpoint.judge(ENDS_AT + HOUR - 1))).toEqual(['keep'])
    expect(acts(endpoint.judge(ENDS_AT + HOUR))).toEqual(['terminate'])
  })

  it('is told wherever the verdict is', () => {
    const { one, endpoint } = seen([daily()])
    endpoint.extend(first(one.id), NOON)
    const [decision] = endpoint.judge(ENDS_AT + HOUR).decisions?.violating ?? []
    expect(decision?.violated[0]).toMatchObject({ extendedFrom: ENDS_AT, deadline: ENDS_AT + HOUR, since: ENDS_AT })
    const [warning] = endpoint.judge(ENDS_AT + 50 * MINUTE).news
    expect(warning).toMatchObject({
      what: 'warning',
      endsAt: ENDS_AT + HOUR,
      violation: {
        because: expect.stringContaining('; extended from 2026-11-23T12:10:00Z until 2026-11-23T13:10:00Z'),
      },
    })
  })

  it('has warnings of its own before the new end, but none that its page has just told', () => {
    const { one, endpoint } = seen([daily({ extend: { byMs: 12 * MINUTE, times: 1 } })])
    endpoint.extend(first(one.id), NOON + 8 * MINUTE)
    const warnings = (now: Instant) =>
      endpoint.judge(now).news.flatMap((news) => (news.what === 'warning' ? [[news.leadMs, news.endsAt]] : []))
    // The new end is fourteen minutes away, nearer than the first lead.
    expect(warnings(NOON + 8 * MINUTE)).toEqual([])
    expect(warnings(NOON + 17 * MINUTE)).toEqual([[5 * MINUTE, ENDS_AT + 12 * MINUTE]])
  })

  it('is used once, however often its link is', () => {
    const { one, endpoint, ask } = seen([daily({ extend: { byMs: HOUR, times: 2 } })])
    expect(endpoint.extend(first(one.id), NOON)).toMatchObject({ state: 'open', left: 1 })
    endpoint.judge(NOON)
    expect(ask(NOON)).toEqual({ state: 'extended', endsAt: ENDS_AT + HOUR })
    expect(ask(ENDS_AT + 1)).toEqual({ state: 'extended', endsAt: ENDS_AT + HOUR })
    const second = { ordinal: 2, endsAt: ENDS_AT + HOUR }
    expect(ask(NOON, second)).toEqual({ state: 'not-ending' })
    endpoint.judge(ENDS_AT + 50 * MINUTE)
    expect(ask(ENDS_AT + 50 * MINUTE, second)).toMatchObject({
      state: 'open',
      extension: { granted: 2, until: ENDS_AT + 2 * HOUR },
      left: 0,
    })
    expect(ask(ENDS_AT + 50 * MINUTE, { ordinal: 3, endsAt: NEVER })).toEqual({ state: 'not-offered' })
  })

  it('is refused after the time of its link, and when the connection is due', () => {
    const { ask } = seen([daily()])
    expect(ask(ENDS_AT)).toEqual({ state: 'too-late' })
    expect(ask(ENDS_AT, { endsAt: NEVER })).toEqual({ state: 'too-late' })
    expect(ask(NOON, { endsAt: NOON })).toEqual({ state: 'too-late' })
  })

  it('is for its own connection, and only while that one is up', () => {
    const { endpoint, ask } = seen([daily()])
    expect(ask(NOON, { connectionId: 'cvpn-connection-0000000000000000f' })).toEqual({ state: 'gone' })
    const other = connection({ establishedAt: NOON - HOUR })
    endpoint.see([other], NOON + MINUTE)
    expect(ask(NOON + MINUTE)).toEqual({ state: 'gone' })
    expect(ask(NOON + MINUTE, { connectionId: other.id })).toEqual({ state: 'not-ending' })
  })

  it('is refused while the endpoint is not seen', () => {
    const endpoint = createEndpoint([daily()])
    expect(endpoint.offer(first('one'), NOON)).toEqual({ state: 'not-seen' })
    const { endpoint: blind, ask } = seen([daily()], { staleAfterMs: MINUTE })
    blind.fail(NOON + 2 * MINUTE)
    expect(ask(NOON + 2 * MINUTE)).toEqual({ state: 'not-seen' })
  })

  it.each([
    ['another policy', [policy('max-session-age', { maxAge: '8h' }, { name: 'other' })]],
    ['a policy without extend', [daily({ extend: undefined })]],
    ['fewer extensions', [daily({ extend: { byMs: HOUR, times: 1 } })], { ordinal: 2 }],
  ] as const)('is refused once an edit leaves %s', (_, edited, different?) => {
    const { endpoint, ask } = seen([daily({ extend: { byMs: HOUR, times: 2 } })])
    endpoint.edit(edited, NOON)
    expect(ask(NOON, different)).toEqual({ state: 'not-offered' })
  })

  it('is refused where its policy does not act, and the answer says whether another one ends the connection', () => {
    const later = policy('max-session-age', { maxAge: '9h' }, { name: 'later' })
    const answers = [[daily()], [daily(), later]].map((policies) => {
      const { endpoint, ask } = seen(policies)
      endpoint.edit([daily({ mode: 'audit' }), ...policies.slice(1)], NOON)
      return ask(NOON).state
    })
    expect(answers).toEqual(['nothing-ends', 'not-ending'])
    const { ask } = seen([daily()], { mode: 'audit' })
    expect(ask(NOON)).toEqual({ state: 'nothing-ends' })
  })

  it('that was used tells the first end of all policies, and none where nothing ends the connection', () => {
    const used = (edited: readonly Policy[], mode: 'audit' | 'enforce' = 'enforce') => {
      const { one, endpoint, ask } = seen([daily()])
      endpoint.extend(first(one.id), NOON)
      endpoint.edit(edited, NOON, { mode })
      return ask(NOON)
    }
    const extendedUntil = (endsAt: Instant) => ({ state: 'extended', endsAt })
    expect(used([daily()])).toEqual(extendedUntil(ENDS_AT + HOUR))
    const earlier = policy('max-session-age', { maxAge: '8h30m' }, { name: 'earlier' })
    expect(used([daily(), earlier])).toEqual(extendedUntil(ENDS_AT + 30 * MINUTE))
    expect(used([daily(), ban])).toEqual(extendedUntil(NOON))
    expect(used([daily(), { ...ban, mode: 'audit' }])).toEqual(extendedUntil(ENDS_AT + HOUR))
    expect(used([earlier])).toEqual(extendedUntil(ENDS_AT + 30 * MINUTE))
    expect(used([daily(), earlier], 'audit')).toEqual({ state: 'nothing-ends' })
    expect(used([daily({ mode: 'audit' })])).toEqual({ state: 'nothing-ends' })
  })

  it('that was used says so when its connection is gone, or is not seen', () => {
    const { one, endpoint, ask } = seen([daily()], { staleAfterMs: MINUTE })
    endpoint.extend(first(one.id), NOON)
    endpoint.see([], NOON + 1)
    expect(ask(NOON + 1)).toEqual({ state: 'gone' })
    endpoint.fail(NOON + 2 * MINUTE)
    expect(ask(NOON + 2 * MINUTE)).toEqual({ state: 'not-seen' })
  })

  it('does not take a pause of its user for an end, but a grace for surplus connections', () => {
    const idle = policy('idle-timeout', { after: '5m' }, { name: 'idle' })
    expect(seen([daily(), idle]).ask(NOON)).toMatchObject({ state: 'open', endsOtherwiseAt: NEVER })
    const single = policy('max-sessions', { limit: 1, evict: 'oldest' }, { name: 'single', graceMs: 5 * MINUTE })
    const { one, endpoint, ask } = seen([daily(), single])
    expect(ask(NOON).state).toBe('open')
    endpoint.see([one, connection({ establishedAt: NOON })], NOON)
    expect(ask(NOON)).toEqual({ state: 'ends-regardless' })
  })

  it('does not exempt from a ban, which also refuses it', () => {
    const { one, endpoint, ask } = seen([daily()])
    endpoint.extend(first(one.id), NOON)
    expect(acts(endpoint.edit([daily(), ban], NOON + MINUTE))).toEqual(['terminate'])
    const { endpoint: banned, ask: askBanned } = seen([daily(), ban])
    expect(askBanned(NOON)).toEqual({ state: 'ends-regardless' })
    banned.edit([daily()], NOON + MINUTE)
    expect(askBanned(NOON + MINUTE).state).toBe('open')
    expect(ask(NOON).state).toBe('extended')
  })

  it('says when another policy ends the connection before the extension does', () => {
    const other = policy('max-session-age', { maxAge: '8h30m' }, { name: 'other' })
    expect(seen([daily(), other]).ask(NOON)).toMatchObject({ state: 'open', endsOtherwiseAt: ENDS_AT + 30 * MINUTE })
    const sooner = policy('max-session-age', { maxAge: '8h' }, { name: 'other' })
    expect(seen([daily(), sooner]).ask(NOON)).toEqual({ state: 'ends-regardless' })
  })

  it('is void once an edit removes extend, and is not longer than an edited policy could grant', () => {
    const edited = (different: Partial<Policy>, keys = { maxAge: '8h' }) => {
      const { one, endpoint } = seen([daily()])
      endpoint.extend(first(one.id), NOON)
      const next = {
        ...policy('max-session-age', keys),
        ...daily(),
        rule: policy('max-session-age', keys).rule,
        ...different,
      }
      endpoint.edit([next], NOON + MINUTE)
      return [0, 30 * MINUTE, HOUR].map((after) => acts(endpoint.judge(ENDS_AT + after))?.[0])
    }
    expect(edited({})).toEqual(['keep', 'keep', 'terminate'])
    expect(edited({ extend: undefined })).toEqual(['terminate', 'terminate', 'terminate'])
    expect(edited({ extend: { byMs: 30 * MINUTE, times: 1 } })).toEqual(['keep', 'terminate', 'terminate'])
    expect(edited({ extend: { byMs: 10 * HOUR, times: 1 } })).toEqual(['keep', 'keep', 'terminate'])
    expect(edited({}, { maxAge: '7h30m' })).toEqual(['keep', 'terminate', 'terminate'])
    expect(edited({}, { maxAge: '10h' })).toEqual([undefined, undefined, undefined])
  })

  it('is forgotten with its connection', () => {
    const { one, endpoint } = seen([daily()])
    endpoint.extend(first(one.id), NOON)
    expect(Object.keys(endpoint.memory.kept().extended)).toEqual([one.id])
    endpoint.see([], NOON + MINUTE)
    expect(Object.keys(endpoint.memory.kept().extended)).toEqual([one.id])
    endpoint.see([], NOON + 2 * MINUTE)
    expect(endpoint.memory.kept().extended).toEqual({})
  })

  it('is forgotten too if the connection ended while no process watched', () => {
    const extended = { gone: { daily: { granted: 1, until: NOON + HOUR } } }
    const { memory } = createEndpoint([daily()])
    const endpoint = createEndpoint([daily()], { kept: { ...memory.kept(), extended } })
    endpoint.see([], NOON)
    endpoint.see([], NOON + MINUTE)
    expect(endpoint.memory.kept().extended).toEqual({})
  })

  it('is offered for off-hours as well', () => {
    const office = policy(
      'off-hours',
      { timeZone: 'UTC', allowed: [{ days: 'mon-fri', hours: '08:00-12:10' }] },
      { name: 'daily', warn: WARN, extend: { byMs: HOUR, times: 1 } },
    )
    const one = connection({ establishedAt: NOON - HOUR })
    const endpoint = createEndpoint([office])
    endpoint.see([one], NOON)
    expect(endpoint.extend(first(one.id), NOON).state).toBe('open')
    expect(acts(endpoint.judge(ENDS_AT))).toEqual(['keep'])
    expect(acts(endpoint.judge(ENDS_AT + HOUR))).toEqual(['terminate'])
  })
})
