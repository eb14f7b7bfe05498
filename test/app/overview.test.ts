import { describe, expect, it } from 'vitest'
import { createOverview } from '../../src/app/overview.ts'
import type { PolicyEnds } from '../../src/domain/judge/policy-ends.ts'
import { HOUR, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { connection, NOON, policy } from '../domain/build.ts'
import { createManualClock, settled } from './manual-clock.ts'
import { assignment, startWorld } from './world.ts'

const daily = policy('max-session-age', { maxAge: '8h' }, { name: 'daily' })
const nights = policy(
  'off-hours',
  { timeZone: 'Asia/Tokyo', denied: [{ hours: '22:00-05:00' }] },
  { name: 'nights', mode: 'audit' },
)
const OTHERS = {
  lastReload: { outcome: 'none' as const },
  audit: { seq: 0, hash: '' },
  engine: { kind: 'files' as const },
  ongoing: { queues: [], unwritable: new Map(), missingPermissions: [], clocks: 'agree' as const },
  unmatched: [],
}

describe('the overview', () => {
  it('has the endpoints with what ends, and the policies with their weeks', async () => {
    const inForce = assignment([daily, nights])
    await using world = startWorld({
      assignment: inForce,
      connections: [connection({ establishedAt: NOON - 8 * HOUR + 30 * MINUTE }), connection()],
    })
    await world.clock.advance(SECOND)
    const { status, ends } = world.daemon
    const overview = createOverview({ clock: world.clock, inForce: () => inForce, status, ends, others: () => OTHERS })
    const { endpoints, policies, mode } = await overview()
    expect(mode).toBe('enforce')
    expect(endpoints).toMatchObject([
      {
        name: 'office',
        active: 2,
        ends: [
          { policy: 'daily', effect: 'enforce', now: 0, later: 1, firstAt: NOON + 30 * MINUTE },
          { policy: 'nights', effect: 'audit', now: 0, later: 2, firstAt: NOON + HOUR },
        ],
      },
    ])
    expect(policies.map(({ acts, week }) => [acts, week?.length])).toEqual([
      [true, undefined],
      [false, 7],
    ])
  })

  it('shows no numbers of an endpoint that is blind', async () => {
    const inForce = assignment([daily])
    await using world = startWorld({ assignment: inForce, connections: [connection()] })
    world.aws.behaviour.failSnapshot = () => 'denied'
    await world.clock.advance(SECOND)
    const { status, ends } = world.daemon
    const overview = createOverview({ clock: world.clock, inForce: () => inForce, status, ends, others: () => OTHERS })
    expect((await overview()).endpoints).toMatchObject([{ view: 'blind', active: null, ends: undefined }])
  })

  it('shares one count between readers for half a minute, and counts again for a new configuration', async () => {
    const clock = createManualClock(NOON)
    let inForce = assignment([daily])
    let counts = 0
    let finish: (counted: ReadonlyMap<string, readonly PolicyEnds[]>) => void = () => {}
    const overview = createOverview({
      clock,
      inForce: () => inForce,
      status: () => [],
      ends: () => {
        counts++
        return new Promise((resolve) => {
          finish = resolve
        })
      },
      others: () => OTHERS,
    })
    const readers = [overview(), overview()]
    await settled()
    finish(new Map())
    await Promise.all(readers)
    await overview()
    expect(counts).toBe(1)

    await clock.advance(31 * SECOND)
    const late = overview()
    await settled()
    expect(counts).toBe(2)
    // A reader does not wait for ever, and the next one does not begin another count.
    await clock.advance(3 * SECOND)
    await late
    const impatient = overview()
    await settled()
    expect(counts).toBe(2)
    finish(new Map())
    await impatient

    inForce = assignment([daily, nights])
    const after = overview()
    await settled()
    expect(counts).toBe(3)
    finish(new Map())
    await after
  })
})
