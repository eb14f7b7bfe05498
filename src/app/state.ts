import type { GuardedVerdict, GuardLimits } from '../domain/guard/guard.ts'
import type { KeptMemory } from '../domain/judge/memory.ts'
import type { PolicyAges } from '../domain/policies/policy-ages.ts'
import type { Instant } from '../domain/time/instant.ts'
import type { Pursuit } from './verification.ts'

/** What a restart must not forget of one endpoint. */
export interface EndpointState {
  readonly memory: KeptMemory
  readonly guard: readonly GuardedVerdict[]
  /** The limits under which those were judged. */
  readonly guardLimits: GuardLimits
  /** When it came under watch: what was overdue then, nobody foresaw. */
  readonly watchedSince: Instant
  /** Terminations under way. */
  readonly pursuits: readonly Pursuit[]
}

/** What a restart must not forget. */
export interface State {
  readonly policies: PolicyAges
  /** By Region and id. */
  readonly endpoints: Readonly<Record<string, EndpointState>>
}

export const EMPTY_STATE: State = { policies: {}, endpoints: {} }

/** Keeps the state from one process to the next. */
export interface StateStore {
  /** Whole or not at all; rejects with a reason in words if it cannot be written. */
  save(state: State): Promise<void>
}
