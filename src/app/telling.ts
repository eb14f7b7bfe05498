import type { Clock } from './clock.ts'
import { inSlices } from './slices.ts'

/**
 * Tells news in their order, in slices, so that the listeners of 126,000 violations do not block the event loop. A few
 * news are told at once. When the signal is aborted, only the rest that `isOnce` is told: the next process finds the
 * others again.
 */
export const createTelling = <Item>(
  clock: Pick<Clock, 'elapsed' | 'sleep'>,
  signal: AbortSignal,
  tell: (item: Item) => void,
  /** Whether the state says that the item was told, so that no later process tells it. */
  isOnce: (item: Item) => boolean,
) => {
  let waiting: Item[] = []
  let isTelling = false
  let telling: Promise<void> = Promise.resolve()

  const tellAll = async () => {
    isTelling = true
    while (waiting.length > 0) {
      const items = waiting
      waiting = []
      let told = 0
      const tellSome = (from: number, to: number) => {
        told = to
        items.slice(from, to).forEach(tell)
      }
      await inSlices(clock, items.length, tellSome, signal)
      if (signal.aborted) items.slice(told).filter(isOnce).forEach(tell)
    }
    isTelling = false
  }

  return {
    add(items: readonly Item[]): void {
      // Not by `push(...items)`: so many arguments overflow the stack.
      waiting = waiting.length === 0 ? [...items] : [...waiting, ...items]
      if (!isTelling) telling = tellAll()
    },

    /** Resolves once everything is told that is told at all. */
    told: (): Promise<void> => telling,
  }
}
