import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { instant, parseInstant } from '../../src/domain/time/instant-text.ts'

describe('an instant', () => {
  it.each([
    ['2026-12-01T00:00:00Z', '2026-12-01T00:00:00.000Z'],
    ['2026-12-01T01:30+01:00', '2026-12-01T00:30:00.000Z'],
    ['2026-12-01T00:00:00.5-03:30', '2026-12-01T03:30:00.500Z'],
  ])('reads %s', (text, iso) => {
    expect(parseInstant(text)).toEqual({ at: Date.parse(iso) })
  })

  it('is read back from its ISO 8601 form', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), (at) => {
        expect(parseInstant(new Date(at).toISOString())).toEqual({ at })
      }),
    )
  })

  it.each(['2026-02-30T00:00:00Z', '2026-13-01T00:00:00Z', '2026-12-01T24:00:00Z', '2026-12-01', 'tomorrow', ''])(
    'refuses %s',
    (text) => {
      expect(parseInstant(text)).toHaveProperty('problem')
    },
  )

  it('without a zone is refused with two valid corrections', () => {
    const parsed = parseInstant('2026-12-01T08:00:00')
    expect(parsed).toHaveProperty('problem')
    if (!('problem' in parsed)) return
    const offered = parsed.problem.match(/\d{4}-\S+/g) ?? []
    const read = offered.map((text) => parseInstant(text.replace(/[",]+$/, '')))
    expect(read.filter((instant) => 'at' in instant)).toHaveLength(2)
  })

  it('with a space for the T is refused, and the correction keeps its zone', () => {
    expect(parseInstant('2026-12-01 08:00:00+02:00')).toEqual({
      problem: '"2026-12-01 08:00:00+02:00" has a space between date and time: write 2026-12-01T08:00:00+02:00',
    })
  })

  it.each([
    ['1000-01-01T00:00:00Z', '1000-01-01T00:00:00.000Z'],
    ['2026-12-31T23:59:59.999Z', '2026-12-31T23:59:59.999Z'],
    ['2028-02-29T00:00:00Z', '2028-02-29T00:00:00.000Z'],
    ['2026-12-01T00:00:00.05Z', '2026-12-01T00:00:00.050Z'],
    ['2026-12-01T00:00:00+23:59', '2026-11-30T00:01:00.000Z'],
    ['2026-12-01T00:00:00-00:30', '2026-12-01T00:30:00.000Z'],
    ['2026-12-01T00:00:00-10:00', '2026-12-01T10:00:00.000Z'],
  ])('reads %s', (text, iso) => {
    expect(parseInstant(text)).toEqual({ at: Date.parse(iso) })
  })

  it.each([
    '2026-12-00T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2027-02-29T00:00:00Z',
    '2026-12-01T00:60:00Z',
    '2026-12-01T00:00:60Z',
    '2026-12-01T00:00:00.1234Z',
    '2026-12-01T00:00:00+24:00',
    '2026-12-01T00:00:00+01:60',
    '2026-12-01T00:00:00+0100',
    '2026-12-01T00:00:00z',
    '2026-12-01 00:00:00Z',
    '0026-12-01T00:00:00Z',
    'x2026-12-01T00:00:00Z',
    '2026-12-01T00:00:00Zx',
  ])('refuses %s', (text) => {
    expect(parseInstant(text)).toHaveProperty('problem')
  })

  it('in YAML is parsed to milliseconds', () => {
    expect(instant.safeParse('2026-12-01T00:00:00Z')).toMatchObject({ success: true, data: Date.UTC(2026, 11, 1) })
    expect(instant.safeParse('tomorrow').success).toBe(false)
  })
})
