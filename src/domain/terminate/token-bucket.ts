import { type Instant, SECOND } from '../time/instant.ts'

/** `burst` calls at once, then `perSecond` calls a second, as EC2's own request limits are counted. */
export interface Rate {
  readonly burst: number
  readonly perSecond: number
}

export interface TokenBucket {
  /** Takes one token if there is one. */
  tryTake(now: Instant): boolean
  /** When `count` tokens will be there if nobody takes one before; `now` if they are there already. */
  availableAt(now: Instant, count?: number): Instant
  /** Empties the bucket: what a throttled answer says of the account's own bucket. */
  drain(now: Instant): void
}

/** A bucket that is full at `now`. A clock that goes back neither adds nor removes tokens. */
export const createTokenBucket = (rate: Rate, now: Instant): TokenBucket => {
  let tokens = rate.burst
  let countedAt = now

  const refill = (at: Instant) => {
    if (at > countedAt) tokens = Math.min(rate.burst, tokens + ((at - countedAt) / SECOND) * rate.perSecond)
    countedAt = at
  }

  return {
    tryTake(at) {
      refill(at)
      // The refill is a sum of fractions: 0.1 + 0.2 style dust must not delay a whole token.
      if (tokens < 1 - 1e-9) return false
      tokens = Math.max(0, tokens - 1)
      return true
    },
    availableAt(at, count = 1) {
      refill(at)
      const missing = count - tokens
      return missing <= 1e-9 ? at : at + Math.ceil((missing / rate.perSecond) * SECOND)
    },
    drain(at) {
      refill(at)
      tokens = 0
    },
  }
}
