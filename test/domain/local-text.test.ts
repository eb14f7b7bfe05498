import { describe, expect, it } from 'vitest'
import { DAY } from '../../src/domain/time/instant.ts'
import { localText } from '../../src/domain/time/local-text.ts'
import { NOON } from './build.ts'

describe('the time on a wall', () => {
  it('has the day of the week there, from Monday to Sunday', () => {
    const week = [0, 1, 2, 3, 4, 5, 6].map((days) => localText(NOON + days * DAY, 'Pacific/Auckland'))
    expect(week[0]).toBe('Tue 2026-11-24 01:00')
    expect(week.map((text) => text.slice(0, 3))).toEqual(['Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun', 'Mon'])
  })
})
