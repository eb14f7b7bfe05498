/** Values are found by patterns: of those that were added with a pattern, all whose pattern may cover a given one. */
export interface CoverIndex<Value> {
  add(pattern: string, value: Value): void
  /** Each value at most once, in no order. */
  find(pattern: string): ReadonlySet<Value>
}

/**
 * A pattern covers another one only if its literal beginning begins the other one too, and its literal end ends it. Each
 * value is stored at the longer of the two, and a search asks at each beginning and end of its pattern. A place keeps the
 * first `most` values.
 */
export const createCoverIndex = <Value>(most: number): CoverIndex<Value> => {
  const places = new Map<string, Value[]>()
  return {
    add(pattern, value) {
      const place = placeOf(pattern)
      const values = places.get(place)
      if (values === undefined) places.set(place, [value])
      else if (values.length < most && values.at(-1) !== value) values.push(value)
    },
    find(pattern) {
      const found = new Set<Value>()
      for (const place of placesOf(pattern)) for (const value of places.get(place) ?? []) found.add(value)
      return found
    },
  }
}

const placeOf = (pattern: string): string => {
  const beginning = pattern.search(/[*?]/)
  if (beginning < 0) return `is ${pattern}`
  const end = pattern.length - 1 - Math.max(pattern.lastIndexOf('*'), pattern.lastIndexOf('?'))
  return beginning >= end ? `begins ${pattern.slice(0, beginning)}` : `ends ${pattern.slice(pattern.length - end)}`
}

function* placesOf(pattern: string): Generator<string> {
  yield `is ${pattern}`
  for (let length = 0; length <= pattern.length; length++) {
    yield `begins ${pattern.slice(0, length)}`
    yield `ends ${pattern.slice(pattern.length - length)}`
  }
}
