import { describe, expect, it } from 'vitest'
import { rulesOf } from '../../src/app/endpoint-watch.ts'
import { createExecutor } from '../../src/app/executor.ts'
import { imaginedView } from '../../src/domain/judge/imagined.ts'
import { judgeEndpoint } from '../../src/domain/judge/judge-endpoint.ts'
import { createMemory } from '../../src/domain/judge/memory.ts'
import { HOUR, MINUTE } from '../../src/domain/time/instant.ts'
import { connection, ENDPOINT, NOON, PLACE, policy } from '../domain/build.ts'
import { createStandInTrail } from './stand-in-trail.ts'
import { assignment } from './world.ts'

describe('a planned call', () => {
  const follow = (endsAt: number) => {
    const { policies, settings } = assignment([policy('max-session-age', { maxAge: '8h' })])
    const endpoint = { id: ENDPOINT, name: 'office', region: 'eu-central-1', account: undefined }
    const rules = rulesOf(policies, settings, PLACE, { changedAt: () => 0, earlierSet: () => undefined })
    const memory = createMemory()
    const rows = [connection({ establishedAt: NOON - 9 * HOUR })]
    const { plan } = judgeEndpoint(imaginedView(ENDPOINT, rows, NOON), rules, memory, NOON)
    const executor = createExecutor({
      endpoint,
      vpn: { terminate: () => Promise.reject(new Error('this test sends no call')) },
      emit: () => {},
      audit: createStandInTrail().trail,
      memory,
      clock: { now: () => NOON },
      rules: () => rules,
      isSeen: () => true,
      policySetHash: () => 'hash',
      repeatsOf: () => 0,
      onWithdrawn: () => {},
    })
    executor.follow(plan, endsAt, NOON)
    const [call] = plan.calls
    if (call === undefined) throw new Error('no call')
    return (at: number) => executor.requester.mayLeave(call, at)
  }

  it('may leave until the instant at which a verdict of the plan may end', () => {
    const mayLeave = follow(NOON + MINUTE)
    expect([NOON, NOON + MINUTE - 1, NOON + MINUTE].map(mayLeave)).toEqual([true, true, false])
  })
})
