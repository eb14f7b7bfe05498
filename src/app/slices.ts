import { msBetween } from '../domain/time/elapsed.ts'
import type { Clock } from './clock.ts'

/** The most rows that are read before the event loop may run other work. */
export const SLICE_ROWS = 1000
/** The most milliseconds before the event loop may run other work, such as a scrape, a deadline or a call. */
const SLICE_MS = 4
/** The most rows that are read between two checks of the clock. It begins with one, and doubles while rows take no time. */
const MOST_STEP = 50

/** Reads `length` rows in slices and lets the event loop run in between. It stops when the signal is aborted. */
export const inSlices = async (
  clock: Pick<Clock, 'elapsed' | 'sleep'>,
  length: number,
  read: (from: number, to: number) => void,
  signal: AbortSignal,
  mostStep = MOST_STEP,
) => {
  let [begunAt, begunFrom, checkedAt, step] = [clock.elapsed(), 0, clock.elapsed(), 1]
  for (let from = 0; from < length && !signal.aborted; ) {
    const to = Math.min(from + step, begunFrom + SLICE_ROWS, length)
    read(from, to)
    from = to
    const now = clock.elapsed()
    const isSlow = msBetween(checkedAt, now) >= SLICE_MS / 4
    step = isSlow ? Math.max(1, Math.floor(step / 4)) : Math.min(2 * step, mostStep)
    checkedAt = now
    if (from < length && (from - begunFrom >= SLICE_ROWS || msBetween(begunAt, now) >= SLICE_MS)) {
      await clock.sleep(0, signal)
      ;[begunAt, begunFrom, checkedAt] = [clock.elapsed(), from, clock.elapsed()]
    }
  }
}

/** So many turns of the event loop accept a connection, read its request and answer it. */
const TURNS_OF_AN_ANSWER = 5

/** Lets the event loop answer what came during a long turn, between two such turns. */
export const giveWay = async (clock: Pick<Clock, 'sleep'>): Promise<void> => {
  const { signal } = new AbortController()
  for (let turn = 0; turn < TURNS_OF_AN_ANSWER; turn++) await clock.sleep(0, signal)
}

/** Does something with each value, and lets the event loop run in between when it takes long. */
export const eachInSlices = <Value>(
  clock: Pick<Clock, 'elapsed' | 'sleep'>,
  values: readonly Value[],
  each: (value: Value) => void,
): Promise<void> =>
  inSlices(clock, values.length, (from, to) => values.slice(from, to).forEach(each), new AbortController().signal, 1)
