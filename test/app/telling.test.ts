import { describe, expect, it } from 'vitest'
import { SLICE_ROWS } from '../../src/app/slices.ts'
import { HOUR, MINUTE } from '../../src/domain/time/instant.ts'
import { connection, NOON, policy } from '../domain/build.ts'
import { assignment, startWorld } from './world.ts'

const LARGE = 3 * SLICE_ROWS

const large = () =>
  Array.from({ length: LARGE }, (_, index) =>
    connection({ username: `person-${index}`, commonName: undefined, establishedAt: NOON - 9 * HOUR }),
  )
const daily = policy('max-session-age', { maxAge: '8h' }, { guard: 'off' })

describe('the news of a large endpoint that is due at once', () => {
  it('is told in slices, between which other work runs, and each once', async () => {
    const connections = large()
    await using world = startWorld({ assignment: assignment([daily]), connections })
    await world.clock.advance(MINUTE)
    const names = world.events.map(({ event }) => event)
    // The judgement, and the calls that follow from it, do not wait for the last listener.
    const toldBefore = names.slice(0, names.indexOf('decided')).filter((name) => name === 'violation').length
    expect(toldBefore).toBeGreaterThan(0)
    expect(toldBefore).toBeLessThanOrEqual(SLICE_ROWS)
    expect(names.indexOf('accepted')).toBeLessThan(names.lastIndexOf('violation'))
    const told = world.of('violation')
    expect(told.map(({ violation }) => violation.connectionId)).toEqual(connections.map(({ id }) => id))
    expect(new Set(told.map(({ at }) => at)).size).toBe(1)
  })

  it('is told in audit mode, each once', async () => {
    const connections = large()
    await using world = startWorld({ assignment: assignment([daily], 'audit'), connections })
    await world.clock.advance(MINUTE)
    expect(world.of('violation')).toHaveLength(LARGE)
  })

  it('is not told after the stop, and a single cycle tells all of it', async () => {
    await using stopped = startWorld({ assignment: assignment([daily]), connections: large() })
    void stopped.clock.advance(0)
    while (stopped.of('violation').length === 0) await new Promise((resolve) => setImmediate(resolve))
    stopped.stop.abort()
    await stopped.clock.advance(MINUTE)
    const names = stopped.events.map(({ event }) => event)
    expect(names.filter((name) => name === 'violation').length).toBeLessThan(LARGE)
    expect(names.lastIndexOf('violation')).toBeLessThan(names.indexOf('stopped'))

    await using once = startWorld({ assignment: assignment([daily], 'audit'), connections: large(), start: false })
    const ended = once.daemon.once(10 * MINUTE, new AbortController().signal)
    await once.clock.advance(MINUTE)
    expect(await ended).toBe('done')
    expect(once.of('violation')).toHaveLength(LARGE)
  })

  it('tells holds before violations, and warnings that the state keeps as told also at a stop', async () => {
    const gentle = policy('max-session-age', { maxAge: '10h' }, { hash: 'gentle' })
    const warns = policy(
      'max-session-age',
      { maxAge: '20h' },
      { name: 'warns', hash: 'w', warn: [12 * HOUR], guard: 'off' },
    )
    await using world = startWorld({ assignment: assignment([gentle]), connections: large() })
    await world.clock.advance(MINUTE)
    const hasty = policy('max-session-age', { maxAge: '10m' }, { hash: 'hasty' })
    void world.daemon.reload(assignment([hasty, warns]))
    world.stop.abort()
    await world.clock.advance(MINUTE)
    expect(world.of('held')).toMatchObject([{ policy: 'max-session-age', endsNow: LARGE }])
    expect(world.of('violation').length).toBeLessThan(LARGE)
    expect(world.of('warning')).toHaveLength(LARGE)
  })
})
