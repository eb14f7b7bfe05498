import type { TerminateCall } from '../domain/terminate/plan.ts'
import { type Instant, MINUTE, NEVER, SECOND } from '../domain/time/instant.ts'
import type { Outcome } from './outcome.ts'
import type { Violation } from './violation.ts'
import type { Snapshot } from './vpn.ts'

export interface VerificationSettings {
  readonly verifyWithinMs: number
  readonly attempts: number
}

/** What became of a termination, as a snapshot or an answer told. */
export interface Proof {
  readonly violation: Violation
  readonly outcome: Outcome
  readonly attempts: number
  /** The last call that was sent for it, and when it left. */
  readonly callId: string
  readonly selector: TerminateCall['selector']
  readonly leftAt: Instant
  readonly requestId: string | undefined
}

/** How long a termination that was given up waits before it is tried again, as long as it is violation. */
const AGAIN_AFTER_MS = 5 * MINUTE

/** A snapshot begun this soon after an answer may still show the connection as it was: EC2 is eventually consistent. */
const SETTLE_MS = 2 * SECOND

/** The pause before a call that was refused, or that did nothing, is repeated; longer with each attempt. */
const RETRY_MS = 5 * SECOND

export interface Pursuit {
  readonly violation: Violation
  callId: string
  readonly selector: TerminateCall['selector']
  requestId: string | undefined
  attempts: number
  /**
   * `sending`: the call is out. `sent`: AWS may act on it, the proof is awaited. `gone`: AWS says there is no such
   * connection, a snapshot may still show it. `free`: may be sent again at `againAt`.
   */
  state: 'sending' | 'sent' | 'gone' | 'free'
  /** Whether AWS took a call for it, or may have. Without one, its end is not our doing. */
  taken: boolean
  leftAt: Instant
  /** When AWS answered; from then on its proof is due. */
  sentAt: Instant
  againAt: Instant
  /** Complete snapshots running that did not show the connection at all. */
  absences: number
  gaveUp: boolean
}

/** Follows every termination of one endpoint until a complete snapshot proves that the connection is gone. An acknowledgement is not a proof. */
export const createVerification = (kept: readonly Pursuit[] = []) => {
  // A call that was out when the last process ended may have been heard: if the next snapshot shows the connection still
  // up, it is sent again, and if it shows it on its way out, that is our doing.
  const pursuits = new Map<string, Pursuit>(
    kept.map((pursuit) => [
      pursuit.violation.connectionId,
      pursuit.state === 'sending' ? { ...pursuit, state: 'free', taken: true } : pursuit,
    ]),
  )

  /** Kept from the last process, and not looked at yet: the calls may have done what they were for. */
  const unseen = new Set(pursuits.keys())
  /** What was known before the call that is out: if it never counted, that is what is known. */
  const before = new Map<string, Pursuit>()

  const proofOf = ({ violation, attempts, callId, selector, leftAt, requestId }: Pursuit, outcome: Outcome): Proof => ({
    violation,
    outcome,
    attempts,
    callId,
    selector,
    leftAt,
    requestId,
  })

  const retire = (id: string, pursuit: Pursuit, outcome: Outcome): Proof => {
    pursuits.delete(id)
    return proofOf(pursuit, outcome)
  }

  /** One attempt is used up. Says so once when it was the last one. */
  const retry = (pursuit: Pursuit, settings: VerificationSettings, now: Instant): Proof[] => {
    pursuit.state = 'free'
    pursuit.againAt = now + pursuit.attempts * RETRY_MS
    if (pursuit.attempts < settings.attempts) return []
    pursuit.againAt = now + AGAIN_AFTER_MS
    pursuit.gaveUp = true
    return [proofOf(pursuit, 'gave-up')]
  }

  /** AWS is still at it: sending again would do nothing, but somebody must hear of it in the end. */
  const lingers = (pursuit: Pursuit, settings: VerificationSettings, now: Instant): Proof[] => {
    const patienceMs = settings.verifyWithinMs * settings.attempts
    if (pursuit.gaveUp || now - pursuit.sentAt < patienceMs) return []
    pursuit.gaveUp = true
    return [proofOf(pursuit, 'gave-up')]
  }

  /** What a snapshot begun after the answer says of one termination. */
  const read = (
    id: string,
    pursuit: Pursuit,
    status: string | undefined,
    snapshot: Snapshot,
    settings: VerificationSettings,
  ): Proof[] => {
    const waited = snapshot.begunAt - pursuit.sentAt
    pursuit.absences = status === undefined ? pursuit.absences + 1 : 0
    if (pursuit.state === 'gone') {
      if (status === undefined || status === 'terminated') pursuits.delete(id)
      else if (waited >= settings.verifyWithinMs) return retry(pursuit, settings, snapshot.completedAt)
      return []
    }
    if (status === 'terminated' || pursuit.absences >= 2) {
      return [retire(id, pursuit, pursuit.taken ? 'confirmed' : 'already-gone')]
    }
    if (pursuit.state === 'free' && pursuit.taken && status === 'terminating') pursuit.state = 'sent'
    if (pursuit.state !== 'sent' || status === undefined) return []
    if (status === 'terminating') return lingers(pursuit, settings, snapshot.begunAt)
    const failed = status === 'failed-to-terminate' && waited >= SETTLE_MS
    return failed || waited >= settings.verifyWithinMs ? retry(pursuit, settings, snapshot.completedAt) : []
  }

  return {
    /** Whether a call may leave for this connection now: not while an earlier one is out or awaits its proof. */
    maySend(id: string, now: Instant): boolean {
      const pursuit = pursuits.get(id)
      return pursuit === undefined || (pursuit.state === 'free' && now >= pursuit.againAt)
    },

    sending(violation: Violation, selector: TerminateCall['selector'], now: Instant): void {
      const known = pursuits.get(violation.connectionId)
      // After giving up, each new round has its own attempts.
      const attempts = known === undefined || known.gaveUp ? 0 : known.attempts
      if (known !== undefined) before.set(violation.connectionId, known)
      pursuits.set(violation.connectionId, {
        violation,
        callId: '',
        selector,
        requestId: undefined,
        attempts: attempts + 1,
        state: 'sending',
        taken: known?.taken ?? false,
        leftAt: now,
        sentAt: now,
        againAt: now,
        absences: 0,
        gaveUp: false,
      })
    },

    /** The call is written down under this id. */
    recorded(id: string, callId: string): void {
      const pursuit = pursuits.get(id)
      if (pursuit !== undefined) pursuit.callId = callId
    },

    /** The call stands on disk and goes out now: who was there before did not come back after it. */
    left(id: string, now: Instant): void {
      const pursuit = pursuits.get(id)
      if (pursuit !== undefined) Object.assign(pursuit, { leftAt: now, sentAt: now })
    },

    callIdOf: (id: string): string => pursuits.get(id)?.callId ?? '',

    /** AWS took the call, or may have: a time-out says nothing. Returns when the call had left. */
    sent(id: string, requestId: string | undefined, now: Instant): Instant {
      const pursuit = pursuits.get(id)
      before.delete(id)
      if (pursuit === undefined) return now
      Object.assign(pursuit, { state: 'sent', taken: true, sentAt: now, requestId })
      return pursuit.leftAt
    },

    /** AWS says that there is no such connection any more. */
    alreadyGone(id: string, now: Instant): Proof[] {
      const pursuit = pursuits.get(id)
      before.delete(id)
      if (pursuit === undefined) return []
      Object.assign(pursuit, { state: 'gone', sentAt: now })
      return [proofOf(pursuit, 'already-gone')]
    },

    /** The call never counted: throttled, or taken back. What ends the connection, and why, is as it was before it. */
    unsent(id: string): void {
      const known = before.get(id)
      before.delete(id)
      if (known === undefined) pursuits.delete(id)
      else pursuits.set(id, known)
    },

    /** AWS refused the call. */
    refused(id: string, settings: VerificationSettings, now: Instant): Proof[] {
      const pursuit = pursuits.get(id)
      before.delete(id)
      if (pursuit === undefined) return []
      const failed = proofOf(pursuit, 'failed')
      return [failed, ...retry(pursuit, settings, now)]
    },

    /** Nobody wants these ended any more: those that may be sent again are forgotten, unless they may be gone already. */
    drop(isUnwanted: (id: string) => boolean): void {
      for (const [id, { state, absences }] of pursuits) {
        if (state === 'free' && absences === 0 && !unseen.has(id) && isUnwanted(id)) pursuits.delete(id)
      }
    },

    /** Reads what a complete snapshot says of the open terminations. */
    see(snapshot: Snapshot, settings: VerificationSettings): Proof[] {
      if (pursuits.size === 0) return []
      const rows = new Map<string, string>()
      for (const { id, status } of snapshot.connections) if (pursuits.has(id)) rows.set(id, status)
      const proofs: Proof[] = []
      for (const [id, pursuit] of pursuits) {
        // The clock was set back: what lies ahead would be waited for twice.
        pursuit.sentAt = Math.min(pursuit.sentAt, snapshot.completedAt)
        pursuit.againAt = Math.min(pursuit.againAt, snapshot.completedAt + AGAIN_AFTER_MS)
        if (pursuit.state === 'sending' || snapshot.begunAt <= pursuit.sentAt) continue
        unseen.delete(id)
        proofs.push(...read(id, pursuit, rows.get(id), snapshot, settings))
      }
      return proofs
    },

    /** For the state file. */
    kept: (): readonly Pursuit[] => [...pursuits.values()],

    /** Terminations without an outcome. */
    open(): number {
      let count = 0
      for (const { gaveUp, state } of pursuits.values()) if (!gaveUp && state !== 'gone') count++
      return count
    },

    /** When a snapshot is wanted that the schedule may not bring. */
    wantsSnapshotAt(): Instant {
      let at: Instant = NEVER
      for (const { state, sentAt, gaveUp } of pursuits.values()) {
        if (state === 'sent' && !gaveUp) at = Math.min(at, sentAt + SETTLE_MS)
      }
      return at
    },

    /** The first instant after `now` at which a connection, if still violation, may be tried again. */
    againAfter(now: Instant): Instant {
      let at: Instant = NEVER
      for (const { state, againAt } of pursuits.values()) {
        if (state === 'free' && againAt > now) at = Math.min(at, againAt)
      }
      return at
    },
  }
}
