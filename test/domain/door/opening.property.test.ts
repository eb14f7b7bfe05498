import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createDoor } from '../../../src/domain/door/door.ts'
import { requestOf } from '../../../src/domain/door/request.ts'
import type { UserEntry } from '../../../src/domain/names/user-list.ts'
import { DAY, type Instant, MINUTE, toIso } from '../../../src/domain/time/instant.ts'
import { minuteText } from '../../../src/domain/time/local-text.ts'
import { slowRuns } from '../../fuzz-runs.ts'
import { entry, policy } from '../build.ts'
import { doorRules } from './door-rules.ts'
import { judged } from './judged.ts'
import { request } from './requests.ts'

// Everything begins and ends at a whole slot, so that a search of every slot finds each change.
const SLOT = 90 * MINUTE
const SLOTS_A_DAY = DAY / SLOT
const SEARCHED = 3 * SLOTS_A_DAY
const FIRST = Date.parse('2026-11-23T00:00:00Z')

const slot = fc.nat(SEARCHED).map((at): Instant => FIRST + at * SLOT)
const period = fc
  .tuple(slot, slot)
  .map(([one, other]) => ({ from: Math.min(one, other), until: Math.max(one, other) + SLOT }))
const ofDay = fc.nat(SLOTS_A_DAY - 1).map((at) => minuteText((at * SLOT) / MINUTE))
const window = fc
  .tuple(ofDay, ofDay)
  .filter(([from, to]) => from !== to)
  .map(([from, to]) => ({ hours: `${from}-${to}` }))

const status = fc.constantFrom('managed', 'old')
const select = (users: readonly UserEntry[]) => ({ users, endpoints: undefined, regions: undefined })

const anyKeys = fc.oneof(
  period.map((ban) => ({
    kind: 'banned-users',
    users: [{ pattern: 'alice', from: toIso(ban.from), until: toIso(ban.until) }],
  })),
  fc.array(window, { minLength: 1, maxLength: 2 }).map((allowed) => ({ kind: 'off-hours', timeZone: 'UTC', allowed })),
  fc.array(window, { minLength: 1, maxLength: 2 }).map((denied) => ({ kind: 'off-hours', timeZone: 'UTC', denied })),
  status.map((one) => ({ kind: 'posture', deny: [one] })),
  status.map((one) => ({ kind: 'posture', require: [one] })),
)

// Rules give statuses to members of a group, who come and go.
const postureRules = fc.array(
  fc.record({ status, members: fc.array(period, { maxLength: 2 }) }).map(({ status, members }) => ({
    status,
    match: members.length === 0 ? undefined : select(members.map((member) => entry('alice', member))),
  })),
  { maxLength: 3 },
)

const anyRule = fc.record({
  keys: anyKeys,
  mode: fc.constantFrom(...(['enforce', 'enforce', 'audit'] as const)),
  inForce: fc.option(period, { nil: { from: undefined, until: undefined } }),
  exemptUntil: fc.option(slot, { freq: 2, nil: undefined }),
})

it('the door opens at the first instant at which nothing denies the person, as a search of every instant does', () => {
  let found = 0
  fc.assert(
    fc.property(
      fc.array(anyRule, { minLength: 1, maxLength: 4 }),
      fc.constantFrom('enforce' as const, 'audit' as const),
      slot,
      fc.nat(SLOT - 1),
      postureRules,
      (rules, mode, from, within, posture) => {
        const policies = rules.map(({ keys: { kind, ...keys }, inForce, exemptUntil, ...rule }, index) => {
          const exempt = exemptUntil === undefined ? undefined : select([entry('alice', { until: exemptUntil })])
          return policy(kind, keys, { name: `${index}`, ...rule, ...inForce, exempt })
        })
        const door = createDoor(doorRules(policies, { mode, posture }))
        const decide = (now: Instant) => judged(door.decide(requestOf(request()), undefined, now))
        const decision = decide(from + within)
        if (decision.act === 'allow') return
        const later = Array.from({ length: SEARCHED }, (_, ahead) => from + (ahead + 1) * SLOT)
        const opening = later.find((at) => {
          const { act } = decide(at)
          return act === 'allow' || (act === 'audit' && decision.act === 'deny')
        })
        if (opening !== undefined) found++
        if (opening === undefined) expect(decision.until).toBeGreaterThan(later.at(-1) ?? 0)
        else expect(decision.until).toBe(opening)
      },
    ),
    { numRuns: slowRuns(167) },
  )
  expect(found).toBeGreaterThan(slowRuns(20))
})
