import { type Instant, MINUTE, SECOND } from '../../domain/time/instant.ts'
import type { Answer } from './post.ts'

/** The pauses double from the first to the longest. */
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [SECOND, MINUTE]

/** A receiver may ask for more patience than that, within reason. */
const MOST_PATIENCE_MS = 5 * MINUTE

/** What an answer means: `again` is what may pass by itself. */
export const fateOf = (answer: Answer): 'delivered' | 'again' | 'lost' => {
  if ('failure' in answer) return 'again'
  const { status } = answer
  if (status >= 200 && status < 300) return 'delivered'
  return status >= 500 || status === 408 || status === 429 ? 'again' : 'lost'
}

/** In log lines: a closed set of words, and codes of HTTP and of the system. */
export const codeOf = (answer: Answer): string => ('failure' in answer ? answer.failure : `HTTP ${answer.status}`)

/** How long to wait after so many failures in a row: half of it by chance, so that many senders do not come back together. */
export const pauseMs = (answer: Answer, failures: number, random: () => number, now: Instant): number => {
  const backoff = Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS)
  return Math.max(backoff * (0.5 + random() / 2), askedMs(answer, now))
}

/** `Retry-After`: seconds, or a date. */
const askedMs = (answer: Answer, now: Instant): number => {
  const asked = 'failure' in answer ? undefined : answer.retryAfter?.trim()
  if (asked === undefined) return 0
  const ms = /^\d+$/.test(asked) ? Number(asked) * SECOND : Date.parse(asked) - now
  return Number.isNaN(ms) ? 0 : Math.min(ms, MOST_PATIENCE_MS)
}
