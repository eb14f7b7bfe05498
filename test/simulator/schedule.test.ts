import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NEVER } from '../../src/domain/time/instant.ts'
import { createSchedule } from '../../src/simulator/schedule.ts'

describe('a schedule', () => {
  it('lets happen what is due, in order, and what came first before what came later', () => {
    const entries = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 200 })
    const stops = fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 10 })
    fc.assert(
      fc.property(entries, stops, (instants, until) => {
        const schedule = createSchedule(0)
        const happened: number[] = []
        for (const [index, at] of instants.entries()) schedule.add(at, () => happened.push(index))

        const order = [...instants.keys()].sort((a, b) => (instants[a] ?? 0) - (instants[b] ?? 0) || a - b)
        let furthest = Number.NEGATIVE_INFINITY
        for (const stop of until) {
          schedule.runUntil(stop)
          furthest = Math.max(furthest, stop)
          expect(happened).toEqual(order.filter((index) => (instants[index] ?? 0) <= furthest))
        }
      }),
    )
  })

  it('takes in what is added while it runs', () => {
    const schedule = createSchedule(0)
    const happened: string[] = []
    schedule.add(10, () => {
      happened.push('first')
      schedule.add(15, () => happened.push('its consequence'))
      schedule.add(30, () => happened.push('too late'))
    })
    schedule.add(20, () => happened.push('second'))
    schedule.runUntil(20)
    expect(happened).toEqual(['first', 'its consequence', 'second'])
  })

  it('never comes to what is due never', () => {
    const schedule = createSchedule(0)
    schedule.add(NEVER, () => expect.unreachable())
    schedule.runUntil(NEVER)
  })
})
