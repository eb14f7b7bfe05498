import type { GuardLimits } from '../domain/guard/limits.ts'
import type { Mode } from '../domain/policies/policy.ts'
import type { RetryRule } from '../domain/terminate/termination.ts'

/** The settings of an endpoint's cycle. A reload replaces them as a whole. */
export interface CycleSettings {
  readonly mode: Mode
  /** How long policies on facts that never change may use the last complete snapshot. */
  readonly staleAfterMs: number
  /** The shortest time between two reads in addition to the schedule. */
  readonly minGapMs: number
  readonly termination: Pick<RetryRule, 'attempts' | 'verifyWithinMs'>
  readonly guard: GuardLimits
  readonly policySetHash: string
}

/** Whether an edit stops all calls. It comes into force without a pause: calls would leave meanwhile. */
export const isEditToAudit = (before: Mode, next: Mode): boolean => next === 'audit' && before !== 'audit'
