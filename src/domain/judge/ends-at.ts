import type { Connection } from '../connection.ts'
import type { Facts } from '../policies/policy.ts'
import type { Applicability } from '../policies/policy-set.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { isDue, judge } from './verdict.ts'

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
    const verdict = judge(applicability, connection, facts, at)
    if (isDue(verdict, at)) return at
    at = verdict.nextAt
  }
  return NEVER
}
