import type { Contradiction } from './join.ts'

/** The oddity of a connection whose records disagree. The words follow a number of connections. */
export const CONTRADICTION_WORDS: Readonly<Record<Contradiction, string>> = {
  'two-starts': 'with two starts (the later counts)',
  'two-ends': 'with two ends (the earlier counts)',
  'two-users': 'of two users (left out)',
  'two-endpoints': 'on two endpoints (left out)',
  'ends-before-start': 'with an end before the start (left out)',
  'no-start': 'without a start (left out)',
  'no-session': 'with an end after a failed attempt (left out)',
}
