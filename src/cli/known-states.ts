import type { State } from '../app/state.ts'

/** A unit of the configuration, and which replica holds it. */
export interface UnitInPlan {
  /** The key of the unit. */
  readonly unit: string
  /** The replica that was granted the newest tenure. Undefined before the first one. */
  readonly holder: string | undefined
  /** Whether that tenure lasts. */
  readonly isHeld: boolean
  /** How many tenures there were. */
  readonly epoch: number
}

/** The states with which daemons would start now. */
export interface KnownStates {
  /** The state of the daemon that would serve the unit. In files there is one for all units. */
  readonly of: (unit: string) => State
  /** The units of the configuration. Undefined where no replicas share them. */
  readonly units: readonly UnitInPlan[] | undefined
}
