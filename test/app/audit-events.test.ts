import { describe, expect, it } from 'vitest'
import { createAuditEvents } from '../../src/app/audit-events.ts'
import type { CurfewEvent } from '../../src/app/events.ts'
import { createOneAtATime } from '../../src/app/one-at-a-time.ts'
import { LONGEST_PART, partsOf } from '../../src/app/policy-set-text.ts'
import { MINUTE, SECOND } from '../../src/domain/time/instant.ts'
import { NOON } from '../domain/build.ts'
import { createManualClock, settled } from './manual-clock.ts'
import { createStandInTrail } from './stand-in-trail.ts'

const setUp = (text = () => '{}', inTurn = createOneAtATime()) => {
  const clock = createManualClock(NOON)
  const audit = createStandInTrail()
  const events: CurfewEvent[] = []
  const trail = createAuditEvents({
    audit: audit.trail,
    policySetHash: () => 'hash',
    policySetParts: () => partsOf(text()),
    inTurn,
    clock,
    emit: (event) => events.push(event),
  })
  let count = 0
  /** Each record has its own time, which shows its place. */
  const happen = (times = 1) => {
    for (let index = 0; index < times; index++) trail.observe({ event: 'stopped', at: NOON + ++count })
  }
  const written = () => audit.of('stop').map(({ time }) => time - NOON)
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

describe('the text of the policy set', () => {
  it('follows the first record that names its hash, and is not written again', async () => {
    const { audit, happen } = setUp()
    happen()
    await settled()
    happen(2)
    await settled()
    expect(audit.records.map(({ event }) => event)).toEqual(['stop', 'policy-set', 'stop', 'stop'])
  })

  it('is in as many records as it needs, although more happens meanwhile', async () => {
    const text = `"${'x'.repeat(2 * LONGEST_PART)}"`
    const { audit, happen } = setUp(() => text)
    happen(2)
    await settled()
    const parts = audit.of('policy-set')
    expect(parts.map(({ part, parts: of }) => [part, of])).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ])
    expect(parts.map((record) => record.text).join('')).toBe(text)
  })

  it('does not wait for a full disk: it is made anew once there is room, for the set in force then', async () => {
    let text = '"before"'
    const { clock, audit, happen } = setUp(() => text)
    audit.disk.isFull = true
    happen()
    await clock.advance(MINUTE)
    text = '"now"'
    audit.disk.isFull = false
    await clock.advance(10 * SECOND)
    expect(audit.of('policy-set').map((record) => record.text)).toEqual(['"now"'])
  })

  it('of hundreds of units is written part by part, one at a time', async () => {
    const inTurn = createOneAtATime()
    const text = `"${'x'.repeat(LONGEST_PART)}"`
    const units = Array.from({ length: 20 }, () => setUp(() => text, inTurn))
    let underWay = 0
    let most = 0
    for (const { audit } of units) {
      const write = audit.trail.write
      audit.trail.write = async (records) => {
        const isText = records.some(({ event }) => event === 'policy-set')
        if (isText) most = Math.max(most, ++underWay)
        await new Promise((resolve) => setImmediate(resolve))
        await write(records)
        if (isText) underWay--
      }
    }
    for (const { happen } of units) happen()
    while (units.some(({ audit }) => audit.of('policy-set').length < 2)) await settled()
    expect(most).toBe(1)
  })

  it('that waits for those of other units holds up no stop', async () => {
    const inTurn = createOneAtATime()
    void inTurn(() => new Promise(() => {}), new AbortController().signal)
    const { audit, trail, happen } = setUp(() => '{}', inTurn)
    happen()
    await trail.close()
    expect(audit.records.map(({ event }) => event)).toEqual(['stop'])
  })
})
