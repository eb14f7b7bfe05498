import { backoffMs } from '../../app/backoff.ts'
import { type Instant, MINUTE, SECOND } from '../../domain/time/instant.ts'
import type { Answer } from './post.ts'

const BACKOFF = { firstMs: SECOND, longestMs: MINUTE }

/** The longest `Retry-After` that is honoured. */
const LONGEST_RETRY_AFTER_MS = 5 * MINUTE

/** The meaning of an answer for the notifications that were sent. */
export interface Receipt {
  /**
   * `retry`: the receiver may accept them later, and they go first. `later`: this recipient may accept them later, and the
   * notifications of others go first. `lost`: the failure is permanent.
   */
  readonly result: 'delivered' | 'retry' | 'later' | 'lost'
  /** For log lines and reports: an HTTP status, a code of the system, `timeout` or `stopped`. */
  readonly code: string
  /** How long the receiver asks to wait. */
  readonly retryAfterMs?: number
  /** What the operator must do about a failure. */
  readonly advice?: string
}

/** The receipt of an answer over HTTP. */
export const receiptOf = (answer: Answer, now: Instant): Receipt => {
  if ('failure' in answer) {
    const { failure, advice } = answer
    return { result: 'retry', code: failure, ...(advice === undefined ? {} : { advice }) }
  }
  const { status } = answer
  const code = `HTTP ${status}`
  if (status >= 200 && status < 300) return { result: 'delivered', code }
  const isTemporary = status >= 500 || status === 408 || status === 429
  return isTemporary ? { result: 'retry', code, retryAfterMs: retryAfterMs(answer, now) } : { result: 'lost', code }
}

/** How long to wait after this many failures in a row, or as long as the receiver asks for. */
export const pauseMs = ({ retryAfterMs = 0 }: Receipt, failures: number, random: () => number): number =>
  Math.max(backoffMs(BACKOFF, failures, random), Math.min(retryAfterMs, LONGEST_RETRY_AFTER_MS))

/** The header `Retry-After`: seconds, or a date. */
const retryAfterMs = (answer: Answer, now: Instant): number => {
  const value = 'failure' in answer ? undefined : answer.retryAfter?.trim()
  if (value === undefined) return 0
  const ms = /^\d+$/.test(value) ? Number(value) * SECOND : Date.parse(value) - now
  return Number.isNaN(ms) ? 0 : ms
}
