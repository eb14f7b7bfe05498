import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/domain/connection.ts'
import { type Instant, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { slowRuns } from '../fuzz-runs.ts'
import { connection, NOON, policy } from './build.ts'
import { createFleet } from './fleet.ts'

const ENDPOINTS = ['office', 'lab', 'home']

/** A session as it really is, whatever snapshots show. */
interface Session {
  readonly row: Connection & { readonly establishedAt: Instant }
  readonly upFrom: Instant
  goneAt: Instant
}

type Step =
  | { readonly what: 'connect'; readonly user: string; readonly endpoint: string }
  | { readonly what: 'leave'; readonly which: number }
  | { readonly what: 'read' | 'begin-read' | 'end-read' | 'failed-read' | 'judge'; readonly endpoint: string }
  | { readonly what: 'time'; readonly ms: number }

const endpoint = fc.constantFrom(...ENDPOINTS)
const user = fc.constantFrom('alice', 'alice', 'bob')

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ what: fc.constant('connect'), user, endpoint }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('leave'), which: fc.nat(20) }) },
  {
    weight: 9,
    arbitrary: fc.record({
      what: fc.constantFrom('read', 'read', 'begin-read', 'end-read', 'judge'),
      endpoint,
    }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('failed-read'), endpoint }) },
  { weight: 5, arbitrary: fc.record({ what: fc.constant('time'), ms: fc.integer({ min: 1, max: 10_000 }) }) },
)

interface Rule {
  readonly limit: number
  readonly evict: 'oldest' | 'newest'
  readonly graceMs: number
}

/** The real events on three endpoints, and the ends that their snapshots bring, which come in any order. */
const createTruth = ({ limit, evict, graceMs }: Rule) => {
  const fleet = createFleet(
    [policy('max-sessions', { limit, evict, across: 'all' }, { graceMs })],
    ENDPOINTS,
    2 * MINUTE,
  )
  const sessions: Session[] = []
  const begun = new Map<string, Instant>()
  const instants: Instant[] = []
  let now: Instant = NOON

  const upAt = (at: Instant, name: string) =>
    sessions.filter(({ row, upFrom, goneAt }) => row.username === name && upFrom <= at && at < goneAt)

  /** The surplus sessions of a person at an instant, by a sort of those that were really up. */
  const surplusAt = (at: Instant, name: string): readonly Session[] => {
    const ordered = upAt(at, name).sort(
      (a, b) => a.row.establishedAt - b.row.establishedAt || (a.row.id < b.row.id ? -1 : 1),
    )
    return evict === 'oldest' ? ordered.slice(0, Math.max(0, ordered.length - limit)) : ordered.slice(limit)
  }

  const judge = (id: string) => {
    for (const { connection: row, lead } of fleet.judge(id, now).plan.terminate) {
      const session = sessions.find((one) => one.row.id === row.id)
      if (session === undefined || session.goneAt <= now) continue
      const wasSurplus = instants.some(
        (at) => at >= lead.deadline && surplusAt(at, String(row.username)).includes(session),
      )
      expect(wasSurplus, `${row.id} was surplus at its deadline or later`).toBe(true)
      session.goneAt = now
    }
  }

  const readAll = () => {
    for (const id of ENDPOINTS) run({ what: 'begin-read', endpoint: id })
    for (const id of ENDPOINTS) run({ what: 'end-read', endpoint: id })
    for (const id of ENDPOINTS) judge(id)
  }

  const run = (one: Step): void => {
    instants.push(now)
    switch (one.what) {
      case 'time':
        now += one.ms
        return
      case 'connect': {
        // AWS tells whole seconds.
        const establishedAt = Math.floor(now / SECOND) * SECOND
        const row = connection({ username: one.user, endpointId: one.endpoint, establishedAt })
        sessions.push({ row: { ...row, establishedAt }, upFrom: now, goneAt: Number.POSITIVE_INFINITY })
        return
      }
      case 'leave': {
        const up = sessions.filter(({ goneAt }) => goneAt > now)
        const gone = up[one.which % Math.max(1, up.length)]
        if (gone !== undefined) gone.goneAt = now
        return
      }
      case 'read':
        run({ what: 'begin-read', endpoint: one.endpoint })
        run({ what: 'end-read', endpoint: one.endpoint })
        return
      case 'begin-read':
        begun.set(one.endpoint, now)
        return
      case 'end-read': {
        const up = sessions.filter(({ row, goneAt }) => row.endpointId === one.endpoint && goneAt > now)
        fleet.read(
          one.endpoint,
          up.map(({ row }) => row),
          begun.get(one.endpoint) ?? now,
          now,
        )
        begun.delete(one.endpoint)
        judge(one.endpoint)
        return
      }
      case 'failed-read':
        fleet.fail(one.endpoint, now)
        judge(one.endpoint)
        return
      case 'judge':
        judge(one.endpoint)
    }
  }

  return { run, readAll, upNow: (name: string) => upAt(now, name).length }
}

const rule: fc.Arbitrary<Rule> = fc.record({
  limit: fc.integer({ min: 1, max: 3 }),
  evict: fc.constantFrom('oldest', 'newest'),
  graceMs: fc.constantFrom(0, 0, 10 * SECOND),
})

const steps = fc.array(step, { minLength: 20, maxLength: 80 })

describe('max-sessions over all endpoints, whatever the order of reads', () => {
  it('ends only sessions that really were surplus at one instant', () => {
    fc.assert(
      fc.property(rule, steps, (kept, all) => {
        const truth = createTruth(kept)
        truth.readAll()
        for (const one of all) truth.run(one)
      }),
      { numRuns: slowRuns(60) },
    )
  })

  it('never leaves a person with fewer sessions than the limit, if nobody leaves', () => {
    fc.assert(
      fc.property(rule, steps, (kept, all) => {
        const truth = createTruth(kept)
        const connected = new Map([
          ['alice', 0],
          ['bob', 0],
        ])
        for (const one of all) {
          if (one.what === 'leave') continue
          truth.run(one)
          if (one.what === 'connect') connected.set(one.user, (connected.get(one.user) ?? 0) + 1)
          for (const [name, count] of connected)
            expect(truth.upNow(name)).toBeGreaterThanOrEqual(Math.min(count, kept.limit))
        }
      }),
      { numRuns: slowRuns(40) },
    )
  })

  it('leaves no person with more sessions than the limit, once every endpoint has been read', () => {
    fc.assert(
      fc.property(rule, steps, (kept, all) => {
        const truth = createTruth(kept)
        for (const one of all) truth.run(one)
        truth.run({ what: 'time', ms: SECOND })
        truth.readAll()
        truth.run({ what: 'time', ms: kept.graceMs + SECOND })
        truth.readAll()
        for (const name of ['alice', 'bob']) expect(truth.upNow(name)).toBeLessThanOrEqual(kept.limit)
      }),
      { numRuns: slowRuns(40) },
    )
  })
})
