import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { answerOf } from '../../../src/domain/door/answer.ts'
import { createDoor } from '../../../src/domain/door/door.ts'
import { requestOf } from '../../../src/domain/door/request.ts'
import { IS_NIGHTLY } from '../../nightly.ts'
import { entry, NOON, policy } from '../build.ts'
import { flawOf } from './answer-schema.ts'
import { doorRules } from './door-rules.ts'
import { REQUESTS } from './requests.ts'

const FIELDS = [...Object.keys(REQUESTS.v3), '__proto__', 'toString', 'length', 'unknown']

/** Values that no request of AWS has, and some that look like those of one. */
const VALUES: readonly unknown[] = [
  [undefined, null, '', '-', 'NA', true, Number.NaN, -0, 7n, Symbol('symbol'), () => 'function'],
  ['v1', 'v2', 'v9', 'alice', 'mallory', 'ext-7', 'cvpn-endpoint-', '::ffff:10.0.0.1', '< 5.2'],
  ['\ud800', '\u0000', 'a\nb', '\u202e', 'é'.repeat(300), '👩‍👩‍👧‍👦'.repeat(30), 'x'.repeat(100_000), 'ﷺ'.repeat(254)],
  [[], ['a', 7], [[]], Array(100_000), Array(300).fill('group'), { length: 3 }, { __proto__: { a: 1 } }, new Date(0)],
].flat()

/** The whole numbers below a limit, one after the other. It is small, because it is asked a million times. */
type Below = (limit: number) => number
const drawn = (seed: number): Below => {
  let state = seed
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}

const pick = <Value>(below: Below, values: readonly Value[]): Value => values[below(values.length)] as Value

const damaged = (below: Below): unknown => {
  if (below(20) === 0) return pick(below, VALUES)
  const event: Record<string, unknown> = { ...pick(below, Object.values(REQUESTS)) }
  for (let changes = below(5); changes > 0; changes--) {
    const field = pick(below, FIELDS)
    const value = pick(below, VALUES)
    if (below(4) === 0) delete event[field]
    else Object.defineProperty(event, field, { value, enumerable: true, configurable: true })
  }
  return event
}

/** A push also sends 25,000 of them through the built zip. */
const REQUESTS_TRIED = IS_NIGHTLY ? 100_000 : 500
const REQUESTS_A_RUN = 500

const matching = (pattern: string) => ({ users: [entry(pattern)], endpoints: undefined, regions: undefined })

describe('a damaged request', () => {
  it('is always answered with a valid answer', () => {
    const { decide } = createDoor(
      doorRules(
        [
          policy('banned-users', { users: ['mallory', { pattern: 'ext-*', reason: '\u{1f512} fin\n'.repeat(90) }] }),
          policy(
            'off-hours',
            { timeZone: 'Europe/Berlin', allowed: [{ hours: '07:30-11:30' }] },
            { match: matching('a*') },
          ),
          policy('posture', { deny: ['quarantined'] }, { match: matching('*é*') }),
        ],
        { posture: [{ status: 'quarantined', match: undefined }] },
      ),
    )
    const seen = { allow: 0, deny: 0, audit: 0, 'on-error': 0 }
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const below = drawn(seed)
        for (let at = 0; at < REQUESTS_A_RUN; at++) {
          const asked = requestOf(damaged(below))
          const decision = decide(asked, 'eu-central-1', NOON)
          seen[decision.act]++
          const flaw = flawOf(
            answerOf(decision.act === 'on-error' ? 'allow' : decision, asked.answerIn),
            asked.answerIn,
          )
          if (flaw !== undefined) throw new Error(flaw)
        }
      }),
      { numRuns: REQUESTS_TRIED / REQUESTS_A_RUN },
    )
    expect(Math.min(seen.allow, seen.deny, seen['on-error'])).toBeGreaterThan(REQUESTS_TRIED / 20)
  })
})
