import { isKnownStatus, principalOf } from '../domain/connection.ts'
import type { Review } from '../domain/guard/guard.ts'
import type { NearMiss } from '../domain/judge/case.ts'
import { type Decision, decisionOf } from '../domain/judge/decide.ts'
import type { Foreseen } from '../domain/judge/foresight.ts'
import { isDue } from '../domain/judge/verdict.ts'
import { acts, type Mode } from '../domain/policies/policy.ts'
import type { Instant } from '../domain/time/instant.ts'
import type { Emit, Endpoint } from './events.ts'
import { type Violation, violationOf } from './violation.ts'
import type { Snapshot } from './vpn.ts'

/** Tells what is new about one endpoint: each thing once, not once a cycle. */
export const createNews = (endpoint: Endpoint, emit: Emit, repeatsOf: (violation: Violation) => number) => {
  /** Which violations were told, by connection. */
  const told = new Map<string, Set<string>>()
  const toldStatuses = new Set<string>()
  const toldNearMisses = new Set<string>()

  return {
    /** Deadlines that have passed. */
    violations(violating: readonly Decision[], daemonMode: Mode, now: Instant): void {
      for (const decision of violating) {
        for (const verdict of decision.violated) {
          if (!isDue(verdict, now)) continue
          const known = told.get(decision.connection.id) ?? new Set<string>()
          if (known.has(verdict.policy.name)) continue
          told.set(decision.connection.id, known.add(verdict.policy.name))
          const violation = violationOf(decision, now, verdict)
          if (violation === undefined) continue
          const mode = acts(verdict.policy, daemonMode) ? 'enforce' : 'audit'
          emit({ event: 'violation', endpoint, violation, mode, repeats: repeatsOf(violation), at: now })
        }
      }
    },

    /** Ends to come. */
    warnings(foreseen: readonly Foreseen[], daemonMode: Mode, now: Instant): void {
      for (const { connection, verdict, endsAt, leadMs } of foreseen) {
        const violation = violationOf(decisionOf(connection, [verdict], endsAt, daemonMode), endsAt)
        if (violation !== undefined) emit({ event: 'warning', endpoint, violation, leadMs, endsAt, at: now })
      }
    },

    /** What the guard holds, or holds no longer. */
    review({ held, released, decisions: { active } }: Review, now: Instant): void {
      const byPolicy = new Map<string, ReturnType<typeof violationOf>[]>()
      for (const { decision, verdict } of held) {
        const violation = violationOf(decision, now, verdict)
        const { name } = verdict.policy
        if (byPolicy.get(name)?.push(violation) === undefined) byPolicy.set(name, [violation])
      }
      for (const [policy, found] of byPolicy) {
        const violations = found.filter((one) => one !== undefined)
        emit({ event: 'held', endpoint, policy, violations, active, at: now })
      }
      if (released.length > 0) emit({ event: 'released', endpoint, verdicts: released, at: now })
    },

    nearMisses(nearMisses: readonly NearMiss[]): void {
      for (const nearMiss of nearMisses) {
        const { connection, policy, entry } = nearMiss
        const key = [policy.name, entry, principalOf(connection)].join('\n')
        if (toldNearMisses.has(key)) continue
        toldNearMisses.add(key)
        emit({ event: 'near-miss', endpoint, nearMiss })
      }
    },

    /** Words of AWS that nobody knows. Takes in who is gone. */
    statuses({ connections }: Snapshot): void {
      if (told.size > 0) {
        const ids = new Set(connections.map(({ id }) => id))
        for (const id of told.keys()) if (!ids.has(id)) told.delete(id)
      }
      for (const { status } of connections) {
        if (isKnownStatus(status) || toldStatuses.has(status)) continue
        toldStatuses.add(status)
        emit({ event: 'unknown-status', endpoint, status })
      }
    },

    /** Other policies name other people. */
    policiesChanged(): void {
      toldNearMisses.clear()
    },
  }
}
