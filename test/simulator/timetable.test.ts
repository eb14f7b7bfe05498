import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NEVER } from '../../src/domain/time/instant.ts'
import { createTimetable } from '../../src/simulator/timetable.ts'

describe('a schedule', () => {
  it('runs the events up to an instant in order, and events of one instant in the order they were added', () => {
    const entries = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 200 })
    const stops = fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 10 })
    fc.assert(
      fc.property(entries, stops, (instants, until) => {
        const timetable = createTimetable(0)
        const ran: number[] = []
        for (const [index, at] of instants.entries()) timetable.add(at, () => ran.push(index))

        const order = [...instants.keys()].sort((a, b) => (instants[a] ?? 0) - (instants[b] ?? 0) || a - b)
        let furthest = Number.NEGATIVE_INFINITY
        for (const stop of until) {
          timetable.runUntil(stop)
          furthest = Math.max(furthest, stop)
          expect(ran).toEqual(order.filter((index) => (instants[index] ?? 0) <= furthest))
        }
      }),
    )
  })

  it('runs events that another event adds', () => {
    const timetable = createTimetable(0)
    const ran: string[] = []
    timetable.add(10, () => {
      ran.push('first')
      timetable.add(15, () => ran.push('its consequence'))
      timetable.add(30, () => ran.push('too late'))
    })
    timetable.add(20, () => ran.push('second'))
    timetable.runUntil(20)
    expect(ran).toEqual(['first', 'its consequence', 'second'])
  })

  it('never runs an event at NEVER', () => {
    const timetable = createTimetable(0)
    timetable.add(NEVER, () => expect.unreachable())
    timetable.runUntil(NEVER)
  })
})
