import { describe, expect, it } from 'vitest'
import { createExecutor } from '../../src/app/executor.ts'
import { createDecider } from '../../src/domain/judge/decide.ts'
import { createMemory, NO_HISTORY } from '../../src/domain/judge/memory.ts'
import { createPolicySet } from '../../src/domain/policies/policy-set.ts'
import { planOf } from '../../src/domain/terminate/plan.ts'
import { HOUR, MINUTE } from '../../src/domain/time/instant.ts'
import { connection, ENDPOINT, NOON, PLACE, policy } from '../domain/build.ts'
import { createStandInTrail } from './stand-in-trail.ts'
import { assignment } from './world.ts'

describe('a planned call', () => {
  const age = policy('max-session-age', { maxAge: '8h' })
  const follow = (endsAt: number) => {
    const set = createPolicySet([age], [])
    const rows = [connection({ establishedAt: NOON - 9 * HOUR })]
    const plan = planOf(createDecider(set, PLACE).decide(rows, NO_HISTORY, NOON, 'enforce'))
    const executor = createExecutor({
      endpoint: { id: ENDPOINT, name: 'office', region: 'eu-central-1', account: undefined },
      vpn: { terminate: () => Promise.reject(new Error('nothing leaves here')) },
      emit: () => {},
      audit: createStandInTrail().trail,
      memory: createMemory(),
      settings: () => assignment([age]).settings,
      isFresh: () => true,
      repeatsOf: () => 0,
      policyNamed: () => age,
      now: () => NOON,
      kept: [],
    })
    executor.follow(plan, NOON, endsAt)
    const [call] = plan.calls
    if (call === undefined) throw new Error('no call')
    return (at: number) => executor.requester.mayLeave(call, at)
  }

  it('may leave until a verdict of the plan may be over, however late the loop looks again', () => {
    const mayLeave = follow(NOON + MINUTE)
    expect([NOON, NOON + MINUTE - 1, NOON + MINUTE].map(mayLeave)).toEqual([true, true, false])
  })
})
