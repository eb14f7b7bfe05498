import type { Clock } from './clock.ts'

/** What may pass in one go, in rows; */
export const SLICE_ROWS = 1000
/** and in milliseconds: whoever waits for metrics, a deadline or a call's turn must not notice. */
const ONE_GO_MS = 4
/** How many rows are looked at between two looks at the clock. */
const SLICE = 50

/**
 * Looks at `length` rows a few at a time and lets others have their turn in between. Once the signal is aborted it looks
 * at no more.
 */
export const inSlices = async (
  clock: Pick<Clock, 'elapsed' | 'sleep'>,
  length: number,
  look: (from: number, to: number) => void,
  signal: AbortSignal,
) => {
  let [begunAt, begunFrom] = [clock.elapsed(), 0]
  for (let from = 0; from < length && !signal.aborted; from += SLICE) {
    if (from - begunFrom >= SLICE_ROWS || clock.elapsed() - begunAt >= ONE_GO_MS) {
      await clock.sleep(0, signal)
      ;[begunAt, begunFrom] = [clock.elapsed(), from]
    }
    look(from, Math.min(from + SLICE, length))
  }
}
