import { describe, expect, it } from 'vitest'
import { DAY } from '../../src/domain/time/instant.ts'
import { localText } from '../../src/domain/time/local-text.ts'
import { NOON } from './build.ts'

describe('the text of a local time', () => {
  it('begins with the day of the week in that zone', () => {
    const week = [0, 1, 2, 3, 4, 5, 6].map((days) => localText(NOON + days * DAY, 'Pacific/Auckland'))
    expect(week[0]).toBe('Tue 2026-11-24 01:00')
    expect(week.map((text) => text.slice(0, 3))).toEqual(['Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun', 'Mon'])
  })
})
