import { type Connection, isActive, principalKeyOf } from '../domain/connection.ts'
import type { Violation } from '../domain/judge/violation.ts'
import { principalNamesOf } from '../domain/names/user-list.ts'
import { type Instant, MINUTE } from '../domain/time/instant.ts'

/**
 * A connection established within this time after a termination counts as a reconnect: most clients reconnect by
 * themselves.
 */
const SOON_MS = 5 * MINUTE

/** How long the last termination of a principal is remembered. */
const REMEMBERED_MS = 10 * MINUTE

/** A connection of a principal whose earlier connection was terminated shortly before. */
export interface Reconnect {
  readonly connection: Connection
  /** The policy that ended the earlier connection. */
  readonly policy: string
  /** The number of reconnects in a row, including this one. */
  readonly count: number
}

/**
 * Counts reconnects within five minutes of a termination. The count lets the log treat a client that always reconnects
 * as one case instead of many.
 */
export const createReconnects = () => {
  const terminations = new Map<string, { readonly policy: string; readonly at: Instant; readonly count: number }>()
  let known = new Set<string>()

  const keyOf = (names: Pick<Violation, 'username' | 'commonName'>) => principalKeyOf(principalNamesOf(names))

  return {
    terminated(violation: Violation, at: Instant): void {
      const key = keyOf(violation)
      if (key === undefined) return
      terminations.set(key, { policy: violation.policy, at, count: terminations.get(key)?.count ?? 0 })
    },

    /** How often in a row the principal has reconnected. */
    countOf: (violation: Violation): number => terminations.get(keyOf(violation) ?? '')?.count ?? 0,

    /** The reconnects since the last snapshot. */
    observe(connections: readonly Connection[], now: Instant): readonly Reconnect[] {
      const found: Reconnect[] = []
      // Connections established before the first termination are not reconnects.
      if (terminations.size === 0) {
        known = new Set()
        return found
      }
      const ids = new Set<string>()
      for (const connection of connections) {
        ids.add(connection.id)
        if (known.has(connection.id) || !isActive(connection)) continue
        const key = keyOf(connection)
        const last = key === undefined ? undefined : terminations.get(key)
        const { establishedAt } = connection
        if (key === undefined || last === undefined || establishedAt === undefined) continue
        if (establishedAt <= last.at || establishedAt > last.at + SOON_MS) continue
        terminations.set(key, { ...last, count: last.count + 1 })
        found.push({ connection, policy: last.policy, count: last.count + 1 })
      }
      known = ids
      for (const [key, { at }] of terminations) if (now - at > REMEMBERED_MS) terminations.delete(key)
      return found
    },
  }
}
