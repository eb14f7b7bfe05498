import { expect, it } from 'vitest'
import { openingText } from '../../src/domain/time/opening-text.ts'

it.each([
  ['2026-11-23T07:30:00+01:00', '2026-11-23T06:00:00+01:00', 'Mon 07:30'],
  ['2026-11-29T23:59:00+01:00', '2026-11-23T06:00:00+01:00', 'Sun 23:59'],
  ['2026-11-30T00:00:00+01:00', '2026-11-23T06:00:00+01:00', 'Mon 2026-11-30 00:00'],
  ['2026-11-23T07:30:00.001+01:00', '2026-11-23T06:00:00+01:00', 'Mon 07:31'],
  ['2026-11-29T23:59:00.001+01:00', '2026-11-23T06:00:00+01:00', 'Mon 2026-11-30 00:00'],
  ['2026-10-25T02:30:00+02:00', '2026-10-24T06:00:00+02:00', 'Sun 02:30+02:00'],
  ['2026-10-25T02:30:00+01:00', '2026-10-24T06:00:00+02:00', 'Sun 02:30+01:00'],
  ['2026-10-25T03:00:00+01:00', '2026-10-24T06:00:00+02:00', 'Sun 03:00'],
])('an opening at %s, told at %s, is %s in Berlin', (at, now, text) => {
  expect(openingText(Date.parse(at), Date.parse(now), 'Europe/Berlin')).toBe(text)
})

it('is told in the zone of each policy', () => {
  const [at, now] = [Date.parse('2026-11-23T07:30:00Z'), Date.parse('2026-11-23T06:00:00Z')]
  expect(['UTC', 'Asia/Tokyo', 'UTC'].map((zone) => openingText(at, now, zone))).toEqual([
    'Mon 07:30',
    'Mon 16:30',
    'Mon 07:30',
  ])
})
