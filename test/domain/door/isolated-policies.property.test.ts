import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createDoor } from '../../../src/domain/door/door.ts'
import { requestOf } from '../../../src/domain/door/request.ts'
import { HOUR, MINUTE, toIso } from '../../../src/domain/time/instant.ts'
import { slowRuns } from '../../fuzz-runs.ts'
import { entry, NOON, policy } from '../build.ts'
import { doorRules } from './door-rules.ts'
import { judged } from './judged.ts'
import { request } from './requests.ts'

const nobody = { users: undefined, endpoints: undefined, regions: undefined }
const thrower = (): never => {
  throw new Error('it is broken')
}
const hours = policy('off-hours', { timeZone: 'UTC', allowed: [{ hours: '07:30-18:30' }] })
const ofNoWhere = { ...(hours.rule as object), zone: 'Mars/Base' }

/** Each throws at another step: while it is prepared, while it is resolved for a request, or while it is judged. */
const BROKEN = {
  zone: { ...hours, rule: ofNoWhere },
  rule: { ...policy('banned-users', { users: ['alice'] }), rule: undefined },
  match: { ...hours, match: { ...nobody, users: [undefined as never] } },
  exempt: { ...hours, exempt: { ...nobody, regions: [undefined as never] } },
  principal: { ...hours, kind: { ...hours.kind, judge: () => thrower } },
  finding: { ...hours, kind: { ...hours.kind, judge: () => () => ({ find: thrower, because: thrower }) } },
} as const

const ban = fc
  .record({ who: fc.constantFrom('alice', 'al*', 'bob'), hours: fc.integer({ min: -2, max: 3 }) })
  .map(({ who, hours: ahead }) =>
    policy('banned-users', {
      users: [{ pattern: who, from: toIso(NOON - 3 * HOUR), until: toIso(NOON + ahead * HOUR) }],
    }),
  )
const anyPolicy = fc
  .tuple(
    fc.oneof(
      ban,
      fc
        .constantFrom('11:00-13:00', '13:00-20:00')
        .map((text) => policy('off-hours', { timeZone: 'UTC', denied: [{ hours: text }] })),
      fc.constant(policy('posture', { require: ['managed'] })),
    ),
    fc.constantFrom('audit' as const, 'enforce' as const),
    fc.boolean(),
  )
  .map(([made, mode, isExempt]) => ({
    ...made,
    mode,
    exempt: isExempt ? { ...nobody, users: [entry('alice', { until: NOON + 90 * MINUTE })] } : undefined,
  }))

it('a set with a policy that throws answers as the set without it, and tells the policy', () => {
  let denied = 0
  fc.assert(
    fc.property(
      fc.array(anyPolicy, { maxLength: 6 }),
      fc.nat(6),
      fc.constantFrom(...Object.entries(BROKEN)),
      fc.constantFrom('audit' as const, 'enforce' as const),
      (others, at, [what, broken], mode) => {
        const named = others.map((one, index) => ({ ...one, name: `${index}` }))
        const all = [...named.slice(0, at), { ...broken, mode, name: 'broken' }, ...named.slice(at)]
        const [with_, without] = [all, named].map((policies) =>
          judged(
            createDoor(
              doorRules(policies, { protect: [entry('zoe')], posture: [{ status: 'managed', match: undefined }] }),
            ).decide(requestOf(request()), 'eu-central-1', NOON),
          ),
        )
        if (with_ === undefined || without === undefined) throw new Error('nothing was decided')
        const answered = ({ act, lead, ...rest }: typeof with_) => ({
          act,
          lead: lead?.policy.name,
          text: 'text' in rest && rest.text,
          until: 'until' in rest && rest.until,
        })
        expect(answered(with_)).toEqual(answered(without))
        expect(without.failed).toEqual([])
        expect(with_.failed.map(({ policy: { name } }) => name)).toEqual(['broken'])
        expect(with_.verdicts.map(({ policy: { name } }) => name)).toEqual(all.map(({ name }) => name))
        const verdict = with_.verdicts.find(({ policy: { name } }) => name === 'broken')
        expect(verdict?.word).toBe('unknown')
        if (what === 'zone') {
          expect(verdict?.finding).toMatchObject({
            lacks: 'a time zone that Node knows (it does not know "Mars/Base")',
          })
        }
        if (with_.act === 'deny') denied++
      },
    ),
    { numRuns: slowRuns(150) },
  )
  expect(denied).toBeGreaterThan(slowRuns(15))
})

it('a list of protected people that throws is no fault of a policy, and nothing is decided', () => {
  const door = createDoor(doorRules([policy('banned-users', { users: ['alice'] })], { protect: [undefined as never] }))
  expect(() => door.decide(requestOf(request()), 'eu-central-1', NOON)).toThrow(TypeError)
})

it('whom a ban denies is denied where the zone of the text is not known', () => {
  const ban = policy('banned-users', { users: [{ pattern: 'alice', until: toIso(NOON + HOUR) }] })
  const decision = createDoor(doorRules([ban], { timeZone: 'Mars/Base' })).decide(requestOf(request()), undefined, NOON)
  expect(decision).toMatchObject({
    act: 'deny',
    until: NOON + HOUR,
    text: 'VPN access is denied. Ask the administrators of the VPN for the reason.',
    failed: [{ policy: ban }],
  })
})
