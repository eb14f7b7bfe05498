import { describe, expect, it } from 'vitest'
import { violatedNames, violationOf } from '../../src/domain/judge/violation.ts'
import { shortened } from '../../src/domain/shortened.ts'
import { connection, NOON, policy } from './build.ts'

describe('a violation', () => {
  const decisionOf = (policies: number) => {
    const verdicts = Array.from({ length: policies }, (_, index) => {
      const name = `policy-${String(index).padStart(3, '0')}`
      return {
        policy: policy('max-session-age', { maxAge: '1h' }, { name }),
        applicability: { selectorLacks: undefined, principal: {} },
        reason: 'session-age',
        since: NOON,
        deadline: NOON,
        verdict: 'violates',
        word: 'violates',
        until: NOON,
      } as never as Parameters<typeof violationOf>[2]
    })
    return { connection: connection(), violated: verdicts }
  }

  it.each([1, 2, 10, 11])('names every other policy of %i', (count) => {
    const decision = decisionOf(count)
    for (const verdict of decision.violated) {
      const others = violatedNames(decision).filter((name) => name !== verdict.policy.name)
      expect(violationOf(decision, NOON, verdict).alsoBy).toEqual(others)
    }
  })

  it('names ten other policies of many, and says how many more there are', () => {
    const decision = decisionOf(200)
    const names = violatedNames(decision)
    for (const verdict of decision.violated) {
      const { alsoBy } = violationOf(decision, NOON, verdict, names)
      const others = names.filter((name) => name !== verdict.policy.name)
      expect(alsoBy).toEqual([...others.slice(0, 10), 'and 189 more'])
    }
  })
})

describe('a shortened text', () => {
  it.each([
    ['as it is', 8, 'as it is'],
    ['it is cut after a word', 12, 'it is cut…'],
    ['x'.repeat(20), 10, `${'x'.repeat(9)}…`],
    ['xxx\u{1f600}xxx', 5, 'xxx…'],
  ])('of %j has at most %i characters', (text, characters, expected) => {
    expect(shortened(text, characters)).toBe(expected)
    expect(shortened(text, characters).length).toBeLessThanOrEqual(characters)
  })
})
