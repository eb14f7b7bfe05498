import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseInstant } from '../../src/domain/instant-text.ts'

describe('an instant', () => {
  it.each([
    ['2026-12-01T00:00:00Z', '2026-12-01T00:00:00.000Z'],
    ['2026-12-01T01:30+01:00', '2026-12-01T00:30:00.000Z'],
    ['2026-12-01T00:00:00.5-03:30', '2026-12-01T03:30:00.500Z'],
  ])('%s is read', (text, iso) => {
    expect(parseInstant(text)).toEqual({ at: Date.parse(iso) })
  })

  it('is read back from ISO 8601', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), (at) => {
        expect(parseInstant(new Date(at).toISOString())).toEqual({ at })
      }),
    )
  })

  it.each(['2026-02-30T00:00:00Z', '2026-13-01T00:00:00Z', '2026-12-01T24:00:00Z', '2026-12-01', 'tomorrow', ''])(
    '%s is refused',
    (text) => {
      expect(parseInstant(text)).toHaveProperty('problem')
    },
  )

  it('offers two corrections where the zone is missing', () => {
    const parsed = parseInstant('2026-12-01T08:00:00')
    expect(parsed).toHaveProperty('problem')
    if (!('problem' in parsed)) return
    const offered = parsed.problem.match(/\d{4}-\S+/g) ?? []
    const read = offered.map((text) => parseInstant(text.replace(/[",]+$/, '')))
    expect(read.filter((instant) => 'at' in instant)).toHaveLength(2)
  })
})
