import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LONGEST_OUTBOX } from '../../../src/adapters/notify/outbox.ts'
import { createPersonOutbox } from '../../../src/adapters/notify/person-outbox.ts'
import { type Notification, notificationOf } from '../../../src/app/notification.ts'
import { elapsedAt, FAR_AHEAD } from '../../../src/domain/time/elapsed.ts'
import { MINUTE, SECOND } from '../../../src/domain/time/instant.ts'
import { NOTIFIED, violation } from '../../app/notified-events.ts'
import { NOON } from '../../domain/build.ts'

const START = elapsedAt(0)

const createOutbox = () => createPersonOutbox({ addressOf: ({ username }) => username, withoutAddress: () => {} })

/** A warning that is told at noon, of a session that ends at an instant. */
const warningOf = (username: string | undefined, endsAt = NOON + 15 * MINUTE, connectionId = 'one'): Notification => {
  const event = { ...NOTIFIED.warning, at: NOON, endsAt, violation: violation({ username, connectionId }) }
  const notification = notificationOf(event as never, NOON)
  if (notification === undefined) throw new Error('a warning gives a notification')
  return notification
}

describe('the outbox for persons', () => {
  it('waits two seconds for more news of a person, and a minute between messages', () => {
    const outbox = createOutbox()
    outbox.add(warningOf('alice'), START)
    expect(outbox.msUntilDue(START)).toBe(2 * SECOND)
    expect(outbox.take(elapsedAt(2 * SECOND - 1))).toBeUndefined()
    expect(outbox.take(elapsedAt(2 * SECOND))).toBeDefined()
    outbox.add(warningOf('alice'), elapsedAt(3 * SECOND))
    outbox.add(warningOf('bob'), elapsedAt(3 * SECOND))
    expect(outbox.take(elapsedAt(5 * SECOND))?.prepare(NOON).request?.address).toBe('bob')
    expect(outbox.msUntilDue(elapsedAt(5 * SECOND))).toBe(57 * SECOND)
    expect(outbox.take(elapsedAt(62 * SECOND))?.prepare(NOON).request?.address).toBe('alice')
  })

  it('does not wait for the minute if the session would end before', () => {
    const outbox = createOutbox()
    outbox.add(warningOf('alice'), START)
    outbox.take(elapsedAt(2 * SECOND))
    outbox.add(warningOf('alice', NOON + 40 * SECOND), elapsedAt(3 * SECOND))
    expect(outbox.msUntilDue(elapsedAt(3 * SECOND))).toBe(20 * SECOND)
  })

  it('has one line for each connection and policy, the latest warning', () => {
    const outbox = createOutbox()
    outbox.add(warningOf('alice', NOON + 15 * MINUTE), START)
    outbox.add(warningOf('alice', NOON + 5 * MINUTE), START)
    outbox.add(warningOf('alice', NOON + 5 * MINUTE, 'another'), START)
    const { request, count, warnings } = outbox.take(FAR_AHEAD)?.prepare(NOON) ?? {}
    expect(request?.news.map(({ endsAt }) => endsAt)).toEqual([NOON + 5 * MINUTE, NOON + 5 * MINUTE])
    expect([count, warnings?.length]).toEqual([3, 2])
  })

  it('leaves out warnings of sessions that have ended, and counts each of them once', () => {
    const outbox = createOutbox()
    outbox.add(warningOf('alice', NOON + MINUTE), START)
    outbox.add(warningOf('alice', NOON + 2 * MINUTE, 'another'), START)
    const parcel = outbox.take(FAR_AHEAD)
    expect(parcel?.prepare(NOON)).toMatchObject({ late: 0, count: 2 })
    expect(parcel?.prepare(NOON + MINUTE)).toMatchObject({ late: 1, count: 1 })
    expect(parcel?.prepare(NOON + MINUTE)).toMatchObject({ late: 0, count: 1 })
    expect(parcel?.prepare(NOON + 2 * MINUTE)).toMatchObject({ late: 1, count: 0, request: undefined })
  })

  it('takes the warnings of 126,000 connections that end at once, and keeps the newest', () => {
    const outbox = createOutbox()
    let lost = 0
    const warning = warningOf(undefined)
    for (let index = 0; index < 126_000; index++) {
      lost += outbox.add({ ...warning, principal: { username: `person-${index}`, commonName: undefined } }, START)
    }
    expect(lost).toBe(126_000 - LONGEST_OUTBOX)
    expect(outbox.take(FAR_AHEAD)?.prepare(NOON).request?.address).toBe(`person-${126_000 - LONGEST_OUTBOX}`)
    expect(outbox.clear()).toBe(LONGEST_OUTBOX - 1)
  })

  it('loses no notification uncounted, whatever is added, taken, put back and dropped', () => {
    const step = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({ add: fc.nat({ max: 5 }), session: fc.nat({ max: 14 }), endsIn: fc.nat({ max: 40 }) }),
      },
      { weight: 3, arbitrary: fc.record({ take: fc.boolean() }) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const outbox = createOutbox()
        let [added, sent, late, dropped] = [0, 0, 0, 0]
        steps.forEach((one, index) => {
          const [now, instant] = [elapsedAt(index * 10 * SECOND), NOON + index * 10 * SECOND]
          if ('add' in one) {
            added++
            dropped += outbox.add(
              warningOf(`person-${one.add}`, instant + one.endsIn * 10 * SECOND, `${one.session}`),
              now,
            )
            return
          }
          const parcel = outbox.take(now)
          if (parcel === undefined) return
          const prepared = parcel.prepare(instant)
          late += prepared.late
          if (one.take || prepared.request === undefined) sent += prepared.count
          else parcel.putBack?.(now)
        })
        expect(sent + late + dropped + outbox.clear()).toBe(added)
      }),
    )
  })
})
