import { describe, expect, it } from 'vitest'
import type { Happening, KeptTermination, TerminationReport } from '../../src/domain/terminate/termination.ts'
import { createTerminations } from '../../src/domain/terminate/terminations.ts'
import { type Instant, MINUTE, NEVER, SECOND } from '../../src/domain/time/instant.ts'
import { connection, ENDPOINT, NOON, RETRY, VIOLATION } from './build.ts'

const outcomesOf = (reports: readonly TerminationReport[]) => reports.map(({ outcome }) => outcome)

/** A ledger, driven as the executor drives it. Snapshots take 100 ms. */
const createLedger = (kept: readonly KeptTermination[] = []) => {
  const terminations = createTerminations(kept)
  const happen = (id: string, happening: Happening, now: Instant) => terminations.happen(id, happening, now, RETRY)
  const take = (now: Instant, { id = 'one', callId = 'call-1', policy = 'daily' } = {}) => {
    const selector = 'connection-id'
    happen(id, { what: 'taken', violation: { ...VIOLATION, connectionId: id, policy }, callId, selector }, now)
  }
  return {
    terminations,
    happen,
    take,
    /** A call leaves. */
    send(now: Instant, id = 'one') {
      take(now, { id })
      happen(id, { what: 'left' }, now)
    },
    /** A snapshot that shows the connection with each of these statuses: none or one. */
    see(begunAt: Instant, ...statuses: readonly string[]) {
      const connections = statuses.map((status) => connection({ id: 'one', status }))
      return terminations.see({ endpointId: ENDPOINT, begunAt, completedAt: begunAt + 100, connections }, RETRY)
    },
  }
}

/** A termination whose call left at noon and was accepted a second later. */
const accepted = () => {
  const ledger = createLedger()
  ledger.send(NOON)
  ledger.happen('one', { what: 'accepted', requestId: 'request' }, NOON + SECOND)
  return ledger
}

describe('a termination', () => {
  it('is confirmed only by a snapshot begun after the answer', () => {
    const { see } = accepted()
    expect(see(NOON + SECOND, 'terminated')).toEqual([])
    expect(outcomesOf(see(NOON + SECOND + 1, 'terminated'))).toEqual(['confirmed'])
  })

  it('is confirmed by absence only if two snapshots running do not show the connection', () => {
    const { see } = accepted()
    expect(see(NOON + 5 * SECOND)).toEqual([])
    expect(see(NOON + 10 * SECOND, 'terminating')).toEqual([])
    expect(see(NOON + 15 * SECOND)).toEqual([])
    expect(outcomesOf(see(NOON + 20 * SECOND))).toEqual(['confirmed'])
  })

  it('may be repeated only after its time is up, and is given up after the last attempt', () => {
    const { terminations, happen, see, send } = accepted()
    expect(see(NOON + 40 * SECOND, 'active')).toEqual([])
    expect(terminations.mayLeave('one', NOON + 50 * SECOND)).toBe(false)
    let now = NOON + SECOND
    for (const attempt of [1, 2, 3]) {
      now += MINUTE
      expect(outcomesOf(see(now, 'active'))).toEqual(attempt === 3 ? ['gave-up'] : [])
      const again = terminations.nextTryAfter(now)
      expect(again).toBe(now + 100 + (attempt === 3 ? 5 * MINUTE : attempt * 5 * SECOND))
      now = again
      expect(terminations.mayLeave('one', now - 1)).toBe(false)
      expect(terminations.mayLeave('one', now)).toBe(true)
      send(now)
      happen('one', { what: 'accepted', requestId: undefined }, now)
    }
    expect(terminations.of('one')?.attempts).toBe(1)
  })

  it('is reported under the call that AWS accepted, not under one that was withdrawn after it', () => {
    const { terminations, happen, take, see } = accepted()
    expect(see(NOON + 2 * MINUTE, 'active')).toEqual([])
    const again = terminations.nextTryAfter(NOON + 2 * MINUTE)
    take(again, { callId: 'call-2', policy: 'other' })
    expect(terminations.of('one')).toMatchObject({ callId: 'call-2', violation: { policy: 'other' } })
    happen('one', { what: 'uncounted' }, again)
    expect(see(again + SECOND, 'terminated')).toEqual([
      {
        outcome: 'confirmed',
        violation: VIOLATION,
        callId: 'call-1',
        selector: 'connection-id',
        attempts: 1,
        leftAt: NOON,
        requestId: 'request',
      },
    ])
  })

  it('of an earlier process whose clock was ahead is followed, though no plan wants it any more', () => {
    const [kept] = accepted().terminations.kept()
    if (kept === undefined) throw new Error('no termination is kept')
    const { terminations, see } = createLedger([
      {
        ...kept,
        state: 'waiting',
        heard: 'unread',
        absences: 0,
        answeredAt: NOON + MINUTE,
        tryAgainAt: NOON + SECOND,
      },
    ])
    const outcomes = (begunAt: Instant, ...statuses: readonly string[]) => {
      const reports = see(begunAt, ...statuses)
      terminations.want(() => false, begunAt + 100, RETRY)
      return outcomesOf(reports)
    }
    expect(outcomes(NOON + 10 * SECOND, 'terminated')).toEqual([])
    expect(outcomes(NOON + 20 * SECOND)).toEqual([])
    expect(outcomes(NOON + 30 * SECOND, 'terminated')).toEqual(['confirmed'])
  })

  it('whose call AWS refused is reported as already gone when the connection ends for another reason', () => {
    const { happen, send, see } = createLedger()
    send(NOON)
    expect(outcomesOf(happen('one', { what: 'refused' }, NOON + SECOND))).toEqual(['failed'])
    expect(outcomesOf([...see(NOON + 5 * SECOND), ...see(NOON + 9 * SECOND)])).toEqual(['already-gone'])
  })

  it.each([
    ['terminated', ['confirmed'], true],
    ['terminating', [], false],
    ['active', [], true],
  ])('whose call was out when the process ended, and that a snapshot shows as %s', (status, outcomes, mayLeave) => {
    const before = createLedger()
    before.send(NOON)
    const { terminations, see } = createLedger(before.terminations.kept())
    const begunAt = NOON + 10 * SECOND
    const reports = see(begunAt, status)
    terminations.want(() => status === 'active', begunAt, RETRY)
    expect(outcomesOf(reports)).toEqual(outcomes)
    expect(terminations.mayLeave('one', begunAt)).toBe(mayLeave)
    expect(terminations.open()).toBe(status === 'terminated' ? 0 : 1)
  })
})

describe('the terminations of an endpoint', () => {
  it('are followed one by one', () => {
    const { terminations, happen, send, see } = accepted()
    send(NOON, 'two')
    happen('two', { what: 'not-found' }, NOON + SECOND)
    expect(see(NOON + 5 * SECOND, 'terminated').map((one) => [one.violation.connectionId, one.outcome])).toEqual([
      ['one', 'confirmed'],
      ['two', 'already-gone'],
    ])
    expect([terminations.of('one'), terminations.of('two')]).toEqual([undefined, undefined])
  })

  it('are open until their outcome', () => {
    const { terminations, happen, take, see } = accepted()
    expect(terminations.open()).toBe(1)
    take(NOON, { id: 'two' })
    expect(terminations.open()).toBe(2)
    happen('two', { what: 'left' }, NOON)
    happen('two', { what: 'not-found' }, NOON)
    expect(terminations.open()).toBe(2)
    see(NOON + 5 * SECOND)
    expect(terminations.open()).toBe(1)
  })

  it('need a snapshot once EC2 has settled after the first answer that has to be confirmed', () => {
    const { terminations, happen, send, see } = createLedger()
    expect(terminations.proofDueAt(RETRY)).toBe(NEVER)
    send(NOON)
    expect(terminations.proofDueAt(RETRY)).toBe(NEVER)
    happen('one', { what: 'accepted', requestId: undefined }, NOON + SECOND)
    expect(terminations.proofDueAt(RETRY)).toBe(NOON + 3 * SECOND)
    send(NOON, 'two')
    happen('two', { what: 'unanswered' }, NOON + MINUTE)
    expect(terminations.proofDueAt(RETRY)).toBe(NOON + 3 * SECOND)
    see(NOON + 2 * MINUTE, 'terminated')
    expect(terminations.proofDueAt(RETRY)).toBe(NOON + MINUTE + 2 * SECOND)
  })

  it('may next be tried again when the first of them may', () => {
    const { terminations, happen, send } = createLedger()
    expect(terminations.nextTryAfter(NOON)).toBe(NEVER)
    for (const [id, seconds] of [
      ['one', 2],
      ['two', 1],
    ] as const) {
      send(NOON, id)
      happen(id, { what: 'refused' }, NOON + seconds * SECOND)
    }
    expect(terminations.nextTryAfter(NOON)).toBe(NOON + 6 * SECOND)
    expect(terminations.nextTryAfter(NOON + 6 * SECOND)).toBe(NOON + 7 * SECOND)
    expect(terminations.nextTryAfter(NOON + 7 * SECOND)).toBe(NEVER)
  })

  it('that wait are forgotten if the newest plan does not want them', () => {
    const { terminations, happen, send } = createLedger()
    for (const id of ['one', 'two']) {
      send(NOON, id)
      happen(id, { what: 'refused' }, NOON + SECOND)
    }
    terminations.want((id) => id === 'two', NOON + 2 * SECOND, RETRY)
    expect([terminations.of('one'), terminations.of('two')?.state]).toEqual([undefined, 'waiting'])
  })

  it('are kept for the next process without a call that is out, and go on there as they were', () => {
    const { terminations, send } = accepted()
    send(NOON, 'two')
    const kept = terminations.kept()
    expect(kept).toMatchObject([
      { state: 'unproven', violation: { connectionId: 'one' } },
      { state: 'waiting', heard: 'unread', leftAt: NOON, violation: { connectionId: 'two' } },
    ])
    expect(terminations.of('two')?.state).toBe('in-flight')
    expect(createTerminations(kept).kept()).toEqual(kept)
  })

  it('may leave and may be planned where there is none', () => {
    const { terminations, take } = createLedger()
    expect([terminations.mayLeave('one', NOON), terminations.mayPlan('one', NOON)]).toEqual([true, true])
    take(NOON)
    expect([terminations.mayLeave('one', NOON), terminations.mayPlan('one', NOON)]).toEqual([false, true])
  })

  it('are made one by one for a user name that AWS refused, until no connection has that name', () => {
    const { terminations, see } = createLedger()
    terminations.singly.add('alice').add('bob')
    see(NOON, 'active')
    expect([...terminations.singly]).toEqual(['alice'])
    see(NOON + MINUTE)
    expect([...terminations.singly]).toEqual([])
  })
})
