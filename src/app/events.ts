import type { Release } from '../domain/guard/guard.ts'
import type { Appointment } from '../domain/judge/agenda.ts'
import type { Decisions } from '../domain/judge/decide.ts'
import type { Hold } from '../domain/judge/hold.ts'
import type { Effect } from '../domain/judge/news.ts'
import type { Violation } from '../domain/judge/violation.ts'
import type { NearMissOfEntry } from '../domain/policies/near-misses.ts'
import type { Mode } from '../domain/policies/policy.ts'
import type { UnmatchedEntry } from '../domain/policies/unmatched-entries.ts'
import type { ListOwner } from '../domain/policies/user-lists.ts'
import type { Snapshot, UnreadField } from '../domain/snapshot.ts'
import type { TerminateCall } from '../domain/terminate/plan.ts'
import type { TerminationReport } from '../domain/terminate/termination.ts'
import type { Distrust } from '../domain/terminate/verification.ts'
import type { Instant } from '../domain/time/instant.ts'
import type { Overlap } from './each-endpoint-once.ts'
import type { Endpoint } from './endpoint.ts'
import type { ExtensionRefusal, ExtensionRight } from './extension-right.ts'
import type { WithoutIntent } from './known-by-trail.ts'
import type { ListChange } from './list-changes.ts'
import type { Reconnect } from './reconnects.ts'
import type { SetAside } from './state.ts'
import type { EngineRefusal, EngineStatus, TenureEnd } from './tenure.ts'
import type { WithdrawnBecause } from './termination-queue.ts'
import type { VpnErrorCode } from './vpn.ts'

/** A failure in one line. `nameless`: without what others wrote, which may name people. */
interface Told {
  readonly message: string
  readonly nameless: string
}

/** Why a new configuration was refused. Problems of secrets name nobody, and `curfew validate` does not read secrets. */
export interface RefusedReload {
  readonly source: 'files' | 'secrets' | 'fault'
  readonly problems: readonly string[]
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

type JoinedStatus = Extract<EngineStatus, { readonly state: 'joined' }>

/** A file that the daemon writes. */
export type WrittenFile = 'audit' | 'state' | 'history'

/** Every event of the daemon. Log, metrics, audit trail and notifications are made from these events only. */
export type CurfewEvent =
  | ({ readonly event: 'started' } & InForce)
  | ({ readonly event: 'reloaded' } & InForce)
  | { readonly event: 'stopping'; readonly inFlight: number }
  | { readonly event: 'stopped'; readonly at: Instant }
  | ({ readonly event: 'reload-refused' } & RefusedReload)
  /** A refused configuration says `mode: audit`. Only this part of it is in force from now on. */
  | ({ readonly event: 'mode-obeyed' } & InForce)
  /** Emitted right after `started` or `reloaded`, for each list of users that was edited since the last set in force. */
  | ({ readonly event: 'list-changed'; readonly at: Instant } & ListChange)
  /** `isShared`: replicas share the endpoints, so that another one may watch those that are gone. */
  | {
      readonly event: 'endpoints-changed'
      readonly endpoints: readonly Endpoint[]
      readonly gone: readonly Endpoint[]
      readonly isShared?: true
    }
  /** Several entries of `watch` reach one endpoint. It is watched once. */
  | { readonly event: 'endpoint-overlap'; readonly overlap: Overlap }
  | ({ readonly event: 'discovery-failed'; readonly region: string } & Told)
  /** A policy reads the tags of listed endpoints, and AWS does not return them. Emitted once while it lasts. */
  | ({ readonly event: 'tags-unread'; readonly region: string } & Told)
  /** Another name or other tags of the endpoint: these policies select it now and did not before, or the other way round. */
  | ({ readonly event: 'selection-changed'; readonly policies: readonly string[] } & OnEndpoint)
  /**
   * The entries of `endpoints` that match no watched endpoint. Emitted at each look for them. `added`: those that the look
   * before did not find.
   */
  | {
      readonly event: 'unmatched-entries'
      readonly entries: readonly UnmatchedEntry[]
      readonly added: readonly UnmatchedEntry[]
    }
  /** IAM does not allow an action. This is found before the action is needed. */
  | { readonly event: 'permission-missing'; readonly endpoint: Endpoint; readonly action: string }
  | { readonly event: 'permission-granted'; readonly endpoint: Endpoint; readonly action: string }
  | ({ readonly event: 'polled'; readonly snapshot: Snapshot } & OnEndpoint)
  | ({
      readonly event: 'poll-failed'
      readonly code: VpnErrorCode
      readonly durationMs: number
      /** The number of failed polls since the last complete snapshot, including this one. */
      readonly failures: number
      /** Whether the view is blind: the last complete snapshot is too old for any policy to act. */
      readonly blind: boolean
      /** When the schedule applies again. */
      readonly retryAt: Instant
    } & Told &
      OnEndpoint)
  /** The view has become blind: nothing is decided or ended on the endpoint until the next snapshot. */
  | ({ readonly event: 'blind'; readonly because: string; readonly nameless: string } & OnEndpoint)
  | { readonly event: 'poll-skipped'; readonly endpoint: Endpoint; readonly reason: 'still-polling' | 'backing-off' }
  /** Terminations that waited for their proof were looked up. `shown`: how many of them AWS still lists. */
  | ({
      readonly event: 'looked-up'
      readonly asked: number
      readonly shown: number
      readonly durationMs: number
    } & OnEndpoint)
  /** A lookup failed. Polls go on confirming terminations, and lookups after `retryAt`. */
  | ({ readonly event: 'lookup-failed'; readonly code: VpnErrorCode; readonly retryAt: Instant } & Told & OnEndpoint)
  /** Lookups are not believed until `retryAt`: whole lists confirm terminations. `answer`: that of AWS, if it is one. */
  | ({
      readonly event: 'lookups-distrusted'
      readonly because: Distrust
      readonly retryAt: Instant
      readonly answer: Told | undefined
    } & OnEndpoint)
  /** Lookups are tried again. */
  | ({ readonly event: 'lookups-resumed' } & OnEndpoint)
  /**
   * AWS lists a status that Curfew does not know. Such connections count as active. Emitted once per endpoint and
   * status.
   */
  | { readonly event: 'unknown-status'; readonly endpoint: Endpoint; readonly status: string }
  /** A value in AWS's list is in a form that Curfew does not know, so the fact is missing. Emitted once per endpoint and field. */
  | {
      readonly event: 'unread-value'
      readonly endpoint: Endpoint
      readonly field: UnreadField
      readonly value: string
    }
  /** An entry of a list resembles the names of connected users, but does not match them. Emitted once per entry. */
  | { readonly event: 'near-miss'; readonly endpoint: Endpoint; readonly nearMiss: NearMissOfEntry }
  /** More entries of one list do so than are reported one by one. Emitted once per list. */
  | ({ readonly event: 'more-near-misses'; readonly endpoint: Endpoint; readonly entries: number } & ListOwner)
  /** `next`: the next judgement or read, and the reason for it. */
  | {
      readonly event: 'decided'
      readonly endpoint: Endpoint
      readonly decisions: Decisions
      /** The names of the policies that the guard holds. */
      readonly held: ReadonlySet<string>
      readonly next: Appointment
    }
  /**
   * A deadline has passed. Emitted once per connection and policy. `repeats`: how often in a row the principal has
   * reconnected.
   */
  | ({
      readonly event: 'violation'
      readonly violation: Violation
      readonly mode: Effect
      readonly repeats: number
    } & OnEndpoint)
  /** A connection ends soon, and its principal is to be warned. Emitted once per connection, policy and lead. */
  | ({
      readonly event: 'warning'
      readonly violation: Violation
      /** How long before the end the policy asks for this warning, in ms. */
      readonly leadMs: number
      readonly endsAt: Instant
      /** Which extension the user may ask for, counted from 1; undefined if none. */
      readonly extension?: number | undefined
    } & OnEndpoint)
  /** A receiver of notifications has accepted a warning that names the principal. `target`: the receiver's name. */
  | ({
      readonly event: 'warned'
      readonly violation: Violation
      readonly leadMs: number
      readonly endsAt: Instant
      readonly target: string
    } & OnEndpoint)
  /** A receiver does not get a warning that names the principal. `why`: `no-address`, or the code of the loss. */
  | ({
      readonly event: 'not-warned'
      readonly violation: Violation
      readonly leadMs: number
      readonly endsAt: Instant
      readonly target: string
      readonly why: string
    } & OnEndpoint)
  /** The user of a connection has moved its end. It is in the audit trail. `ordinal`: which extension of it this is. */
  | ({
      readonly event: 'extended'
      readonly violation: Violation
      readonly ordinal: number
      readonly byMs: number
      readonly endsAt: Instant
    } & OnEndpoint)
  /** A user has asked for an extension and got none. */
  | {
      readonly event: 'extension-refused'
      readonly right: ExtensionRight
      readonly why: ExtensionRefusal
      readonly at: Instant
    }
  /** The guard holds a policy on the endpoint from now on. */
  | ({ readonly event: 'held' } & Hold & OnEndpoint)
  /** The guard no longer holds the policy. `since`: when the hold began. */
  | ({ readonly event: 'released' } & Release & OnEndpoint)
  | ({
      readonly event: 'call-answered'
      readonly call: TerminateCall
      /** `accepted`, or the code of the error. */
      readonly outcome: 'accepted' | VpnErrorCode
      readonly message: string | undefined
      readonly nameless: string | undefined
      readonly requestId: string | undefined
    } & OnEndpoint)
  /** AWS accepted the termination of one connection. */
  | ({
      readonly event: 'accepted'
      readonly violation: Violation
      readonly established: Instant | undefined
    } & OnEndpoint)
  /** A call by user name also ended a connection that no snapshot had shown yet. */
  | ({
      readonly event: 'also-ended'
      readonly violation: Violation
      readonly callId: string
      readonly requestId: string | undefined
    } & OnEndpoint)
  | ({
      readonly event: 'call-withdrawn'
      readonly call: TerminateCall
      readonly why: WithdrawnBecause
    } & OnEndpoint)
  | ({ readonly event: 'termination'; readonly repeats: number } & TerminationReport & OnEndpoint)
  | ({ readonly event: 'reconnected' } & Reconnect & OnEndpoint)
  | {
      readonly event: 'queue'
      readonly region: string
      readonly account: string | undefined
      readonly length: number
      readonly etaSeconds: number
    }
  /** The audit trail, the state file or the history could not be written, or can be again. */
  | { readonly event: 'unwritable'; readonly what: WrittenFile; readonly message: string }
  | { readonly event: 'writable'; readonly what: WrittenFile }
  /** The state file of the last process could not be read. */
  | ({ readonly event: 'state-set-aside' } & SetAside)
  /** Cooldowns or terminations of the state file have no intent in the audit trail. They are not used. */
  | { readonly event: 'calls-dropped'; readonly calls: readonly WithoutIntent[] }
  /** The last durable line of the audit trail: at the start, each hour, and at the stop, after the last record. */
  | {
      readonly event: 'audit-head'
      readonly occasion: 'start' | 'hour' | 'stop'
      /** The unit whose trail it is, where replicas share the work. Undefined where one process has one trail. */
      readonly unit?: string | undefined
      readonly seq: number
      readonly hash: string
      readonly at: Instant
    }
  /** Another process holds the audit trail now: this one stops. */
  | { readonly event: 'lock-lost' }
  /** Records waited for the disk, and could not be written in the end. */
  | { readonly event: 'audit-records-lost'; readonly records: number }
  /** This replica has joined the others, at the start or after an outage. */
  | { readonly event: 'engine-joined'; readonly replica: string; readonly members: number; readonly generation: number }
  /** The session with the engine is over, or none could be opened. Emitted once while it lasts. */
  | { readonly event: 'engine-away'; readonly message: string }
  /** An operator must act before this replica can hold units. Emitted once while it lasts. */
  | { readonly event: 'engine-refused'; readonly why: EngineRefusal; readonly message: string }
  /** A beat was answered. `tookMs`: the time from the question to the answer. */
  | ({ readonly event: 'engine-beat'; readonly tookMs: number } & Pick<JoinedStatus, 'members' | 'units'>)
  /** Another generation is in force, or this replica stands otherwise to it. */
  | {
      readonly event: 'generation'
      /** The generation in force. */
      readonly generation: number
      /** That of this replica's configuration. */
      readonly own: number
      /** The replica that began the one in force; undefined if this one did. */
      readonly begunBy: string | undefined
      /** A newer configuration is in force: this replica hands its units over. */
      readonly isOld: boolean
      /** The configuration was in force before another one, and was brought back. */
      readonly cameBack: boolean
      /** There is a newer one, but no replica of it is left. */
      readonly isNewerGone: boolean
    }
  /** This replica holds the unit from now on. `openIntents`: the calls of earlier tenures that it follows. */
  | { readonly event: 'tenure-began'; readonly unit: string; readonly epoch: number; readonly openIntents: number }
  | {
      readonly event: 'tenure-ended'
      readonly unit: string
      readonly epoch: number
      readonly how: TenureEnd
      readonly because: string
    }
  /** The difference between the clocks of the host and of AWS has crossed a limit. */
  | { readonly event: 'clock-skew'; readonly skewMs: number; readonly warned: boolean; readonly apart: boolean }

export type Emit = (event: CurfewEvent) => void
