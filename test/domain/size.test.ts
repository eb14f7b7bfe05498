import { describe, expect, it } from 'vitest'
import { formatSize, parseSize, size } from '../../src/domain/size.ts'

describe('a size', () => {
  it.each([
    ['50KiB', 51_200],
    ['10GiB', 10 * 2 ** 30],
    ['5MB', 5_000_000],
    ['1B', 1],
    ['2TB', 2e12],
  ])('reads %s', (text, bytes) => {
    expect(parseSize(text)).toEqual({ bytes })
  })

  it.each(['', '5', '5 MB', '5mb', '1.5GiB', '-1KB', '5K', '99999999TiB'])('refuses %s', (text) => {
    expect(parseSize(text)).toHaveProperty('problem')
  })

  it('is formatted in the largest unit that it fills', () => {
    expect([500, 51_200, 1.5 * 2 ** 30].map(formatSize)).toEqual(['500B', '50KiB', '1.5GiB'])
  })

  it.each([
    [0, '0B'],
    [1023, '1023B'],
    [1024, '1KiB'],
    [1075, '1KiB'],
    [1076, '1.1KiB'],
    [2 ** 20 - 1, '1024KiB'],
    [2 ** 20, '1MiB'],
    [2 ** 40, '1TiB'],
    [5_000_000, '4.8MiB'],
  ])('of %i bytes is formatted as %s', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text)
  })

  it.each([
    ['3KB', 3e3],
    ['3MB', 3e6],
    ['3GB', 3e9],
    ['3TB', 3e12],
    ['3KiB', 3 * 2 ** 10],
    ['3MiB', 3 * 2 ** 20],
    ['3GiB', 3 * 2 ** 30],
    ['3TiB', 3 * 2 ** 40],
    ['9007199254740991B', 2 ** 53 - 1],
  ])('reads %s', (text, bytes) => {
    expect(parseSize(text)).toEqual({ bytes })
  })

  it.each(['9007199254740992B', '5MB5', 'x5MB', '5iB', '5PB', '5BB'])('refuses %s', (text) => {
    expect(parseSize(text)).toHaveProperty('problem')
  })

  it('must be greater than zero in YAML', () => {
    expect(size.safeParse('1B')).toMatchObject({ success: true, data: 1 })
    expect(size.safeParse('0B').success).toBe(false)
    expect(size.safeParse('much').success).toBe(false)
  })
})
