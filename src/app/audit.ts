import type { Violation } from '../domain/judge/violation.ts'
import type { CallSelector, Outcome } from '../domain/terminate/termination.ts'
import type { Instant } from '../domain/time/instant.ts'
import type { ListChange } from './list-changes.ts'
import type { PolicySetPart } from './policy-set-text.ts'
import type { VpnErrorCode } from './vpn.ts'

/** The events of the audit trail. Each is recorded once per change, never once per cycle. */
export const AUDIT_EVENTS = [
  'start',
  'stop',
  'reload',
  'policy-set',
  'list-changed',
  'warned',
  'not-warned',
  'extended',
  'would-end',
  'held',
  'released',
  'intent',
  'outcome',
  'gave-up',
  'blind',
  'reconnected',
] as const
export type AuditEvent = (typeof AUDIT_EVENTS)[number]

interface AnyRecord<Event extends AuditEvent> {
  /** Finite. */
  readonly time: Instant
  readonly event: Event
  readonly policySetHash: string
}

interface OnEndpoint {
  readonly endpointId: string
  readonly account: string | undefined
  readonly region: string
}

/** The intents of one call share its id. */
interface AuditedCall {
  readonly id: string
  readonly selector: CallSelector
}

type AboutPolicies<Event extends AuditEvent> = AnyRecord<Event> & { readonly because: string }

/**
 * A connection that violates a policy. Its `since` and `deadline` are left out of the line where they are not finite.
 */
type AboutViolation<Event extends AuditEvent> = AnyRecord<Event> & OnEndpoint & Violation

export type IntentRecord = AboutViolation<'intent'> & { readonly call: AuditedCall }

export type OutcomeRecord = AboutViolation<'outcome' | 'gave-up'> & {
  readonly call: AuditedCall
  readonly requestId: string | undefined
  readonly outcome: 'accepted' | Outcome | VpnErrorCode
}

/** The names that came and went with an edit of a list of users. A long list of them is in several records. */
export type ListChangedRecord = AnyRecord<'list-changed'> & Omit<ListChange, 'entries'>

/** A part of the policy set whose hash is in its `policySetHash`. */
export type PolicySetRecord = AnyRecord<'policy-set'> & PolicySetPart

/** A connection that stays up although it is due. */
export type WouldEndRecord = AboutViolation<'would-end'> & {
  /** Undefined where the policy only reports. */
  readonly heldBy: 'guard' | undefined
}

/** A warning that a receiver of notifications has accepted. */
export type WarnedRecord = AboutViolation<'warned'> & {
  /** The name of the receiver. */
  readonly target: string
  /** The entry of `warn` in the policy. */
  readonly lead: string
  readonly endsAt: Instant
}

/** A warning that a receiver of notifications does not get. */
export type NotWarnedRecord = AboutViolation<'not-warned'> &
  Pick<WarnedRecord, 'target' | 'lead' | 'endsAt'> & {
    /** `no-address`, or the code of the loss. */
    readonly why: string
  }

/** An extension. Its `deadline` is the end that it moves. */
export type ExtendedRecord = AboutViolation<'extended'> & {
  /** The new end. */
  readonly endsAt: Instant
  /** Which extension of the connection it is, counted from 1. */
  readonly extension: number
  readonly by: string
  /** How its user asked for it. */
  readonly via: 'link'
}

/** The records that a start reads again. */
export type ReplayedRecord = IntentRecord | OutcomeRecord | ExtendedRecord

/** One line of the audit trail, without its place in the chain. Undefined values are left out of the line. */
export type AuditRecord =
  | AboutPolicies<'start' | 'reload'>
  | AnyRecord<'stop'>
  | PolicySetRecord
  | ListChangedRecord
  | WarnedRecord
  | NotWarnedRecord
  | ExtendedRecord
  | WouldEndRecord
  | (AnyRecord<'held'> & OnEndpoint & Pick<Violation, 'policy' | 'because'>)
  | (AnyRecord<'released'> & OnEndpoint & Pick<Violation, 'policy'>)
  | IntentRecord
  | OutcomeRecord
  | (AnyRecord<'blind'> & OnEndpoint & { readonly because: string })
  | (AnyRecord<'reconnected'> & OnEndpoint & Omit<Violation, 'reason' | 'since' | 'deadline' | 'alsoBy'>)

/** The last durable line: its number and the SHA-256 of its bytes, in hex. Before the first line: 0 and 64 zeros. */
export interface AuditHead {
  readonly seq: number
  readonly hash: string
}

/** An append-only, hash-chained record of each action and its reason. */
export interface AuditTrail {
  /**
   * Resolves once the records are on disk, in the order of the calls. Rejects with an `AuditError` if they could not be
   * written; none of them is then in the trail, and a later write may succeed.
   */
  write(records: readonly AuditRecord[]): Promise<void>
  head(): AuditHead
  /** Whether the current file has the whole text of the policy set. It has none after a rotation. */
  hasPolicySet(hash: string): boolean
  /** Whether this process is still the one that may write the trail. Rejects if the disk does not tell. */
  held(): Promise<boolean>
  /** Aborted when another process was found to hold the trail. It enforces now: this process must stop. */
  readonly lost: AbortSignal
  /** Waits for running writes, then releases the file. */
  close(): Promise<void>
}

/**
 * `unwritable`: records cannot be written now. `damaged`: the file was changed. `locked`: another process has it open.
 * `stopped`: this process was to stop before it had the file.
 */
type AuditErrorCode = 'unwritable' | 'damaged' | 'locked' | 'stopped'

/** An error of the audit trail. `message` is one line for an operator: which file, what is wrong, what to do. */
export class AuditError extends Error {
  override name = 'AuditError'
  readonly code: AuditErrorCode

  constructor(code: AuditErrorCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}

/** The audit trail cannot be continued. `found` says why, without what to do. */
export class DamagedTrail extends AuditError {
  readonly found: string

  constructor(found: string) {
    super(
      'damaged',
      `${found}; nothing was changed. Move the file elsewhere as evidence, check it with "curfew audit verify", and start again without it`,
    )
    this.found = found
  }
}
