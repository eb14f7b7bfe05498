import type { Mode } from '../domain/policy.ts'
import type { VerificationSettings } from './verification.ts'

/** What one cycle needs to know of the configuration; replaced whole at a reload. */
export interface CycleSettings {
  readonly mode: Mode
  /** How long the last complete snapshot may serve rules on immutable facts. */
  readonly staleAfterMs: number
  /** Polls that deadlines and verification ask for are at least so far apart. */
  readonly minGapMs: number
  readonly termination: VerificationSettings
}
