import type { GuardLimits } from '../domain/guard/guard.ts'
import type { Mode, Policy } from '../domain/policies/policy.ts'
import type { Instant } from '../domain/time/instant.ts'
import type { VerificationSettings } from './verification.ts'

/** What one cycle needs to know of the configuration; replaced whole at a reload. */
export interface CycleSettings {
  readonly mode: Mode
  /** How long the last complete snapshot may serve rules on immutable facts. */
  readonly staleAfterMs: number
  /** Polls that deadlines and verification ask for are at least so far apart. */
  readonly minGapMs: number
  readonly termination: VerificationSettings
  readonly guard: GuardLimits
  readonly policySetHash: string
}

/** When a policy last changed. */
export type ChangedAt = (policy: Policy) => Instant
