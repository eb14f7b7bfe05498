import type { GuardedVerdict } from '../domain/guard/guard.ts'
import type { NearMiss } from '../domain/judge/case.ts'
import type { Decisions } from '../domain/judge/decide.ts'
import type { Mode } from '../domain/policies/policy.ts'
import type { TerminateCall } from '../domain/terminate/plan.ts'
import type { Instant } from '../domain/time/instant.ts'
import type { Reconnect } from './reconnects.ts'
import type { Proof } from './verification.ts'
import type { Violation } from './violation.ts'
import type { Snapshot, VpnErrorCode } from './vpn.ts'

/** An endpoint under watch. */
export interface Endpoint {
  readonly id: string
  /** The operator's name for it; its id if there is none. */
  readonly name: string
  readonly region: string
  /** The account's twelve digits, once they are known. */
  readonly account: string | undefined
}

interface OnEndpoint {
  readonly endpoint: Endpoint
  readonly at: Instant
}

interface InForce {
  readonly mode: Mode
  readonly policies: number
  readonly endpoints: readonly Endpoint[]
  readonly policySetHash: string
  readonly at: Instant
}

/** Everything that happens and that somebody may want to see: log, metrics, audit trail and status hang off these and nothing else. */
export type CurfewEvent =
  | ({ readonly event: 'started' } & InForce)
  | ({ readonly event: 'reloaded' } & InForce)
  | { readonly event: 'stopping'; readonly inFlight: number }
  | { readonly event: 'stopped'; readonly at: Instant }
  | { readonly event: 'reload-refused'; readonly problems: readonly string[] }
  /** How many entries of a `usersFile` a reload brought and took away. */
  | {
      readonly event: 'users-file-changed'
      readonly file: string
      readonly entries: number
      readonly added: number
      readonly removed: number
    }
  | { readonly event: 'endpoints-changed'; readonly endpoints: readonly Endpoint[]; readonly gone: readonly Endpoint[] }
  | { readonly event: 'discovery-failed'; readonly region: string; readonly message: string }
  /** An action that IAM does not allow, found before it is needed. */
  | { readonly event: 'permission-missing'; readonly endpoint: Endpoint; readonly action: string }
  | { readonly event: 'permission-granted'; readonly endpoint: Endpoint; readonly action: string }
  | ({ readonly event: 'polled'; readonly snapshot: Snapshot } & OnEndpoint)
  | ({
      readonly event: 'poll-failed'
      readonly code: VpnErrorCode
      readonly message: string
      readonly durationMs: number
      /** Polls that failed since the last complete snapshot, this one included. */
      readonly failures: number
      /** Whether the endpoint is too long without a complete snapshot for any policy to act. */
      readonly blind: boolean
      /** When the schedule is heeded again. */
      readonly retryAt: Instant
    } & OnEndpoint)
  /** From now on nothing can be decided about the endpoint, and nothing is ended on it. */
  | ({ readonly event: 'blind'; readonly because: string } & OnEndpoint)
  | { readonly event: 'poll-skipped'; readonly endpoint: Endpoint; readonly reason: 'still-polling' | 'backing-off' }
  /** Once per endpoint and status: AWS says a word that Curfew does not know. Such connections count as active. */
  | { readonly event: 'unknown-status'; readonly endpoint: Endpoint; readonly status: string }
  /** Once per person and policy: an entry names somebody who is connected in part only. */
  | { readonly event: 'near-miss'; readonly endpoint: Endpoint; readonly nearMiss: NearMiss }
  | { readonly event: 'decided'; readonly endpoint: Endpoint; readonly decisions: Decisions }
  /** Once per connection and policy: its deadline has passed. `repeats`: how often the person came back in a row. */
  | ({
      readonly event: 'violation'
      readonly violation: Violation
      readonly mode: Mode
      readonly repeats: number
    } & OnEndpoint)
  /** A connection ends so soon that its person should hear of it: once per connection, policy and lead. */
  | ({
      readonly event: 'warning'
      readonly violation: Violation
      /** How long before the end the policy asks for a warning. */
      readonly leadMs: number
      readonly endsAt: Instant
    } & OnEndpoint)
  /** The guard holds verdicts of one policy from now on. */
  | ({
      readonly event: 'held'
      readonly policy: string
      readonly violations: readonly Violation[]
      readonly active: number
    } & OnEndpoint)
  | ({ readonly event: 'released'; readonly verdicts: readonly GuardedVerdict[] } & OnEndpoint)
  | ({
      readonly event: 'call-answered'
      readonly call: TerminateCall
      /** `accepted`, or why it was not. */
      readonly outcome: 'accepted' | VpnErrorCode
      readonly message: string | undefined
      readonly requestId: string | undefined
    } & OnEndpoint)
  /** One connection whose termination AWS accepted. */
  | ({
      readonly event: 'accepted'
      readonly violation: Violation
      readonly established: Instant | undefined
    } & OnEndpoint)
  /** A call by user name ended a connection that no snapshot had shown yet. */
  | ({
      readonly event: 'also-ended'
      readonly violation: Violation
      readonly callId: string
      readonly requestId: string | undefined
    } & OnEndpoint)
  | ({
      readonly event: 'call-withdrawn'
      readonly call: TerminateCall
      readonly why: 'no-record' | 'not-wanted' | 'stopping'
    } & OnEndpoint)
  | ({ readonly event: 'termination'; readonly repeats: number } & Proof & OnEndpoint)
  | ({ readonly event: 'reconnected' } & Reconnect & OnEndpoint)
  | {
      readonly event: 'queue'
      readonly region: string
      readonly account: string | undefined
      readonly length: number
      readonly etaSeconds: number
    }
  /** The audit trail or the state file could not be written, or can be again. */
  | { readonly event: 'unwritable'; readonly what: 'audit' | 'state'; readonly message: string }
  | { readonly event: 'writable'; readonly what: 'audit' | 'state' }
  /** The clock of the host and of AWS differ. */
  | { readonly event: 'clock-skew'; readonly skewMs: number; readonly warned: boolean; readonly apart: boolean }

export type Emit = (event: CurfewEvent) => void
