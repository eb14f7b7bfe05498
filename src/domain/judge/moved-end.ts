import type { Connection } from '../connection.ts'
import type { Facts } from '../policies/policy.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { endsAt } from './ends-at.ts'
import type { Verdict } from './verdict.ts'

/** The end of a connection under one policy that its extensions have moved. */
export interface MovedEnd {
  readonly from: Instant
  readonly until: Instant
}

/** Undefined if no extension moves the end. It is known before the policy's own deadline too. */
export const movedEndOf = (
  { applicability, policy, extendedFrom, deadline }: Verdict,
  connection: Connection,
  facts: Facts,
  now: Instant,
): MovedEnd | undefined => {
  if (extendedFrom !== undefined) return { from: extendedFrom, until: deadline }
  if (deadline !== undefined || policy.extend === undefined) return undefined
  if (facts.extensions(connection.id)?.has(policy.name) !== true) return undefined
  const until = endsAt(applicability, connection, facts, now)
  const from = endsAt(applicability, connection, { ...facts, extensions: () => undefined }, now)
  return until < NEVER && from < until ? { from, until } : undefined
}
