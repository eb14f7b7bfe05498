import { describe, expect, it } from 'vitest'
import type { Policy } from '../../src/domain/policies/policy.ts'
import {
  changedAtOf,
  changedPolicies,
  datedAnew,
  datedPolicies,
  nextPolicyAges,
  settled,
  settledAges,
  sureAges,
} from '../../src/domain/policies/policy-ages.ts'
import type { Instant } from '../../src/domain/time/instant.ts'
import { policy } from './build.ts'

const age = (maxAge: string, different: Partial<Policy> = {}) => policy('max-session-age', { maxAge }, different)

describe('the age of a policy', () => {
  const ages = (
    before: Parameters<typeof nextPolicyAges>[0],
    hash: string,
    now: Instant,
    mode: 'audit' | 'enforce' = 'enforce',
  ) => nextPolicyAges(before, [age('8h', { hash })], mode, now)

  it('begins when the policy is first loaded, and again with each edit, but not with a restart', () => {
    const first = ages({}, 'a', 1)
    expect(first['max-session-age']?.changedAt).toBe(1)
    expect(ages(first, 'a', 2)).toEqual(first)
    const edited = ages(first, 'b', 3)
    expect(edited['max-session-age']?.changedAt).toBe(3)
    expect(changedPolicies(first, edited)).toEqual(['max-session-age'])
    expect(changedPolicies(first, ages(first, 'a', 4))).toEqual([])
  })

  it('begins again when the policy begins to act, not when it stops to act', () => {
    const audit = ages({}, 'a', 1, 'audit')
    const enforce = ages(audit, 'a', 2)
    expect(enforce['max-session-age']?.changedAt).toBe(2)
    expect(ages(enforce, 'a', 3, 'audit')['max-session-age']?.changedAt).toBe(2)
  })

  it('is now, once the clock is trusted, for ages in the future and for those set while the clock was not trusted', () => {
    const first = ages({}, 'a', 5)
    const changedAt = (unsure: readonly string[], now: Instant) =>
      settledAges(first, new Set(unsure), now)['max-session-age']?.changedAt
    expect([changedAt([], 4), changedAt([], 5), changedAt([], 6)]).toEqual([4, 5, 5])
    expect([changedAt(['max-session-age'], 4), changedAt(['max-session-age'], 6), changedAt(['daily'], 6)]).toEqual([
      4, 6, 5,
    ])
    expect(settledAges(first, new Set(['max-session-age']), 5)).toBe(first)
    const both = { ...first, other: { hash: 'o', acts: true, changedAt: 9 } }
    expect(settledAges(both, new Set(), 7)).toEqual({ ...first, other: { hash: 'o', acts: true, changedAt: 7 } })
    expect(ages(first, 'a', 4)['max-session-age']?.changedAt).toBe(5)
  })

  it('is kept in the state only once the clock that dated it is confirmed', () => {
    const policies = [age('8h', { name: 'old' }), age('8h', { name: 'new' })]
    const kept = nextPolicyAges({}, policies.slice(0, 1), 'enforce', 1)
    const started = datedAnew(datedPolicies(kept), policies, 'enforce', 5)
    expect(Object.keys(sureAges(started))).toEqual(['old'])
    expect(sureAges(datedAnew(started, policies, 'enforce', 6))).toEqual(kept)
    expect(sureAges(settled(started, 7))).toEqual({ ...kept, new: { hash: '', acts: true, changedAt: 7 } })
    expect([changedAtOf(started, 'new'), changedAtOf(started, 'constructor')]).toEqual([5, undefined])
  })

  it('is found under any policy name, and records whether the policy acts', () => {
    const odd = nextPolicyAges({}, [age('8h', { name: 'constructor', hash: 'a' })], 'enforce', 7)
    expect(odd).toEqual({ constructor: { hash: 'a', acts: true, changedAt: 7 } })
    expect(nextPolicyAges({}, [age('8h', { mode: 'audit' })], 'enforce', 7)['max-session-age']?.acts).toBe(false)
  })

  it('differs where a policy was added or deleted', () => {
    const [one, two] = [age('8h', { name: 'one' }), age('8h', { name: 'two' })]
    const first = nextPolicyAges({}, [one], 'enforce', 1)
    const second = nextPolicyAges(first, [one, two], 'enforce', 2)
    expect(changedPolicies(first, second)).toEqual(['two'])
    expect(changedPolicies(second, first)).toEqual(['two'])
  })
})
