import type { Clock } from './clock.ts'
import { inSlices } from './slices.ts'

/**
 * Tells news in their order, in slices, so that the listeners of 126,000 violations do not block the event loop. A few
 * news are told at once. When the signal is aborted, the rest is not told: the next start finds it again.
 */
export const createTelling = <Item>(
  clock: Pick<Clock, 'elapsed' | 'sleep'>,
  signal: AbortSignal,
  tell: (item: Item) => void,
) => {
  let waiting: Item[] = []
  let isTelling = false
  let telling: Promise<void> = Promise.resolve()

  const tellAll = async () => {
    isTelling = true
    while (waiting.length > 0 && !signal.aborted) {
      const items = waiting
      waiting = []
      const tellSome = (from: number, to: number) => items.slice(from, to).forEach(tell)
      await inSlices(clock, items.length, tellSome, signal)
    }
    isTelling = false
  }

  return {
    add(items: readonly Item[]): void {
      // Not by `push(...items)`: so many arguments overflow the stack.
      waiting = waiting.length === 0 ? [...items] : [...waiting, ...items]
      if (!isTelling) telling = tellAll()
    },

    /** Resolves once everything is told, or the signal is aborted. */
    told: (): Promise<void> => telling,
  }
}
