import type { Instant } from '../time/instant.ts'

/** One line of a recording that was understood. A missing fact is `undefined`, never a guess. */
export interface ConnectionRecord {
  /**
   * `begin`: a connection was established. `end`: it ended. `failed`: an attempt that is no session. `login-step`: a step
   * of a login, of which the attempt may follow. `shown`: every connection of the endpoint that is up was seen.
   */
  readonly what: 'begin' | 'end' | 'failed' | 'login-step' | 'shown'
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
