/** Values of which the first one is always known: adding and removing cost the logarithm of their number. */
interface Heap<Value> {
  /** The first value, which stays. */
  readonly first: Value | undefined
  add(value: Value): void
  /** Removes and returns the first value. */
  take(): Value | undefined
  clear(): void
}

export const createHeap = <Value>(before: (one: Value, other: Value) => boolean): Heap<Value> => {
  const heap: Value[] = []

  const rise = (value: Value) => {
    let index = heap.push(value) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent]
      if (above === undefined || !before(value, above)) break
      heap[index] = above
      index = parent
    }
    heap[index] = value
  }

  const sink = (value: Value) => {
    let index = 0
    for (;;) {
      const left = heap[2 * index + 1]
      const right = heap[2 * index + 2]
      const child = right !== undefined && left !== undefined && before(right, left) ? right : left
      if (child === undefined || !before(child, value)) break
      heap[index] = child
      index = 2 * index + (child === right ? 2 : 1)
    }
    heap[index] = value
  }

  return {
    get first() {
      return heap[0]
    },
    add: rise,
    take() {
      const [first] = heap
      const last = heap.pop()
      if (last !== undefined && last !== first) sink(last)
      return first
    },
    clear() {
      heap.length = 0
    },
  }
}
