import type { Clock } from './clock.ts'
import { onAborted } from './on-aborted.ts'

/**
 * The value of the work, or `late` after `ms` or once `stop` is aborted. The work continues; the caller ends it through
 * its own signal.
 */
export const within = async <Value>(
  clock: Pick<Clock, 'sleep'>,
  ms: number,
  work: Promise<Value>,
  stop?: AbortSignal,
): Promise<Value | 'late'> => {
  const done = new AbortController()
  // Without a reason Node makes an error with its stack for each of these.
  const finish = () => done.abort('done')
  if (stop !== undefined) onAborted(stop, finish)
  try {
    return await Promise.race([work, clock.sleep(ms, done.signal).then(() => 'late' as const)])
  } finally {
    finish()
    stop?.removeEventListener('abort', finish)
  }
}

/** As `within`, for work that takes a signal. It is aborted when the work is late or `stop` is aborted. */
export const endedWithin = async <Value>(
  clock: Pick<Clock, 'sleep'>,
  ms: number,
  stop: AbortSignal,
  work: (signal: AbortSignal) => Promise<Value>,
): Promise<Value | 'late'> => {
  const late = new AbortController()
  try {
    return await within(clock, ms, work(late.signal), stop)
  } finally {
    late.abort()
  }
}
