import type { Clock } from './clock.ts'

/** The value of the work, or `late` after `ms`. The work continues; the caller ends it through its own signal. */
export const within = async <Value>(
  clock: Pick<Clock, 'sleep'>,
  ms: number,
  work: Promise<Value>,
): Promise<Value | 'late'> => {
  const done = new AbortController()
  try {
    return await Promise.race([work, clock.sleep(ms, done.signal).then(() => 'late' as const)])
  } finally {
    done.abort()
  }
}
