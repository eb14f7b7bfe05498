import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Connection } from '../../src/domain/connection.ts'
import type { Lookup } from '../../src/domain/lookup.ts'
import type { Snapshot } from '../../src/domain/snapshot.ts'
import { evidenceOf } from '../../src/domain/terminate/evidence.ts'
import { createTerminations } from '../../src/domain/terminate/terminations.ts'
import {
  BY_LOOKUPS,
  nextVerification,
  pauseMsAfter,
  type Verification,
  type VerificationHappening,
} from '../../src/domain/terminate/verification.ts'
import { type Elapsed, elapsedAt, plusMs } from '../../src/domain/time/elapsed.ts'
import { DAY, HOUR, type Instant, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { connection, ENDPOINT, NOON, RETRY, VIOLATION } from './build.ts'

const row = (id: string, status = 'active') => connection({ id, status })

const lookup = (asked: readonly string[], ...connections: readonly Connection[]): Lookup => ({
  endpointId: ENDPOINT,
  asked,
  begunAt: NOON,
  completedAt: NOON + 100,
  connections,
})

const snapshot = (begunAt: Instant, ...connections: readonly Connection[]): Snapshot => ({
  endpointId: ENDPOINT,
  begunAt,
  completedAt: begunAt + 100,
  connections,
})

describe('the answer to a lookup', () => {
  it('shows statuses, and tells by its witness that it lacks no row', () => {
    const answer = lookup(['a', 'b', 'c', 'w'], row('a', 'terminated'), row('b', 'terminating'), row('w'))
    expect(evidenceOf(answer, 'w')).toEqual({
      statuses: new Map([
        ['a', 'terminated'],
        ['b', 'terminating'],
        ['c', undefined],
      ]),
      gone: ['a', 'c'],
    })
  })

  it('without its witness proves only what it shows', () => {
    const { statuses, gone } = evidenceOf(lookup(['a', 'b', 'w'], row('a', 'terminated')), 'w') as never
    expect([statuses, gone]).toEqual([new Map([['a', 'terminated']]), ['a', 'b', 'w']])
    expect(evidenceOf(lookup(['a', 'w']), 'w')).toEqual({ statuses: new Map(), gone: ['a', 'w'] })
  })

  it('to a lookup without a witness proves only what it shows', () => {
    const { statuses } = evidenceOf(lookup(['a', 'b'], row('a')), undefined) as never
    expect(statuses).toEqual(new Map([['a', 'active']]))
  })

  it('proves nothing if it shows a connection that was not asked for', () => {
    expect(evidenceOf(lookup(['a', 'w'], row('a', 'terminated'), row('w'), row('x')), 'w')).toBe('not-filtered')
  })
})

const START = elapsedAt(1_000_000)
const LISTS: Verification = { state: 'lists', because: 'refused', until: plusMs(START, MINUTE), setbacks: 2 }
const DOUBTED: Verification = { state: 'lookups', gone: new Map([['a', NOON]]), setbacks: 2 }

describe('verification', () => {
  const TABLE: ReadonlyArray<[string, Verification, VerificationHappening, Elapsed, Verification]> = [
    ['an answer', BY_LOOKUPS, { what: 'looked-up', gone: [], completedAt: NOON }, START, BY_LOOKUPS],
    [
      'an answer that lacks a connection',
      DOUBTED,
      { what: 'looked-up', gone: ['b'], completedAt: NOON + 1 },
      START,
      {
        ...DOUBTED,
        gone: new Map([
          ['a', NOON],
          ['b', NOON + 1],
        ]),
      },
    ],
    [
      'a refusal',
      DOUBTED,
      { what: 'distrusted', because: 'refused' },
      START,
      { state: 'lists', because: 'refused', until: plusMs(START, HOUR), setbacks: 3 },
    ],
    ['time', DOUBTED, { what: 'time' }, START, DOUBTED],
    ['a list that was begun before', DOUBTED, { what: 'listed', snapshot: snapshot(NOON, row('a')) }, START, DOUBTED],
    [
      'a list that agrees',
      DOUBTED,
      { what: 'listed', snapshot: snapshot(NOON + 1, row('a', 'terminated'), row('b')) },
      START,
      BY_LOOKUPS,
    ],
    [
      'a list that shows the connection as active',
      DOUBTED,
      { what: 'listed', snapshot: snapshot(NOON + 1, row('a')) },
      START,
      { state: 'lists', because: 'contradicted', until: plusMs(START, HOUR), setbacks: 3 },
    ],
    ['lists, before their time is up', LISTS, { what: 'time' }, plusMs(START, MINUTE - 1), LISTS],
    ['lists, once it is up', LISTS, { what: 'time' }, plusMs(START, MINUTE), { ...BY_LOOKUPS, setbacks: 2 }],
    ['lists, a refusal', LISTS, { what: 'distrusted', because: 'refused' }, START, LISTS],
    ['lists, a list', LISTS, { what: 'listed', snapshot: snapshot(NOON, row('a')) }, START, LISTS],
    ['lists, a late answer', LISTS, { what: 'looked-up', gone: ['a'], completedAt: NOON }, START, LISTS],
  ]

  it.each(TABLE)('after %s', (_name, before, happening, now, after) => {
    expect(nextVerification(before, happening, now)).toEqual(after)
  })

  it('compares lookups with lists also after the clock was set back', () => {
    const ahead: Verification = { state: 'lookups', gone: new Map([['a', NOON + HOUR]]), setbacks: 0 }
    const listed = (begunAt: Instant) => ({ what: 'listed', snapshot: snapshot(begunAt, row('a')) }) as const
    const later = nextVerification(ahead, listed(NOON), START)
    expect(later.state).toBe('lookups')
    expect(nextVerification(later, listed(NOON + SECOND), START).state).toBe('lists')
  })

  it('pauses twice as long after each setback, up to a day', () => {
    expect([1, 2, 3, 7, 8, 2000].map(pauseMsAfter)).toEqual([15 * MINUTE, 30 * MINUTE, HOUR, 16 * HOUR, DAY, DAY])
  })
})

describe('lookups and lists, while AWS tells the truth', () => {
  const IDS = ['a', 'b', 'c', 'd', 'e']

  /** When each connection is terminating, terminated and no longer listed, in seconds; how the call was answered. */
  const lives = fc.array(
    fc.record({
      terminating: fc.integer({ min: 0, max: 200 }),
      lasts: fc.integer({ min: 0, max: 400 }),
      listed: fc.constantFrom(0, 3, 3600),
      fails: fc.boolean(),
      answer: fc.constantFrom('accepted', 'unanswered', 'not-found', 'refused'),
    }),
    { minLength: IDS.length, maxLength: IDS.length },
  )
  const pauses = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 30 })

  it('report the same outcomes of terminations at the same instants', () => {
    const found = new Set<string>()
    fc.assert(
      fc.property(lives, pauses, (connections, gaps) => {
        const [byLists, byLookups] = [createTerminations(), createTerminations()]
        for (const [index, { answer }] of connections.entries()) {
          const id = IDS[index] ?? ''
          for (const all of [byLists, byLookups]) {
            const violation = { ...VIOLATION, connectionId: id }
            all.happen(id, { what: 'taken', violation, callId: id, selector: 'connection-id' }, NOON, RETRY)
            all.happen(id, { what: 'left' }, NOON, RETRY)
            all.happen(id, { what: answer, requestId: 'request' } as never, NOON, RETRY)
          }
        }
        let now = NOON
        for (const gap of gaps) {
          now += gap * SECOND
          const rows = connections.flatMap(({ terminating, lasts, listed, fails }, index) => {
            const seconds = (now - NOON) / SECOND
            const endsAt = terminating + lasts
            if (!fails && seconds >= endsAt + listed) return []
            const end = fails ? 'failed-to-terminate' : 'terminated'
            return row(IDS[index] ?? '', seconds < terminating ? 'active' : seconds < endsAt ? 'terminating' : end)
          })
          const times = { begunAt: now, completedAt: now + 100 }
          const listed = byLists.see({ ...snapshot(now, ...rows, row('w')), ...times }, RETRY)
          const asked = [...IDS.filter((id) => byLookups.of(id) !== undefined), 'w']
          const answer = lookup(asked, ...rows.filter(({ id }) => asked.includes(id)), row('w'))
          const evidence = evidenceOf(answer, 'w')
          if (evidence === 'not-filtered') throw new Error('the lookup is filtered')
          expect(byLookups.seeSome(evidence, times, RETRY)).toEqual(listed)
          for (const { outcome } of listed) found.add(outcome)
          // Until the next list, a termination that is over by lists is confirmed by lookups: no call leaves for it.
          for (const id of IDS) {
            const [one, other] = [byLists.of(id), byLookups.of(id)]
            if (one === undefined && other !== undefined)
              expect([other.state, byLookups.mayPlan(id, now)]).toEqual(['confirmed', false])
            else expect(other).toEqual(one)
          }
        }
        byLookups.see(snapshot(now + SECOND, row('w')), RETRY)
        expect(IDS.filter((id) => byLookups.of(id)?.state === 'confirmed')).toEqual([])
      }),
    )
    expect([...found].sort()).toEqual(['already-gone', 'confirmed', 'gave-up'])
  })
})
