import type { Reason } from '../domain/policies/policy.ts'
import type { Instant } from '../domain/time/instant.ts'
import type { Outcome } from './outcome.ts'
import type { VpnErrorCode } from './vpn.ts'

/** What the audit trail tells, each once per change and never once per cycle. */
export const AUDIT_EVENTS = [
  'start',
  'stop',
  'reload',
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

type Absent = null | undefined

/** One line of the audit trail, without its place in the chain. What is absent is left out of the line. */
export interface AuditRecord {
  /** Finite; `since` and `deadline` are left out where they are not. */
  readonly time: Instant
  readonly event: AuditEvent
  readonly endpointId?: string | Absent
  readonly account?: string | Absent
  readonly region?: string | Absent
  readonly connectionId?: string | Absent
  readonly username?: string | Absent
  readonly commonName?: string | Absent
  readonly policy?: string | Absent
  readonly alsoBy?: readonly string[] | Absent
  readonly reason?: Reason | Absent
  readonly because?: string | Absent
  readonly since?: Instant | Absent
  readonly deadline?: Instant | Absent
  /** The intents of one call share its id. */
  readonly call?: { readonly id: string; readonly selector: 'connection-id' | 'username' } | Absent
  readonly requestId?: string | Absent
  readonly outcome?: 'accepted' | Outcome | VpnErrorCode | Absent
  readonly policySetHash?: string | Absent
}

/** The last durable line: its number and the SHA-256 of its bytes, in hex. Before the first line: 0 and 64 zeros. */
export interface AuditHead {
  readonly seq: number
  readonly hash: string
}

/** An append-only, hash-chained record of what was done and why. */
export interface AuditTrail {
  /**
   * Resolves once the records are on disk, in the order of the calls. Rejects with an `AuditError` if they could not be
   * written; none of them is then in the trail, and a later write may succeed.
   */
  write(records: readonly AuditRecord[]): Promise<void>
  head(): AuditHead
  /** Waits for what is being written, then lets go of the file. */
  close(): Promise<void>
}

/** `unwritable`: no record can be kept now. `damaged`: the file is not ours as we left it. `locked`: another process has it. */
export type AuditErrorCode = 'unwritable' | 'damaged' | 'locked'

/** The audit trail cannot be kept. `message` is one line for an operator: which file, what is wrong, what to do. */
export class AuditError extends Error {
  override name = 'AuditError'
  readonly code: AuditErrorCode

  constructor(code: AuditErrorCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}
