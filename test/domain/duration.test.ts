import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { duration, durationOrZero, formatDuration, parseDuration } from '../../src/domain/time/duration.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../../src/domain/time/instant.ts'

describe('a duration', () => {
  it.each([
    ['90s', 90 * SECOND],
    ['30m', 30 * MINUTE],
    ['8h', 8 * HOUR],
    ['1d12h', 36 * HOUR],
    ['PT8H', 8 * HOUR],
    ['P1DT30M', DAY + 30 * MINUTE],
    ['0s', 0],
  ])('reads %s', (text, ms) => {
    expect(parseDuration(text)).toEqual({ ms })
  })

  it.each([
    '',
    'P',
    'PT',
    'P1DT',
    '8',
    '8 h',
    '8H',
    '-8h',
    '1.5h',
    '8h1d',
    'P1M',
    'P1W',
    'pt8h',
    '-PT8H',
    '1y',
    '9999999d',
  ])('refuses %s', (text) => {
    expect(parseDuration(text)).toHaveProperty('problem')
  })

  it('is read back as it was formatted', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3652 * 86_400 }), (seconds) => {
        expect(parseDuration(formatDuration(seconds * SECOND))).toEqual({ ms: seconds * SECOND })
      }),
    )
  })

  it('is at most ten years long', () => {
    expect(parseDuration('3653d')).toEqual({ ms: 3653 * DAY })
    expect(parseDuration('3653d1s')).toHaveProperty('problem')
  })

  it.each([
    [0, '0s'],
    [999, '0s'],
    [-999, '0s'],
    [1999, '1s'],
    [DAY - 1, '23h59m59s'],
    [36 * HOUR, '1d12h'],
    [-90 * SECOND, '-1m30s'],
  ])('of %i ms is formatted as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })

  it('must be longer than zero in YAML, unless zero is allowed', () => {
    expect(duration.safeParse('1s')).toMatchObject({ success: true, data: SECOND })
    expect(duration.safeParse('0s').success).toBe(false)
    expect(duration.safeParse('soon').success).toBe(false)
    expect(durationOrZero.safeParse('0s')).toMatchObject({ success: true, data: 0 })
    expect(durationOrZero.safeParse('soon').success).toBe(false)
  })
})
