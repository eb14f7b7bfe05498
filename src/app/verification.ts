import type { Decision } from '../domain/decide.ts'
import { type Instant, MINUTE, NEVER, SECOND } from '../domain/instant.ts'
import type { Outcome } from './events.ts'
import type { Snapshot } from './vpn.ts'

export interface VerificationSettings {
  readonly verifyWithinMs: number
  readonly attempts: number
}

/** What became of a termination, as a snapshot or an answer told. */
export interface Proof {
  readonly decision: Decision
  readonly outcome: Outcome
  readonly attempts: number
}

/** How long a termination that was given up waits before it is tried again, as long as it is condemned. */
const AGAIN_AFTER_MS = 5 * MINUTE

/** A snapshot begun this soon after an answer would still show the connection: EC2 is eventually consistent. */
const SETTLE_MS = 2 * SECOND

interface Pursuit {
  decision: Decision
  attempts: number
  /** `sending`: the call is out. `sent`: AWS may act on it, the proof is awaited. `free`: may be sent again at `againAt`. */
  state: 'sending' | 'sent' | 'free'
  /** Whether AWS took a call for it, or may have. Without one, its end is not our doing. */
  taken: boolean
  sentAt: Instant
  againAt: Instant
  /** Complete snapshots running that did not show the connection at all. */
  absences: number
  gaveUp: boolean
}

/** Follows every termination of one endpoint until a complete snapshot proves that the connection is gone. An acknowledgement is not a proof. */
export const createVerification = () => {
  const pursuits = new Map<string, Pursuit>()

  const retire = (id: string, pursuit: Pursuit, outcome: Outcome): Proof => {
    pursuits.delete(id)
    return { decision: pursuit.decision, outcome, attempts: pursuit.attempts }
  }

  /** One attempt is used up. Says so once when it was the last one. */
  const retry = (pursuit: Pursuit, again: Instant, settings: VerificationSettings, now: Instant): Proof[] => {
    pursuit.state = 'free'
    pursuit.againAt = again
    if (pursuit.attempts < settings.attempts) return []
    pursuit.againAt = now + AGAIN_AFTER_MS
    pursuit.gaveUp = true
    return [{ decision: pursuit.decision, outcome: 'gave-up', attempts: pursuit.attempts }]
  }

  return {
    /** Whether a call may leave for this connection now: not while an earlier one is out or awaits its proof. */
    maySend(id: string, now: Instant): boolean {
      const pursuit = pursuits.get(id)
      return pursuit === undefined || (pursuit.state === 'free' && now >= pursuit.againAt)
    },

    sending(decision: Decision, now: Instant): void {
      const known = pursuits.get(decision.connection.id)
      // After giving up, each new round has its own attempts.
      const attempts = known === undefined || known.gaveUp ? 0 : known.attempts
      pursuits.set(decision.connection.id, {
        decision,
        attempts: attempts + 1,
        state: 'sending',
        taken: known?.taken ?? false,
        sentAt: now,
        againAt: now,
        absences: 0,
        gaveUp: false,
      })
    },

    /** AWS took the call, or may have: a time-out says nothing. */
    sent(id: string, now: Instant): void {
      const pursuit = pursuits.get(id)
      if (pursuit !== undefined) Object.assign(pursuit, { state: 'sent', taken: true, sentAt: now })
    },

    /** AWS says that there is no such connection any more. */
    alreadyGone(id: string): Proof[] {
      const pursuit = pursuits.get(id)
      return pursuit === undefined ? [] : [retire(id, pursuit, 'already-gone')]
    },

    /** The call never counted: throttled, or taken back at stop. */
    unsent(id: string): void {
      const pursuit = pursuits.get(id)
      if (pursuit === undefined) return
      pursuit.attempts--
      if (pursuit.attempts === 0) pursuits.delete(id)
      else pursuit.state = 'free'
    },

    /** AWS refused the call. */
    refused(id: string, settings: VerificationSettings, now: Instant): Proof[] {
      const pursuit = pursuits.get(id)
      if (pursuit === undefined) return []
      const failed: Proof = { decision: pursuit.decision, outcome: 'failed', attempts: pursuit.attempts }
      return [failed, ...retry(pursuit, now + pursuit.attempts * 5 * SECOND, settings, now)]
    },

    /** Reads what a complete snapshot says of the open terminations. */
    see(snapshot: Snapshot, settings: VerificationSettings): Proof[] {
      if (pursuits.size === 0) return []
      const rows = new Map<string, string>()
      for (const { id, status } of snapshot.connections) if (pursuits.has(id)) rows.set(id, status)
      const proofs: Proof[] = []
      for (const [id, pursuit] of pursuits) {
        if (pursuit.state === 'sending' || snapshot.begunAt <= pursuit.sentAt) continue
        const status = rows.get(id)
        pursuit.absences = status === undefined ? pursuit.absences + 1 : 0
        if (status === 'terminated' || pursuit.absences >= 2) {
          proofs.push(retire(id, pursuit, pursuit.taken ? 'confirmed' : 'already-gone'))
        } else if (pursuit.state === 'sent' && status !== undefined) {
          const late = snapshot.begunAt - pursuit.sentAt >= settings.verifyWithinMs
          if (status === 'failed-to-terminate' || late)
            proofs.push(...retry(pursuit, snapshot.completedAt, settings, snapshot.completedAt))
        }
      }
      return proofs
    },

    /** Terminations without an outcome, those given up not among them. */
    open(): number {
      let count = 0
      for (const pursuit of pursuits.values()) if (!pursuit.gaveUp) count++
      return count
    },

    /** When a snapshot is wanted that the schedule may not bring. */
    wantsSnapshotAt(): Instant {
      let at: Instant = NEVER
      for (const { state, sentAt } of pursuits.values()) if (state === 'sent') at = Math.min(at, sentAt + SETTLE_MS)
      return at
    },

    /** The first instant after `now` at which a connection, if still condemned, may be tried again. */
    againAfter(now: Instant): Instant {
      let at: Instant = NEVER
      for (const { state, againAt } of pursuits.values())
        if (state === 'free' && againAt > now) at = Math.min(at, againAt)
      return at
    },
  }
}
