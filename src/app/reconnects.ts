import { type Connection, isActive, principalOf } from '../domain/connection.ts'
import { fold } from '../domain/names/pattern.ts'
import { type Instant, MINUTE } from '../domain/time/instant.ts'
import type { Violation } from './violation.ts'

/** Who is back sooner than this was sent back by a client that reconnects by itself. */
const SOON_MS = 5 * MINUTE

/** How long somebody who stays away is remembered. */
const REMEMBERED_MS = 10 * MINUTE

/** Somebody who was cut and came back. */
export interface Reconnect {
  readonly connection: Connection
  /** The policy that cut the connection before. */
  readonly policy: string
  /** How often in a row, this time included. */
  readonly count: number
}

/** Counts those who come back within five minutes of a cut: a client that does so each time makes one story, not a flood. */
export const createReconnects = () => {
  const cuts = new Map<string, { readonly policy: string; readonly at: Instant; readonly count: number }>()
  let known = new Set<string>()

  const nameOf = ({ username, commonName }: Pick<Violation, 'username' | 'commonName'>) => {
    const name = principalOf({ username, commonName })
    return name === undefined ? undefined : fold(name)
  }

  return {
    cut(violation: Violation, at: Instant): void {
      const name = nameOf(violation)
      if (name !== undefined) cuts.set(name, { policy: violation.policy, at, count: cuts.get(name)?.count ?? 0 })
    },

    /** How often the person has come back in a row. */
    countOf: (violation: Violation): number => cuts.get(nameOf(violation) ?? '')?.count ?? 0,

    /** Who has come back since the last snapshot. */
    observe(connections: readonly Connection[], now: Instant): readonly Reconnect[] {
      const found: Reconnect[] = []
      // Who came before the first cut cannot have come back from it.
      if (cuts.size === 0) {
        known = new Set()
        return found
      }
      const ids = new Set<string>()
      for (const connection of connections) {
        ids.add(connection.id)
        if (known.has(connection.id) || !isActive(connection)) continue
        const name = nameOf(connection)
        const cut = name === undefined ? undefined : cuts.get(name)
        const { establishedAt } = connection
        if (name === undefined || cut === undefined || establishedAt === undefined) continue
        if (establishedAt <= cut.at || establishedAt > cut.at + SOON_MS) continue
        cuts.set(name, { ...cut, count: cut.count + 1 })
        found.push({ connection, policy: cut.policy, count: cut.count + 1 })
      }
      known = ids
      for (const [name, { at }] of cuts) if (now - at > REMEMBERED_MS) cuts.delete(name)
      return found
    },
  }
}
