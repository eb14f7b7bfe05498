import { describe, expect, it } from 'vitest'
import { VpnError, type VpnSite } from '../../src/app/vpn.ts'
import { HOUR, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { connection, ENDPOINT, NOON, policy } from '../domain/build.ts'
import { assignment, SITE, startWorld } from './world.ts'

const daily = policy('max-session-age', { maxAge: '8h' }, { name: 'daily', guard: 'off' })
const overdue = () => connection({ establishedAt: NOON - 9 * HOUR })
const discovering = {
  ...assignment([daily]),
  watch: [{ site: SITE, endpoints: [{ id: ENDPOINT, name: 'office' }], discover: 'all' as const }],
}

/** A request that gets no answer and does not hear its signal. */
const hang = () => new Promise<never>(() => {})

const start = (options: Partial<Parameters<typeof startWorld>[0]> = {}) =>
  startWorld({ assignment: discovering, connections: [overdue()], ...options })

const CALLS = ['snapshot', 'endpoints', 'missingPermissions', 'account', 'terminate'] as const

describe('a request that gets no answer at all', () => {
  it.each(CALLS)('to %s does not delay a stop', async (call) => {
    const world = start({ start: false })
    world.aws.vpn[call] = hang
    const stopped = world.daemon.run(world.stop.signal)
    await world.clock.advance(20 * SECOND)
    world.stop.abort()
    await world.clock.advance(10 * SECOND)
    expect(world.of('stopped')).toHaveLength(1)
    await stopped
  })

  it.each(CALLS.filter((call) => call !== 'snapshot' && call !== 'terminate'))(
    'to %s does not keep a due connection up',
    async (call) => {
      const world = start({ start: false })
      world.aws.vpn[call] = hang
      void world.daemon.run(world.stop.signal)
      await world.clock.advance(2 * MINUTE)
      expect(world.aws.calls).toHaveLength(1)
      world.stop.abort()
      await world.clock.advance(10 * SECOND)
    },
  )

  it('for the first list is called blind, and the list is read again', async () => {
    const world = start({ start: false })
    const { snapshot } = world.aws.vpn
    let asked = 0
    world.aws.vpn.snapshot = (...request) => (++asked === 1 ? hang() : snapshot(...request))
    void world.daemon.run(world.stop.signal)
    await world.clock.advance(5 * MINUTE + SECOND)
    expect(world.of('poll-failed')).toMatchObject([{ code: 'timeout', blind: true }])
    expect(world.of('blind')).toHaveLength(1)
    await world.clock.advance(MINUTE)
    expect(world.aws.calls).toHaveLength(1)
    world.stop.abort()
    await world.clock.advance(10 * SECOND)
  })

  it('of an account is asked again, until it is known', async () => {
    const world = start({ start: false })
    const known: VpnSite['account'] = async () => '111122223333'
    const refused: VpnSite['account'] = () => Promise.reject(new VpnError('unreachable', 'no STS'))
    const answers = [hang, refused, known]
    world.aws.vpn.account = (signal) => (answers.shift() ?? known)(signal)
    void world.daemon.run(world.stop.signal)
    await world.clock.advance(10 * SECOND)
    const account = () => world.daemon.status()[0]?.endpoint.account
    expect(account()).toBeUndefined()
    await world.clock.advance(2 * MINUTE)
    expect(account()).toBe('111122223333')
    world.stop.abort()
    await world.clock.advance(10 * SECOND)
  })
})

describe('a disk that does not answer', () => {
  it('under the state is reported, and delays no termination and no stop', async () => {
    const world = start({ save: hang })
    await world.clock.advance(2 * MINUTE)
    expect(world.of('unwritable')).toMatchObject([{ what: 'state' }])
    expect(world.aws.calls).toHaveLength(1)
    world.stop.abort()
    await world.clock.advance(10 * SECOND)
    expect(world.of('stopped')).toHaveLength(1)
  })
})
