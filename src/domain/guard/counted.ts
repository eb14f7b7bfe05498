import { type Connection, principalOf } from '../connection.ts'
import { type Instant, MINUTE } from '../time/instant.ts'

/** Edits within this time count together. */
export const WITHIN_MS = 10 * MINUTE

/** A connection that counts against the limits, and the policy that ends it. The guard let it through. */
export interface Counted {
  readonly policy: string
  readonly connectionId: string
  /** Undefined if the connection has no name. */
  readonly principal: string | undefined
  readonly at: Instant
  /** Whether the connection was established after the edit. */
  readonly isArrival: boolean
}

export const entryOf = (connection: Connection, policy: string, at: Instant, isArrival: boolean): Counted => ({
  policy,
  connectionId: connection.id,
  principal: principalOf(connection),
  at,
  isArrival,
})

export const keysOf = (counted: ReadonlyArray<Pick<Counted, 'policy' | 'connectionId'>>) => {
  const keys = new Map<string, Set<string>>()
  for (const { policy, connectionId } of counted) {
    const known = keys.get(policy) ?? new Set<string>()
    keys.set(policy, known.add(connectionId))
  }
  return {
    has: ({ policy, connectionId }: Pick<Counted, 'policy' | 'connectionId'>) =>
      keys.get(policy)?.has(connectionId) === true,
  }
}

export const groupByPolicy = (entries: readonly Counted[]): ReadonlyMap<string, readonly Counted[]> => {
  const groups = new Map<string, Counted[]>()
  for (const entry of entries) {
    if (groups.get(entry.policy)?.push(entry) === undefined) groups.set(entry.policy, [entry])
  }
  return groups
}

export const isWithin = (now: Instant) => (entry: Counted) => now - entry.at < WITHIN_MS

/** Whether the entry counts together with those of other edits. */
export const isRecent = (now: Instant) => (entry: Counted) => !entry.isArrival && isWithin(now)(entry)

/** After a clock was set back, an instant in the future would count for too long. */
export const asOf = (counted: readonly Counted[], now: Instant): readonly Counted[] =>
  counted.some(({ at }) => at > now) ? counted.map((entry) => ({ ...entry, at: Math.min(entry.at, now) })) : counted
