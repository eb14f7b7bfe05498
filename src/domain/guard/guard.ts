import { type Decision, type Decisions, decisionOf } from '../judge/decide.ts'
import { isDue, type Verdict } from '../judge/verdict.ts'
import { acts, type Mode, type Policy } from '../policies/policy.ts'
import { type Instant, MINUTE } from '../time/instant.ts'

/** How much of an endpoint verdicts that nobody foresaw may end within ten minutes. */
export interface GuardLimits {
  readonly maxPercent: number
  readonly minConnections: number
}

const WITHIN_MS = 10 * MINUTE

/** What is kept of one guarded verdict: since when it condemns, and whether it is held. */
export interface GuardedVerdict {
  readonly policy: string
  readonly connectionId: string
  readonly dueAt: Instant
  readonly held: boolean
}

/** What became of the holds at one decision. */
export interface Review {
  readonly decisions: Decisions
  /** Verdicts that are held from now on. */
  readonly held: ReadonlyArray<{ readonly decision: Decision; readonly verdict: Verdict }>
  /** Verdicts that are held no longer: they went, or an operator edited their policy or the guard. */
  readonly released: readonly GuardedVerdict[]
}

/**
 * What time brings was foreseen, what an edit brings was not. Verdicts that began before their policy last changed, and
 * those on counters or on the whole snapshot, are held when they would end more of the endpoint than the limits allow.
 * Verdicts are held, not connections: another policy may still end one.
 */
export const createGuard = (kept: readonly GuardedVerdict[] = []) => {
  const known = new Map(kept.map((verdict) => [keyOf(verdict.policy, verdict.connectionId), verdict]))
  let released: GuardedVerdict[] = []

  const forget = (goes: (verdict: GuardedVerdict) => boolean) => {
    for (const [key, verdict] of known) {
      if (!goes(verdict)) continue
      known.delete(key)
      if (verdict.held) released.push(verdict)
    }
  }

  return {
    /** An operator edited the policy, or the limits (no name): what it condemns is judged anew. */
    reset(policy?: string): void {
      forget((verdict) => policy === undefined || verdict.policy === policy)
    },

    /** Decides what is held, and leaves those verdicts out of the decisions. */
    review(
      decisions: Decisions,
      mode: Mode,
      limits: GuardLimits,
      changedAt: (policy: Policy) => Instant,
      /** Whether the last snapshot merely failed to show the connection. */
      isMissing: (connectionId: string) => boolean,
    ): Review {
      const { now, active } = decisions
      const condemning = new Map<string, { readonly decision: Decision; readonly verdict: Verdict }>()
      for (const decision of decisions.violating) {
        for (const verdict of decision.violated) {
          if (!acts(verdict.policy, mode) || !isDue(verdict, now) || !isGuarded(verdict, changedAt)) continue
          condemning.set(keyOf(verdict.policy.name, decision.connection.id), { decision, verdict })
        }
      }
      const inDoubt = new Set<string>()
      for (const [{ name }, ids] of decisions.unknown) for (const id of ids) inDoubt.add(keyOf(name, id))
      // A verdict that went takes its hold along, not one that cannot be read just now; a connection that was ended still
      // counts against the limits.
      forget((verdict) => {
        const key = keyOf(verdict.policy, verdict.connectionId)
        if (condemning.has(key)) return false
        if (verdict.held && (inDoubt.has(key) || isMissing(verdict.connectionId))) return false
        return verdict.held || now - verdict.dueAt >= WITHIN_MS
      })
      for (const [key, { decision, verdict }] of condemning) {
        if (known.has(key)) continue
        known.set(key, {
          policy: verdict.policy.name,
          connectionId: decision.connection.id,
          dueAt: now,
          held: false,
        })
      }

      // The clock was set back: what lies ahead would count for longer than it should.
      for (const [key, verdict] of known) if (verdict.dueAt > now) known.set(key, { ...verdict, dueAt: now })
      const recent = [...known].filter(([, verdict]) => now - verdict.dueAt < WITHIN_MS)
      const tooMany = (entries: typeof recent) => {
        const connections = new Set(entries.map(([, verdict]) => verdict.connectionId)).size
        return connections > limits.minConnections && connections > (limits.maxPercent / 100) * active
      }
      const byPolicy = new Map<string, typeof recent>()
      for (const entry of recent) {
        if (byPolicy.get(entry[1].policy)?.push(entry) === undefined) byPolicy.set(entry[1].policy, [entry])
      }
      const held: Array<{ readonly decision: Decision; readonly verdict: Verdict }> = []
      const hold = (entries: typeof recent) => {
        for (const [key, verdict] of entries) {
          const condemned = condemning.get(key)
          if (known.get(key)?.held === true || condemned === undefined) continue
          known.set(key, { ...verdict, held: true })
          held.push(condemned)
        }
      }
      for (const entries of byPolicy.values()) if (tooMany(entries)) hold(entries)
      // All together counts what is left: one name banned beside a policy that is held ends at once.
      const left = recent.filter(([key]) => known.get(key)?.held !== true)
      if (tooMany(left)) hold(left)

      const isHeld = (verdict: Verdict, id: string) => known.get(keyOf(verdict.policy.name, id))?.held === true
      const review = { decisions: without(decisions, mode, isHeld), held, released }
      released = []
      return review
    },

    /** For the state file. */
    kept: (): readonly GuardedVerdict[] => [...known.values()],
  }
}

const keyOf = (policy: string, connectionId: string) => `${connectionId}\n${policy}`

const isGuarded = ({ policy, since }: Verdict, changedAt: (policy: Policy) => Instant): boolean => {
  if (policy.guard === 'off') return false
  return policy.kind.facts !== 'immutable' || since === undefined || since < changedAt(policy)
}

const without = (
  decisions: Decisions,
  mode: Mode,
  isHeld: (verdict: Verdict, connectionId: string) => boolean,
): Decisions => ({
  ...decisions,
  violating: decisions.violating.map((decision) => {
    const { connection, violated } = decision
    const held = violated.filter((verdict) => isHeld(verdict, connection.id))
    return held.length === 0 ? decision : decisionOf(connection, violated, decisions.now, mode, held)
  }),
})
