/**
 * The first rows of an order, found in one pass over rows of which most are neither kept nor compared twice. `most` may be
 * infinite.
 */
export const createEarliest = <Row>(most: number, compare: (one: Row, other: Row) => number) => {
  let kept: Row[] = []
  let total = 0
  /** As many rows are before it as are wanted; undefined while fewer are known. */
  let beyond: Row | undefined

  const sort = () => {
    kept.sort(compare)
    if (kept.length < most) return
    kept = kept.slice(0, most)
    beyond = kept.at(-1)
  }

  return {
    add(row: Row): void {
      total++
      if (most === 0 || (beyond !== undefined && compare(row, beyond) >= 0)) return
      kept.push(row)
      if (kept.length >= 2 * most) sort()
    },

    /** In their order. */
    rows(): readonly Row[] {
      sort()
      return kept
    },

    /** How many rows there were. */
    total: (): number => total,
  }
}
