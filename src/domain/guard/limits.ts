import type { Connection } from '../connection.ts'
import { NEVER } from '../time/instant.ts'
import { type Counted, groupByPolicy } from './counted.ts'

/** How many connections of an endpoint an edit may end, and how far ahead the guard looks. */
export interface GuardLimits {
  readonly maxPercent: number
  readonly minConnections: number
  /** 0: the guard does not look ahead. */
  readonly lookAheadMs: number
}

/** Limits under which nothing is held. */
export const NO_LIMITS: GuardLimits = { maxPercent: 100, minConnections: NEVER, lookAheadMs: 0 }

export const isSameLimits = (one: GuardLimits, other: GuardLimits) =>
  one.maxPercent === other.maxPercent &&
  one.minConnections === other.minConnections &&
  one.lookAheadMs === other.lookAheadMs

/** How many connections count, of how many. */
export interface Sum {
  readonly counted: number
  readonly of: number
}

export const exceeds = ({ counted, of }: Sum, { minConnections, maxPercent }: GuardLimits) =>
  counted > minConnections && 100 * counted > maxPercent * of

/**
 * The policies of which the new entries would end too much of the endpoint: first those that do so alone, then all the
 * others together. `counted` are the entries of the last ten minutes that were let through.
 */
export const tooMuch = (
  entries: readonly Counted[],
  counted: readonly Counted[],
  { active, limits }: { readonly active: readonly Connection[]; readonly limits: GuardLimits },
): ReadonlyMap<string, Sum> => {
  if (entries.length === 0) return new Map()
  const gone = new Set(counted.map(({ connectionId }) => connectionId))
  for (const { id } of active) gone.delete(id)
  // Connections that have ended since still belong to the endpoint. Otherwise each end would make the limit stricter.
  const of = active.length + gone.size
  const sumOf = (...all: ReadonlyArray<readonly Counted[]>): Sum => ({
    counted: new Set(all.flatMap((some) => some.map(({ connectionId }) => connectionId))).size,
    of,
  })
  const before = groupByPolicy(counted)
  const alone = new Map<string, Sum>()
  for (const [policy, some] of groupByPolicy(entries)) {
    const sum = sumOf(some, before.get(policy) ?? [])
    if (exceeds(sum, limits)) alone.set(policy, sum)
  }
  // One urgent ban beside a held policy still acts.
  const rest = entries.filter(({ policy }) => !alone.has(policy))
  const together = sumOf(rest, counted)
  if (rest.length === 0 || !exceeds(together, limits)) return alone
  return new Map([...alone, ...rest.map(({ policy }) => [policy, together] as const)])
}
