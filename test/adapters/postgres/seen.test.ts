import { describe, expect, it } from 'vitest'
import { behind, remembered, type Seen, type Shown } from '../../../src/adapters/postgres/seen.ts'

const seen: Seen = { incarnation: 'x', past: ['w'], units: { a: { epoch: 3, seq: 70 }, b: { epoch: 1, seq: 0 } } }
const shown = (units: Record<string, readonly [epoch: number, seq: number]>, incarnation = 'x'): Shown => ({
  incarnation,
  units: new Map(Object.entries(units).map(([unit, [epoch, seq]]) => [unit, { epoch, seq }])),
})

describe('a database', () => {
  it('is not behind where it shows what was seen, or more', () => {
    expect(behind(seen, shown({ a: [3, 70], b: [1, 0] }), ['a', 'b'])).toBeUndefined()
    expect(behind(seen, shown({ a: [4, 71], b: [1, 0] }), ['a', 'b'])).toBeUndefined()
    expect(behind(undefined, shown({}), ['a'])).toBeUndefined()
  })

  it('is behind where an epoch or a chain is one less, or a unit is missing', () => {
    expect(behind(seen, shown({ a: [2, 70], b: [1, 0] }), ['a', 'b'])).toContain(
      'epoch of the unit "a" is 2, and was 3',
    )
    expect(behind(seen, shown({ a: [3, 69], b: [1, 0] }), ['a', 'b'])).toContain('"a" ends at 69, and ended at 70')
    expect(behind(seen, shown({ a: [3, 70] }), ['a', 'b'])).toContain('"b"')
  })

  it('is not compared by units that nobody has looked up', () => {
    expect(behind(seen, shown({ a: [3, 70] }), ['a'])).toBeUndefined()
  })

  it('that an operator has accepted is not behind, and is remembered from then on', () => {
    const accepted = shown({ a: [1, 5] }, 'y')
    expect(behind(seen, accepted, ['a', 'b'])).toBeUndefined()
    expect(remembered(seen, accepted)).toEqual({
      incarnation: 'y',
      past: ['w', 'x'],
      units: { a: { epoch: 1, seq: 5 } },
    })
  })

  it('of an earlier incarnation is behind', () => {
    expect(behind(seen, shown({ a: [9, 99] }, 'w'), ['a'])).toContain('earlier one')
  })

  it('keeps what is remembered of units that it does not show now', () => {
    expect(remembered(seen, shown({ a: [4, 71] })).units).toEqual({ a: { epoch: 4, seq: 71 }, b: { epoch: 1, seq: 0 } })
  })
})
