import type { Connection } from '../connection.ts'
import { type Acting, type Facts, mayEnd } from '../policies/policy.ts'
import type { Applicability } from '../policies/policy-set.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { fineUntil, isDue, judge } from './verdict.ts'

/**
 * The most changes that are followed. Without a limit, windows that open and close within a long grace would never end.
 */
const STEPS = 16

/** When the policy's deadline will have passed, if nothing but time passes: `now` if it has, NEVER if not by `horizon`. */
export const endsAt = (
  applicability: Applicability,
  connection: Connection,
  facts: Facts,
  now: Instant,
  horizon: Instant = NEVER,
): Instant => {
  let at = now
  for (let step = 0; step < STEPS && at < NEVER && at <= horizon; step++) {
    const until = fineUntil(applicability, connection, facts, at)
    if (until !== undefined) {
      at = until
      continue
    }
    const verdict = judge(applicability, connection, facts, at)
    if (isDue(verdict, at)) return at
    at = verdict.nextAt
  }
  return NEVER
}

/**
 * When the first policy that acts ends the connection; NEVER if none does by `horizon`. The end of a policy that reads
 * byte counters counts once it is violated: until then each use of the connection moves it.
 */
export const firstEnd = (
  applicabilities: readonly Applicability[],
  connection: Connection,
  facts: Facts,
  now: Instant,
  acting: Acting,
  horizon: Instant = NEVER,
): Instant =>
  applicabilities.reduce((first, applicability) => {
    const { policy } = applicability
    if (!mayEnd(policy, acting)) return first
    const isMoved = policy.kind.facts === 'counters' && judge(applicability, connection, facts, now).word !== 'violated'
    return isMoved ? first : Math.min(first, endsAt(applicability, connection, facts, now, Math.min(first, horizon)))
  }, NEVER)
