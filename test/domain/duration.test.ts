import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatDuration, parseDuration } from '../../src/domain/duration.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../../src/domain/instant.ts'

describe('a duration', () => {
  it.each([
    ['90s', 90 * SECOND],
    ['30m', 30 * MINUTE],
    ['8h', 8 * HOUR],
    ['1d12h', 36 * HOUR],
    ['PT8H', 8 * HOUR],
    ['P1DT30M', DAY + 30 * MINUTE],
    ['0s', 0],
  ])('%s is read', (text, ms) => {
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
  ])('%s is refused', (text) => {
    expect(parseDuration(text)).toHaveProperty('problem')
  })

  it('is read back as it is written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3652 * 86_400 }), (seconds) => {
        expect(parseDuration(formatDuration(seconds * SECOND))).toEqual({ ms: seconds * SECOND })
      }),
    )
  })
})
