import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPersonOutbox, MOST_PERSONS } from '../../../src/adapters/notify/person-outbox.ts'
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
    expect(parcel?.prepare(NOON)).toMatchObject({ late: { count: 0 }, count: 2 })
    const { late, count } = parcel?.prepare(NOON + MINUTE) ?? {}
    expect([late?.count, late?.warnings.map(({ endsAt }) => endsAt), count]).toEqual([1, [NOON + MINUTE], 1])
    expect(parcel?.prepare(NOON + MINUTE)).toMatchObject({ late: { count: 0 }, count: 1 })
    expect(parcel?.prepare(NOON + 2 * MINUTE)).toMatchObject({ late: { count: 1 }, count: 0, request: undefined })
  })

  it('has room for the warnings of 126,000 connections, and takes the earliest end first', () => {
    const outbox = createOutbox()
    const { person, ...warning } = warningOf('alice')
    if (person === undefined) throw new Error('a warning is for a person')
    let lost = 0
    for (let index = 0; index < 126_000; index++) {
      const endsAt = NOON + ((index * 7919) % 126_000) * SECOND
      const principal = { username: `person-${index}`, commonName: undefined }
      lost += outbox.add({ ...warning, person: { ...person, endsAt }, principal }, START).count
    }
    const ends: number[] = []
    const now = elapsedAt(2 * SECOND)
    while (outbox.msUntilDue(now) === 0) {
      ends.push(
        ...(outbox
          .take(now)
          ?.prepare(NOON - SECOND)
          .request?.news.map(({ endsAt }) => endsAt) ?? []),
      )
    }
    expect([lost, ends.length]).toEqual([0, 126_000])
    expect(ends).toEqual(ends.toSorted((one, other) => one - other))
  })

  it('takes whoever waits longest of those whose sessions end together, and news of the past last', () => {
    const outbox = createOutbox()
    const past = notificationOf({ ...NOTIFIED.terminated, violation: violation({ username: 'dave' }) } as never, NOON)
    if (past !== undefined) outbox.add(past, START)
    for (const name of ['carol', 'bob', 'alice']) outbox.add(warningOf(name), START)
    const sooner = warningOf('erin', NOON + 10 * MINUTE)
    outbox.add(sooner, elapsedAt(SECOND))
    const names = Array.from({ length: 5 }, () => outbox.take(elapsedAt(4 * SECOND))?.prepare(NOON).request?.address)
    expect(names).toEqual(['erin', 'carol', 'bob', 'alice', 'dave'])
  })

  it('moves a person forward whose next warning is of an earlier end', () => {
    const outbox = createOutbox()
    outbox.add(warningOf('alice', NOON + 15 * MINUTE), START)
    outbox.add(warningOf('bob', NOON + 20 * MINUTE), START)
    outbox.add(warningOf('carol', NOON + 10 * MINUTE), START)
    const take = () => outbox.take(elapsedAt(2 * SECOND))?.prepare(NOON).request?.address
    expect(take()).toBe('carol')
    outbox.add(warningOf('bob', NOON + 5 * MINUTE, 'another'), elapsedAt(2 * SECOND))
    expect([take(), take(), take()]).toEqual(['bob', 'alice', undefined])
  })

  it('refuses a person for whom there is no room, and tells which warning that was', () => {
    const outbox = createOutbox()
    const alice = warningOf('alice')
    for (let index = 0; index < MOST_PERSONS; index++) {
      outbox.add({ ...alice, principal: { username: `person-${index}`, commonName: undefined } }, START)
    }
    expect(outbox.add(warningOf('person-1', NOON + MINUTE, 'another'), START).count).toBe(0)
    const { count, warnings } = outbox.add(warningOf('bob'), START)
    expect([count, warnings.map(({ violation: { username } }) => username)]).toEqual([1, ['bob']])
    expect(outbox.clear().count).toBe(MOST_PERSONS + 1)
  })

  it('writes to one person once, however the address is spelled', () => {
    const outbox = createOutbox()
    outbox.add(warningOf('Zoe@corp.example'), START)
    outbox.add(warningOf('zoe@corp.example', NOON + 20 * MINUTE, 'another'), START)
    const { request, count } = outbox.take(FAR_AHEAD)?.prepare(NOON) ?? {}
    expect([request?.address, count]).toEqual(['Zoe@corp.example', 2])
    expect(outbox.take(FAR_AHEAD)).toBeUndefined()
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
            ).count
            return
          }
          const parcel = outbox.take(now)
          if (parcel === undefined) return
          const prepared = parcel.prepare(instant)
          late += prepared.late.count
          if (one.take || prepared.request === undefined) sent += prepared.count
          else parcel.putBack?.(now)
        })
        expect(sent + late + dropped + outbox.clear().count).toBe(added)
      }),
    )
  })
})
