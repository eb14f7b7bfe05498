import type { Instant } from '../time/instant.ts'

/** One session of a recording, joined from its records. A missing fact is `undefined`, never a guess. */
export interface RecordedSession {
  readonly connectionId: string
  readonly endpointId: string
  readonly username: string | undefined
  readonly commonName: string | undefined
  readonly establishedAt: Instant
  /** The end, or the last instant at which the recording shows it. Not before `establishedAt`. */
  readonly endedAt: Instant
  /** `before`: only its end is recorded, so that it began before the recording did, or its begin was lost. */
  readonly begin: 'recorded' | 'before'
  /** `last-update`: no end is recorded, and it cannot be up any more. `open`: it may still be up at the recording's end. */
  readonly end: 'recorded' | 'last-update' | 'open'
  /** At its end. */
  readonly ingressBytes: number | undefined
  readonly egressBytes: number | undefined
  readonly posture: readonly string[] | undefined
}

/** The sessions of a period. */
export interface Recording {
  /** The first and the last instant of which the recording tells; or what `--from` and `--to` ask for. */
  readonly from: Instant
  readonly to: Instant
  /** By `establishedAt`, then by connection id. Each was up at some instant of the period. */
  readonly sessions: readonly RecordedSession[]
  /**
   * These sessions and, in the same order, others that were over before the period. They are replayed and not counted.
   * Undefined: there are no others.
   */
  readonly replayed?: readonly RecordedSession[]
}
