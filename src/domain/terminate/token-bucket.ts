import { type Elapsed, isBefore, msBetween, plusMs } from '../time/elapsed.ts'
import { SECOND } from '../time/instant.ts'

/** `burst` calls at once, then `perSecond` calls a second, as EC2 counts its own request limits. */
export interface Rate {
  readonly burst: number
  readonly perSecond: number
}

export interface TokenBucket {
  /** Takes one token if there is one. */
  tryTake(now: Elapsed): boolean
  /** When the bucket will have `count` tokens if none is taken before; `now` if it has them already. */
  availableAt(now: Elapsed, count?: number): Elapsed
  /** Empties the bucket. A throttled answer shows that the account's own bucket is empty. */
  drain(now: Elapsed): void
}

/** A bucket that is full at `now`. */
export const createTokenBucket = (rate: Rate, now: Elapsed): TokenBucket => {
  let tokens = rate.burst
  let countedAt = now

  const refill = (at: Elapsed) => {
    if (isBefore(countedAt, at)) {
      tokens = Math.min(rate.burst, tokens + (msBetween(countedAt, at) / SECOND) * rate.perSecond)
    }
    countedAt = at
  }

  return {
    tryTake(at) {
      refill(at)
      // Refills add fractions. Their rounding error must not delay a whole token.
      if (tokens < 1 - 1e-9) return false
      tokens = Math.max(0, tokens - 1)
      return true
    },
    availableAt(at, count = 1) {
      refill(at)
      const missing = count - tokens
      return missing <= 1e-9 ? at : plusMs(at, Math.ceil((missing / rate.perSecond) * SECOND))
    },
    drain(at) {
      refill(at)
      tokens = 0
    },
  }
}
