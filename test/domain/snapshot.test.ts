import { describe, expect, it } from 'vitest'
import { placed } from '../../src/domain/snapshot.ts'

const rows = (...ids: readonly string[]) => ids.map((id, age) => ({ id, age }))
const placesOf = (list: ReadonlyArray<{ readonly id: string }>) => new Map(list.map(({ id }, place) => [id, place]))

describe('the places of rows', () => {
  it('are those of the later of two rows with one id', () => {
    const [, b, again] = rows('a', 'b', 'a')
    expect(placed(rows('a', 'b', 'a'))).toEqual({ rows: [b, again], places: placesOf(rows('b', 'a')) })
  })

  it('are made anew if those of the reader are of a longer or a shorter list, so that no row is missing', () => {
    const list = rows('a', 'b')
    for (const other of [rows('x', 'a', 'b'), rows('b'), []]) {
      expect(placed(list, placesOf(other))).toEqual({ rows: list, places: placesOf(list) })
    }
  })
})
