import type { Decision, Decisions, NearMiss } from '../domain/decide.ts'
import type { Instant } from '../domain/instant.ts'
import type { Mode, Reason } from '../domain/policy.ts'
import type { Snapshot, VpnErrorCode } from './vpn.ts'

/** An endpoint under watch. */
export interface Endpoint {
  readonly id: string
  /** The operator's name for it; its id if there is none. */
  readonly name: string
  readonly region: string
}

/** What became of one termination. */
export const OUTCOMES = ['confirmed', 'already-gone', 'failed', 'gave-up'] as const
export type Outcome = (typeof OUTCOMES)[number]

/** Everything that happens and that somebody may want to see: log, metrics and status hang off these and nothing else. */
export type CurfewEvent =
  | {
      readonly event: 'started'
      readonly mode: Mode
      readonly policies: number
      readonly endpoints: readonly Endpoint[]
      readonly policySetHash: string
    }
  | { readonly event: 'stopping'; readonly inFlight: number }
  | { readonly event: 'stopped' }
  | {
      readonly event: 'reloaded'
      readonly mode: Mode
      readonly policies: number
      readonly endpoints: readonly Endpoint[]
      readonly policySetHash: string
    }
  /** How many entries of a `usersFile` a reload brought and took away. */
  | {
      readonly event: 'users-file-changed'
      readonly file: string
      readonly entries: number
      readonly came: number
      readonly went: number
    }
  | { readonly event: 'reload-refused'; readonly problems: readonly string[] }
  | { readonly event: 'polled'; readonly endpoint: Endpoint; readonly snapshot: Snapshot }
  | {
      readonly event: 'poll-failed'
      readonly endpoint: Endpoint
      readonly code: VpnErrorCode
      readonly message: string
      readonly durationMs: number
      /** Polls that failed since the last complete snapshot, this one included. */
      readonly failures: number
      /** Whether the endpoint is too long without a complete snapshot for any policy to act. */
      readonly blind: boolean
    }
  | { readonly event: 'poll-skipped'; readonly endpoint: Endpoint; readonly reason: 'still-polling' }
  /** Once per endpoint and status: AWS says a word that Curfew does not know. Such connections count as active. */
  | { readonly event: 'unknown-status'; readonly endpoint: Endpoint; readonly status: string }
  /** Once per person and policy: an entry names somebody who is connected in part only. */
  | { readonly event: 'near-miss'; readonly endpoint: Endpoint; readonly nearMiss: NearMiss }
  | { readonly event: 'decided'; readonly endpoint: Endpoint; readonly decisions: Decisions }
  /** Once per connection and policy: its deadline has passed. */
  | {
      readonly event: 'violation'
      readonly endpoint: Endpoint
      readonly decision: Decision
      readonly policy: string
      readonly reason: Reason
      readonly mode: Mode
      readonly because: string
      readonly at: Instant
    }
  | {
      readonly event: 'call-answered'
      readonly endpoint: Endpoint
      readonly decision: Decision
      readonly selector: 'connection-id'
      /** `accepted`, or why it was not. */
      readonly outcome: 'accepted' | VpnErrorCode
      readonly message: string | undefined
      readonly requestId: string | undefined
      readonly at: Instant
    }
  | {
      readonly event: 'termination'
      readonly endpoint: Endpoint
      readonly decision: Decision
      readonly outcome: Outcome
      readonly because: string
      readonly attempts: number
      readonly at: Instant
    }
  | { readonly event: 'queue'; readonly region: string; readonly length: number; readonly etaSeconds: number }

export type Emit = (event: CurfewEvent) => void
