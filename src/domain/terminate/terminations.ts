import type { Lookup } from '../lookup.ts'
import type { Snapshot } from '../snapshot.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import type { Evidence } from './evidence.ts'
import {
  type Happening,
  isOpen,
  type KeptTermination,
  mayLeave,
  mayPlan,
  type RetryRule,
  restarted,
  step,
  type Termination,
  type TerminationReport,
} from './termination.ts'

/** The terminations of one endpoint, by connection. Each is followed until a lookup or a snapshot confirms it. */
export const createTerminations = (kept: readonly KeptTermination[] = []) => {
  const all = new Map<string, Termination>(kept.map((one) => [one.violation.connectionId, one]))
  /**
   * User names for which AWS refused a call: the user had more than five connections, or none. They get single calls.
   */
  const singly = new Set<string>()

  const happen = (id: string, happening: Happening, now: Instant, rule: RetryRule): readonly TerminationReport[] => {
    const before = all.get(id)
    const { next, reports } = step(before, happening, now, rule)
    if (next === undefined) all.delete(id)
    else if (next !== before) all.set(id, next)
    return reports
  }

  return {
    happen,
    singly,
    of: (id: string): Termination | undefined => all.get(id),
    mayLeave: (id: string, now: Instant): boolean => mayLeave(all.get(id), now),
    mayPlan: (id: string, now: Instant): boolean => mayPlan(all.get(id), now),

    /** Updates all terminations by a complete snapshot. */
    see({ begunAt, completedAt, connections }: Snapshot, rule: RetryRule): readonly TerminationReport[] {
      if (singly.size > 0) {
        const present = new Set(connections.map(({ username }) => username))
        for (const username of singly) if (!present.has(username)) singly.delete(username)
      }
      if (all.size === 0) return []
      const statuses = new Map<string, string>()
      for (const { id, status } of connections) if (all.has(id)) statuses.set(id, status)
      return [...all.keys()].flatMap((id) =>
        happen(id, { what: 'seen', by: 'list', status: statuses.get(id), begunAt }, completedAt, rule),
      )
    },

    /** Updates terminations by the evidence of a lookup. */
    seeSome(
      { statuses }: Pick<Evidence, 'statuses'>,
      { begunAt, completedAt }: Pick<Lookup, 'begunAt' | 'completedAt'>,
      rule: RetryRule,
    ): readonly TerminationReport[] {
      return [...statuses].flatMap(([id, status]) =>
        happen(id, { what: 'seen', by: 'lookup', status, begunAt }, completedAt, rule),
      )
    },

    /** Lookups are no longer believed: what they did not show counts as seen. */
    distrustLookups(now: Instant, rule: RetryRule): void {
      for (const id of all.keys()) happen(id, { what: 'distrusted' }, now, rule)
    },

    /** Drops terminations that the newest plan does not contain. */
    want(isWanted: (id: string) => boolean, now: Instant, rule: RetryRule): void {
      for (const id of all.keys()) if (!isWanted(id)) happen(id, { what: 'unwanted' }, now, rule)
    },

    /** For the state file. */
    kept: (): readonly KeptTermination[] => [...all.values()].flatMap((one) => restarted(one) ?? []),

    /** Terminations whose outcome is still to come. */
    open(): number {
      let count = 0
      for (const one of all.values()) if (isOpen(one)) count++
      return count
    },

    /** When the first call left whose termination is not confirmed yet; NEVER if all are. */
    unconfirmedSince(): Instant {
      let at: Instant = NEVER
      for (const one of all.values()) if ('leftAt' in one) at = Math.min(at, one.leftAt)
      return at
    },

    /** When a snapshot or a lookup is next needed to confirm a termination. */
    proofDueAt(rule: Pick<RetryRule, 'settleMs'>): Instant {
      let at: Instant = NEVER
      for (const one of all.values()) at = Math.min(at, proofDueAt(one, rule))
      return at
    },

    /** The connections of the terminations that wait for their proof. */
    waitingForProof: (now: Instant, rule: Pick<RetryRule, 'settleMs'>): readonly string[] =>
      [...all].flatMap(([id, one]) => (proofDueAt(one, rule) <= now ? [id] : [])),

    /** The first instant after `now` at which a call may be repeated, if its connection is still due. */
    nextTryAfter(now: Instant): Instant {
      let at: Instant = NEVER
      for (const one of all.values()) {
        if ((one.state === 'waiting' || one.state === 'given-up') && one.tryAgainAt > now)
          at = Math.min(at, one.tryAgainAt)
      }
      return at
    },
  }
}

/** When the termination waits for its proof; NEVER if it does not. */
const proofDueAt = (one: Termination, { settleMs }: Pick<RetryRule, 'settleMs'>): Instant =>
  one.state === 'unproven' || one.state === 'reported-gone' ? one.answeredAt + settleMs : NEVER

export type Terminations = ReturnType<typeof createTerminations>
