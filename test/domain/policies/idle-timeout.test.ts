import { describe, expect, it } from 'vitest'
import type { Connection } from '../../../src/domain/connection.ts'
import type { Note } from '../../../src/domain/policies/policy.ts'
import { type Instant, MINUTE, NEVER } from '../../../src/domain/time/instant.ts'
import { connection, judged, NOON, policy } from '../build.ts'

const idle = policy('idle-timeout', { after: '30m', below: '100KB' })
const DUE = NOON + 30 * MINUTE

interface Seen {
  readonly mark?: Note | undefined
  readonly bytes?: Partial<Connection>
  readonly snapshotAt?: Instant | undefined
  readonly movedAt?: Instant | undefined
}

/** By default the mark was set at noon with ten bytes, a fresh snapshot shows no more, and counters have just moved. */
const at = (now: Instant, different: Seen = {}) => {
  const seen = { mark: { at: NOON, bytes: 10 }, snapshotAt: now, movedAt: now, ...different }
  const subject = connection({ ingressBytes: 4, egressBytes: 6, ...seen.bytes })
  return judged(idle, subject, now, {
    note: () => seen.mark,
    snapshotAt: () => seen.snapshotAt,
    countersMovedAt: () => seen.movedAt,
  })
}

describe('idle-timeout', () => {
  it('is violated from the first millisecond after `after`', () => {
    expect(at(DUE - 1)).toMatchObject({ word: 'fine', nextAt: DUE })
    expect(at(DUE)).toMatchObject({ word: 'violated', since: DUE, nextAt: NEVER })
    expect(at(DUE + MINUTE)).toMatchObject({ word: 'violated', since: DUE })
  })

  it.each([
    [99_999, 'violated'],
    [100_000, 'fine'],
    [-1, 'fine'],
    [0, 'violated'],
  ])('finds a connection with %i bytes more than at the mark %s', (more, word) => {
    expect(at(DUE, { bytes: { ingressBytes: 4 + more } })).toMatchObject({ word, nextAt: NEVER })
    expect(at(DUE, { bytes: { egressBytes: 6 + more } }).word).toBe(word)
  })

  it('is violated only if a snapshot was begun when the time was up, or later', () => {
    expect(at(DUE + MINUTE, { snapshotAt: DUE - 1 })).toMatchObject({ word: 'fine', nextAt: NEVER })
    expect(at(DUE + MINUTE, { snapshotAt: DUE, movedAt: DUE })).toMatchObject({ word: 'violated', since: DUE })
    expect(at(DUE, { snapshotAt: undefined, movedAt: DUE }).word).toBe('violated')
    expect(at(DUE - 1, { snapshotAt: DUE }).word).toBe('fine')
    // From here on the passing of time changes nothing. Only a new snapshot does.
    expect(at(DUE, { snapshotAt: DUE - 1 })).toMatchObject({ word: 'fine', nextAt: NEVER })
  })

  it('is unknown if no counter of the endpoint moved within a third of `after`', () => {
    expect(at(DUE, { movedAt: DUE - 10 * MINUTE }).word).toBe('violated')
    expect(at(DUE, { movedAt: DUE - 10 * MINUTE - 1 })).toMatchObject({ word: 'unknown', nextAt: NEVER })
    expect(at(DUE, { movedAt: undefined }).word).toBe('unknown')
  })

  it('is unknown without counters or without a mark', () => {
    expect(at(DUE, { bytes: { ingressBytes: undefined } })).toMatchObject({ word: 'unknown', nextAt: NEVER })
    expect(at(DUE, { bytes: { egressBytes: undefined } }).word).toBe('unknown')
    expect(at(DUE, { mark: undefined }).word).toBe('unknown')
  })

  it('moves its mark after enough traffic, and when counters decrease', () => {
    const note = idle.kind.note?.(idle.rule)
    const noted = (before: Note | undefined, ingressBytes: number | undefined, egressBytes: number | undefined) =>
      note?.(before, connection({ ingressBytes, egressBytes }), NOON)
    const before = { at: NOON - MINUTE, bytes: 10 }
    expect(noted(undefined, 3, 4)).toEqual({ at: NOON, bytes: 7 })
    expect(noted(before, 100_009, 0)).toBe(before)
    expect(noted(before, 100_000, 10)).toEqual({ at: NOON, bytes: 100_010 })
    expect(noted(before, 10, 0)).toBe(before)
    expect(noted(before, 4, 5)).toEqual({ at: NOON, bytes: 9 })
    expect(noted(before, undefined, 9)).toBe(before)
    expect(noted(before, 9, undefined)).toBe(before)
  })

  it('uses 2 KiB a minute as the default of `below`, also for parts of a minute', () => {
    expect(policy('idle-timeout', { after: '90s' }).rule).toEqual({ afterMs: 90_000, belowBytes: 3072 })
    expect(policy('idle-timeout', { after: '1s' }).rule).toEqual({ afterMs: 1000, belowBytes: 35 })
    expect(idle.rule).toEqual({ afterMs: 30 * MINUTE, belowBytes: 100_000 })
  })

  it('explains since when, for how long and how long is allowed, or which fact is missing', () => {
    expect(at(DUE + MINUTE).why).toBe(
      'idle since 2026-11-23T12:00:00Z, for 31m, with less than 97.7KiB carried: at most 30m is allowed',
    )
    expect(at(DUE - 1).why).toBe('not idle: no snapshot shows that it carried less than 97.7KiB in 30m')
    for (const { why } of [at(DUE), at(DUE - 1), at(DUE, { mark: { at: NOON, bytes: 11 } })])
      expect(why).toContain('30m')
    expect(new Set([at(DUE).why, at(DUE - 1).why, at(DUE, { movedAt: undefined }).why]).size).toBe(3)
    expect(at(DUE, { movedAt: undefined }).why).not.toBe(at(DUE, { mark: undefined }).why)
  })
})
