import type { Counted, CountedConnection, Counting } from '../policies/policy.ts'
import { type Instant, NEVER } from '../time/instant.ts'

/** A counted connection of the judged endpoint. */
export interface Member {
  readonly connection: CountedConnection
  /** Connections with the same key are counted together. */
  readonly key: string
}

interface Found {
  /** When each surplus connection of the judged endpoint became surplus, by its id. */
  readonly since: ReadonlyMap<string, Instant>
  /** The first later instant at which other connections elsewhere may count. */
  readonly until: Instant
}

/**
 * Finds the surplus connections among those of an endpoint. `elsewhere` finds the connections that count with them;
 * undefined if they are never more than `room`.
 */
export const surplusAmong = (
  members: readonly Member[],
  { limit, surplus }: Counting,
  elsewhere: ((key: string, room: number) => Counted | undefined) | undefined,
): Found => {
  // Most people stay within the limit. Only the connections of the others are collected and sorted.
  const counts = new Map<string, number>()
  for (const { key } of members) counts.set(key, (counts.get(key) ?? 0) + 1)
  const overLimit = new Map<string, { readonly here: CountedConnection[]; readonly others: Counted['connections'] }>()
  let until: Instant = NEVER
  for (const [key, count] of counts) {
    const others = elsewhere?.(key, limit - count)
    if (others !== undefined && others.until < until) until = others.until
    if (count + (others?.connections.length ?? 0) <= limit) continue
    overLimit.set(key, { here: [], others: others?.connections ?? [] })
  }
  const since = new Map<string, Instant>()
  if (overLimit.size === 0) return { since, until }
  for (const { connection, key } of members) overLimit.get(key)?.here.push(connection)
  for (const { here, others } of overLimit.values()) {
    const found = surplus([...here, ...others])
    for (const connection of here) {
      const at = found.get(connection)
      if (at !== undefined) since.set(connection.id, at)
    }
  }
  return { since, until }
}
