import { describe, expect, it } from 'vitest'
import { peopleOf } from '../../../src/domain/backtest/people.ts'
import { HOUR } from '../../../src/domain/time/instant.ts'
import { NOON, policy } from '../build.ts'
import { cut, recording, session } from './recorded.ts'

const daily = policy('max-session-age', { maxAge: '1h' }, { name: 'daily' })
const leavers = policy('banned-users', { users: ['bob'] }, { name: 'leavers' })

describe('the people of a recording', () => {
  it('are counted in any spelling, those who are ended most often first, and nobody without a name', () => {
    const alice = [session(), session({ username: 'ALICE', establishedAt: NOON + HOUR })]
    const bob = Array.from({ length: 3 }, () => session({ username: 'bob' }))
    const carol = session({ username: undefined, commonName: 'carol' })
    const nobody = session({ username: undefined, commonName: undefined })
    const cuts = [
      ...alice.map((one) => cut(one, one.establishedAt + HOUR, daily)),
      ...bob.map((one, index) => cut(one, NOON, index === 0 ? daily : leavers)),
    ]
    expect(peopleOf(recording([...alice, ...bob, carol, nobody]), cuts)).toEqual([
      {
        key: 'user:bob',
        name: 'bob',
        sessions: 3,
        upMs: 6 * HOUR,
        ended: 3,
        savedMs: 6 * HOUR,
        policies: ['leavers', 'daily'],
      },
      {
        key: 'user:alice',
        name: 'ALICE',
        sessions: 2,
        upMs: 4 * HOUR,
        ended: 2,
        savedMs: 2 * HOUR,
        policies: ['daily'],
      },
      { key: 'cn:carol', name: 'carol', sessions: 1, upMs: 2 * HOUR, ended: 0, savedMs: 0, policies: [] },
    ])
  })
})
