import { expect, it } from 'vitest'
import type { CurfewEvent } from '../../src/app/events.ts'
import { watchTrail } from '../../src/app/watched-trail.ts'
import { MINUTE } from '../../src/domain/time/instant.ts'
import { NOON } from '../domain/build.ts'
import { createManualClock, settled } from './manual-clock.ts'
import { createStandInTrail } from './stand-in-trail.ts'

it('a disk that is only slow is writable again when no record is late', async () => {
  const clock = createManualClock(NOON)
  const events: CurfewEvent[] = []
  const answers: Array<() => void> = []
  const write = () =>
    new Promise<void>((resolve) => {
      answers.push(resolve)
    })
  const watched = watchTrail(
    { ...createStandInTrail().trail, write },
    clock,
    (event) => events.push(event),
    () => {},
  )
  const written = [watched.write([]), watched.write([])]
  await clock.advance(MINUTE)
  answers[0]?.()
  await settled()
  expect(events.map(({ event }) => event)).toEqual(['unwritable'])
  answers[1]?.()
  await Promise.all(written)
  expect(events.map(({ event }) => event)).toEqual(['unwritable', 'writable'])
})

it('a disk that does not answer is reported after half a minute, once, and again when it answers', async () => {
  const clock = createManualClock(NOON)
  const events: CurfewEvent[] = []
  let answer = () => {}
  const disk = new Promise<void>((resolve) => {
    answer = resolve
  })
  const trail = { ...createStandInTrail().trail, write: () => disk }
  const watched = watchTrail(
    trail,
    clock,
    (event) => events.push(event),
    () => {},
  )
  const written = Promise.all([watched.write([]), watched.write([])])
  await clock.advance(29_000)
  expect(events).toEqual([])
  await clock.advance(MINUTE)
  expect(events).toMatchObject([{ event: 'unwritable', what: 'audit' }])
  answer()
  await written
  await settled()
  expect(events.slice(1)).toMatchObject([{ event: 'writable', what: 'audit' }])
})
