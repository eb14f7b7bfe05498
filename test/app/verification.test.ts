import { describe, expect, it } from 'vitest'
import { createVerification } from '../../src/app/verification.ts'
import type { Violation } from '../../src/app/violation.ts'
import { HOUR, type Instant, MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { connection, ENDPOINT, NOON } from '../domain/build.ts'

const SETTINGS = { verifyWithinMs: MINUTE, attempts: 3 }

const violation: Violation = {
  connectionId: 'one',
  username: 'alice',
  commonName: undefined,
  policy: 'daily',
  reason: 'session-age',
  since: NOON - HOUR,
  deadline: NOON - HOUR,
  because: 'too old',
  alsoBy: [],
}

/** A termination that left at noon and was answered a second later. */
const answered = () => {
  const verification = createVerification()
  verification.sending(violation, 'connection-id', NOON)
  verification.sent('one', 'request', NOON + SECOND)
  const outcomes = (begunAt: Instant, status: string | undefined) =>
    verification
      .see(
        {
          endpointId: ENDPOINT,
          begunAt,
          completedAt: begunAt + 100,
          connections: status === undefined ? [] : [connection({ id: 'one', status })],
        },
        SETTINGS,
      )
      .map(({ outcome }) => outcome)
  return { verification, outcomes }
}

describe('a termination', () => {
  it('is proven only by a snapshot begun after the call was answered', () => {
    const { outcomes } = answered()
    expect(outcomes(NOON + SECOND, 'terminated')).toEqual([])
    expect(outcomes(NOON + SECOND + 1, 'terminated')).toEqual(['confirmed'])
  })

  it('is proven by absence only if two snapshots running lack the connection', () => {
    const { outcomes } = answered()
    expect(outcomes(NOON + 5 * SECOND, undefined)).toEqual([])
    expect(outcomes(NOON + 10 * SECOND, 'terminating')).toEqual([])
    expect(outcomes(NOON + 15 * SECOND, undefined)).toEqual([])
    expect(outcomes(NOON + 20 * SECOND, undefined)).toEqual(['confirmed'])
  })

  it('may be sent again only after its time is up, and gives up after the last attempt', () => {
    const { verification, outcomes } = answered()
    expect(outcomes(NOON + 40 * SECOND, 'active')).toEqual([])
    expect(verification.maySend('one', NOON + 50 * SECOND)).toBe(false)
    let now = NOON + SECOND
    for (const attempt of [1, 2, 3]) {
      now += MINUTE
      expect(outcomes(now, 'active')).toEqual(attempt === 3 ? ['gave-up'] : [])
      now = Math.min(verification.againAfter(now), now + HOUR)
      expect(verification.maySend('one', now - 1)).toBe(false)
      expect(verification.maySend('one', now)).toBe(true)
      verification.sending(violation, 'connection-id', now)
      verification.sent('one', undefined, now)
    }
  })

  it('is told in the name of the call that AWS took, not of one that was taken back after it', () => {
    const { verification, outcomes } = answered()
    verification.recorded('one', 'first')
    expect(outcomes(NOON + 2 * MINUTE, 'active')).toEqual([])
    const again = verification.againAfter(NOON + 2 * MINUTE)
    verification.sending({ ...violation, policy: 'other' }, 'username', again)
    verification.recorded('one', 'second')
    verification.unsent('one')
    const rows = [connection({ id: 'one', status: 'terminated' })]
    const times = { begunAt: again + SECOND, completedAt: again + SECOND }
    expect(verification.see({ endpointId: ENDPOINT, ...times, connections: rows }, SETTINGS)).toMatchObject([
      { outcome: 'confirmed', violation, callId: 'first', selector: 'connection-id', attempts: 1, leftAt: NOON },
    ])
  })

  it('of the last process is followed though nobody wants it any more, and though that process was ahead', () => {
    const { verification } = answered()
    const [pursuit] = verification.kept()
    if (pursuit === undefined) throw new Error('none is kept')
    const again = createVerification([{ ...pursuit, state: 'free', sentAt: NOON + MINUTE }])
    const outcomes = (begunAt: Instant, ...rows: readonly string[]) => {
      const connections = rows.map((status) => connection({ id: 'one', status }))
      const proofs = again.see({ endpointId: ENDPOINT, begunAt, completedAt: begunAt + 100, connections }, SETTINGS)
      again.drop(() => true)
      return proofs.map(({ outcome }) => outcome)
    }
    expect(outcomes(NOON + 10 * SECOND, 'terminated')).toEqual([])
    expect(outcomes(NOON + 20 * SECOND)).toEqual([])
    expect(outcomes(NOON + 30 * SECOND, 'terminated')).toEqual(['confirmed'])
  })

  it('that nobody took is not claimed when the connection goes by itself', () => {
    const verification = createVerification()
    verification.sending(violation, 'connection-id', NOON)
    expect(verification.refused('one', SETTINGS, NOON + SECOND).map(({ outcome }) => outcome)).toEqual(['failed'])
    const seen = (begunAt: Instant) =>
      verification.see({ endpointId: ENDPOINT, begunAt, completedAt: begunAt, connections: [] }, SETTINGS)
    expect([...seen(NOON + 5 * SECOND), ...seen(NOON + 9 * SECOND)].map(({ outcome }) => outcome)).toEqual([
      'already-gone',
    ])
  })

  it.each([
    ['terminated', ['confirmed'], true],
    ['terminating', [], false],
    ['active', [], true],
  ])('that was out when the process ended, and that a snapshot then shows as %s', (status, outcomes, maySend) => {
    const verification = createVerification()
    verification.sending(violation, 'connection-id', NOON)
    const again = createVerification(verification.kept())
    const connections = [connection({ id: 'one', status })]
    const begunAt = NOON + 10 * SECOND
    const proofs = again.see({ endpointId: ENDPOINT, begunAt, completedAt: begunAt, connections }, SETTINGS)
    again.drop(() => status !== 'active')
    expect(proofs.map(({ outcome }) => outcome)).toEqual(outcomes)
    expect(again.maySend('one', begunAt)).toBe(maySend)
    expect(again.open()).toBe(status === 'terminated' ? 0 : 1)
  })
})
