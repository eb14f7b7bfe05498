import { expect, it } from 'vitest'
import { POLICY_KINDS } from '../../src/domain/policies/registry.ts'
import { policy } from './build.ts'

const RULES: ReadonlyArray<readonly [kind: string, keys: Record<string, unknown>, words: string]> = [
  ['banned-users', { users: ['mallory'] }, 'of a user on its list of 1 entry'],
  ['banned-users', { users: ['mallory', 'trent'] }, 'of a user on its list of 2 entries'],
  ['posture', { require: ['managed'] }, 'whose device lacks the status "managed"'],
  [
    'posture',
    { require: ['a', 'b'], deny: ['c'] },
    'whose device has the status "c", or lacks one of the statuses "a", "b"',
  ],
  ['max-sessions', { limit: 2 }, 'of a user who has more than 2 on one endpoint: the oldest first'],
  [
    'max-sessions',
    { limit: 3, across: 'all', evict: 'newest' },
    'of a user who has more than 3 over all endpoints: the newest first',
  ],
  ['max-transfer', { total: '50GiB' }, 'once the connection carried more than 50GiB'],
  [
    'max-transfer',
    { ingress: '1GiB', egress: '2GiB' },
    'once the client sent more than 1GiB or the client received more than 2GiB',
  ],
  ['max-session-age', { maxAge: '10h' }, '10h after it was established'],
  ['idle-timeout', { after: '30m' }, 'that has carried less than 60KiB in 30m'],
  [
    'off-hours',
    { timeZone: 'Europe/Berlin', allowed: [{ days: 'mon-fri' }] },
    'outside these hours, on the clock of Europe/Berlin',
  ],
  ['off-hours', { timeZone: 'UTC', denied: [{ days: 'sun' }] }, 'within these hours, on the clock of UTC'],
]

it.each(RULES)('a policy of kind %s says: "Ends a connection …"', (kind, keys, words) => {
  const { kind: of, rule } = policy(kind, keys)
  expect(of.words(rule)).toBe(words)
})

it('every kind is among them', () => {
  expect(new Set(RULES.map(([kind]) => kind))).toEqual(new Set(POLICY_KINDS.map(({ kind }) => kind)))
})
