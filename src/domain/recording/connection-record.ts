import type { Instant } from '../time/instant.ts'

/** One line of a recording that was understood. A missing fact is `undefined`, never a guess. */
export interface ConnectionRecord {
  /**
   * `begin`: a connection was established. `end`: it ended. `no-session`: the line is well-formed, but shows no session:
   * a failed attempt, or a step of a login.
   */
  readonly what: 'begin' | 'end' | 'no-session'
  readonly connectionId: string
  readonly endpointId: string
  readonly username: string | undefined
  readonly commonName: string | undefined
  /** When the connection was established. Whole seconds. */
  readonly startedAt: Instant | undefined
  /** The last instant at which the recording shows the connection. */
  readonly updatedAt: Instant | undefined
  /** When the connection ended; undefined where the line does not tell. */
  readonly endedAt: Instant | undefined
  readonly ingressBytes: number | undefined
  readonly egressBytes: number | undefined
  readonly posture: readonly string[] | undefined
}
