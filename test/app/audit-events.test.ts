import { describe, expect, it } from 'vitest'
import { createAuditEvents } from '../../src/app/audit-events.ts'
import type { CurfewEvent } from '../../src/app/events.ts'
import { MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { NOON } from '../domain/build.ts'
import { createManualClock, settled } from './manual-clock.ts'
import { createStandInTrail } from './stand-in-trail.ts'

const setUp = () => {
  const clock = createManualClock(NOON)
  const audit = createStandInTrail()
  const events: CurfewEvent[] = []
  const trail = createAuditEvents({
    audit: audit.trail,
    policySetHash: () => 'hash',
    clock,
    emit: (event) => events.push(event),
  })
  let count = 0
  /** Each record has its own time, which shows its place. */
  const happen = (times = 1) => {
    for (let index = 0; index < times; index++) trail.observe({ event: 'stopped', at: NOON + ++count })
  }
  const written = () => audit.records.map(({ time }) => time - NOON)
  const lost = () => events.flatMap((event) => (event.event === 'audit-records-lost' ? [event.records] : []))
  return { clock, audit, trail, happen, written, lost }
}

describe('records that wait for a full disk', () => {
  it('are written when there is room again, without another event', async () => {
    const { clock, audit, happen, written, lost } = setUp()
    audit.disk.isFull = true
    happen(2)
    await clock.advance(MINUTE)
    happen(1)
    await clock.advance(MINUTE)
    expect(written()).toEqual([])
    audit.disk.isFull = false
    await clock.advance(10 * SECOND)
    expect(written()).toEqual([1, 2, 3])
    expect(lost()).toEqual([])
  })

  it('are tried a last time at the stop, with those whose write fails during the stop', async () => {
    const { audit, trail, happen, written, lost } = setUp()
    audit.disk.isFull = true
    happen(2)
    await settled()
    // This write is under way when the stop begins, and fails.
    happen(1)
    const closed = trail.close()
    queueMicrotask(() =>
      queueMicrotask(() => {
        audit.disk.isFull = false
      }),
    )
    await closed
    expect(written()).toEqual([1, 2, 3])
    expect(lost()).toEqual([])
  })

  it('are counted as lost if the disk is still full at the stop', async () => {
    const { audit, trail, happen, written, lost } = setUp()
    audit.disk.isFull = true
    happen(3)
    await trail.close()
    expect(written()).toEqual([])
    expect(lost()).toEqual([3])
  })

  it('are counted as lost beyond 50,000, the oldest first, once the disk has room', async () => {
    const { clock, audit, happen, written, lost } = setUp()
    audit.disk.isFull = true
    happen(1)
    await settled()
    happen(50_004)
    await settled()
    audit.disk.isFull = false
    await clock.advance(10 * SECOND)
    expect(lost()).toEqual([5])
    expect([written().length, written().at(-1)]).toEqual([50_000, 50_005])
  })
})
