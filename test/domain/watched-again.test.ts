import { describe, expect, it } from 'vitest'
import { NO_GUARD_MEMORY } from '../../src/domain/guard/guard.ts'
import type { Standing } from '../../src/domain/guard/standing.ts'
import { createMemory, type KeptMemory } from '../../src/domain/judge/memory.ts'
import { watchedAgain } from '../../src/domain/judge/watched-again.ts'
import { HOUR, MINUTE, NEVER } from '../../src/domain/time/instant.ts'
import { connection, NOON, policy } from './build.ts'
import { createEndpoint } from './endpoint.ts'

const version = { hash: 'a', set: 'set-1' }
const held: Standing = { state: 'held', version, before: undefined, since: NOON, counted: 40, of: 40 }
const guard = {
  ...NO_GUARD_MEMORY,
  limits: { maxPercent: 50, minConnections: 10, lookAheadMs: 24 * HOUR },
  standings: {
    hasty: held,
    daily: { state: 'in-force' as const, version, comparedAt: NOON },
    nights: { state: 'audit' as const, version },
    old: { state: 'gone' as const, version, goneAt: NOON, wasHeld: false },
  },
}
const kept = (different: Partial<KeptMemory>): KeptMemory => ({
  ...createMemory().kept(),
  watchedSince: NOON - HOUR,
  graceStarted: { daily: { one: NOON } },
  terminated: { daily: { 'user:alice': NOON } },
  guard,
  ...different,
})

describe('an endpoint that is watched again', () => {
  it('goes on within ten minutes, and where nothing says that watching ended', () => {
    for (const watchedUntil of [undefined, NOON, NOON - 10 * MINUTE + 1]) {
      const memory = kept({ watchedUntil })
      expect(watchedAgain(memory, NOON)).toBe(memory)
    }
  })

  it('is new to the guard later, or if the clock was set back, except for its holds', () => {
    for (const watchedUntil of [NOON - 10 * MINUTE, NOON - 300 * HOUR, NOON + 1]) {
      const memory = kept({ watchedUntil })
      expect(watchedAgain(memory, NOON)).toEqual({
        ...memory,
        watchedSince: NEVER,
        guard: { ...guard, limits: undefined, standings: { hasty: held } },
      })
    }
  })

  it('has only what is overdue counted, and no connection that its policies end later', () => {
    const daily = policy('max-session-age', { maxAge: '8h' }, { name: 'daily', hash: 'a' })
    const guarded = { guard: { maxPercent: 50, minConnections: 10, lookAheadMs: 24 * HOUR } }
    const first = createEndpoint([daily], guarded)
    first.see([], NOON)
    const away = { ...first.memory.kept(), watchedUntil: NOON }
    const again = (overdue: number, young: number) => {
      const endpoint = createEndpoint([daily], { ...guarded, kept: watchedAgain(away, NOON + HOUR) })
      const rows = (count: number, hours: number) =>
        Array.from({ length: count }, () => connection({ establishedAt: NOON - hours * HOUR }))
      return endpoint.see([...rows(overdue, 8), ...rows(young, 0)], NOON + HOUR)
    }
    expect(again(11, 0).plan.held).toHaveLength(11)
    const few = again(10, 30).plan
    expect([few.held, few.terminate.length]).toEqual([[], 10])
  })
})
