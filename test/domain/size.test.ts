import { describe, expect, it } from 'vitest'
import { formatSize, parseSize } from '../../src/domain/size.ts'

describe('a size', () => {
  it.each([
    ['50KiB', 51_200],
    ['10GiB', 10 * 2 ** 30],
    ['5MB', 5_000_000],
    ['1B', 1],
    ['2TB', 2e12],
  ])('%s is read', (text, bytes) => {
    expect(parseSize(text)).toEqual({ bytes })
  })

  it.each(['', '5', '5 MB', '5mb', '1.5GiB', '-1KB', '5K', '99999999TiB'])('%s is refused', (text) => {
    expect(parseSize(text)).toHaveProperty('problem')
  })

  it('is shown with the largest unit that it fills', () => {
    expect([500, 51_200, 1.5 * 2 ** 30].map(formatSize)).toEqual(['500B', '50KiB', '1.5GiB'])
  })
})
