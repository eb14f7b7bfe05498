import { backoffMs } from '../../app/backoff.ts'
import { type Instant, MINUTE, SECOND } from '../../domain/time/instant.ts'
import type { Answer } from './post.ts'

const BACKOFF = { firstMs: SECOND, longestMs: MINUTE }

/** The longest `Retry-After` that is honoured. */
const LONGEST_RETRY_AFTER_MS = 5 * MINUTE

/** What an answer means for the request. `retry`: the failure may be temporary. */
export const resultOf = (answer: Answer): 'delivered' | 'retry' | 'lost' => {
  if ('failure' in answer) return 'retry'
  const { status } = answer
  if (status >= 200 && status < 300) return 'delivered'
  return status >= 500 || status === 408 || status === 429 ? 'retry' : 'lost'
}

/** The code for log lines and reports: an HTTP status, a code of the system, `timeout` or `stopped`. */
export const codeOf = (answer: Answer): string => ('failure' in answer ? answer.failure : `HTTP ${answer.status}`)

/** How long to wait after this many failures in a row, or as long as the receiver asks for. */
export const pauseMs = (answer: Answer, failures: number, random: () => number, now: Instant): number =>
  Math.max(backoffMs(BACKOFF, failures, random), retryAfterMs(answer, now))

/** The header `Retry-After`: seconds, or a date. */
const retryAfterMs = (answer: Answer, now: Instant): number => {
  const value = 'failure' in answer ? undefined : answer.retryAfter?.trim()
  if (value === undefined) return 0
  const ms = /^\d+$/.test(value) ? Number(value) * SECOND : Date.parse(value) - now
  return Number.isNaN(ms) ? 0 : Math.min(ms, LONGEST_RETRY_AFTER_MS)
}
