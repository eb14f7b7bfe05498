import { msBetween } from '../domain/time/elapsed.ts'
import type { Clock } from './clock.ts'

/** The most rows that are read before the event loop may run other work. */
export const SLICE_ROWS = 1000
/** The most milliseconds before the event loop may run other work, such as a scrape, a deadline or a call. */
const SLICE_MS = 4
/** How many rows are read between two checks of the clock, unless a row takes long. */
const STEP = 50

/** Reads `length` rows in slices and lets the event loop run in between. It stops when the signal is aborted. */
export const inSlices = async (
  clock: Pick<Clock, 'elapsed' | 'sleep'>,
  length: number,
  read: (from: number, to: number) => void,
  signal: AbortSignal,
  step = STEP,
) => {
  let [begunAt, begunFrom] = [clock.elapsed(), 0]
  for (let from = 0; from < length && !signal.aborted; from += step) {
    if (from - begunFrom >= SLICE_ROWS || msBetween(begunAt, clock.elapsed()) >= SLICE_MS) {
      await clock.sleep(0, signal)
      ;[begunAt, begunFrom] = [clock.elapsed(), from]
    }
    read(from, Math.min(from + step, length))
  }
}

/** Does something with each value, and lets the event loop run in between when it takes long. */
export const eachInSlices = <Value>(
  clock: Pick<Clock, 'elapsed' | 'sleep'>,
  values: readonly Value[],
  each: (value: Value) => void,
): Promise<void> =>
  inSlices(clock, values.length, (from, to) => values.slice(from, to).forEach(each), new AbortController().signal, 1)
