/** What became of one termination. */
export const OUTCOMES = ['confirmed', 'already-gone', 'failed', 'gave-up'] as const
export type Outcome = (typeof OUTCOMES)[number]
