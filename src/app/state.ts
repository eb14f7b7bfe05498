import type { KeptMemory } from '../domain/judge/memory.ts'
import type { PolicyAges } from '../domain/policies/policy-ages.ts'
import type { WrittenPolicySets } from './policy-sets.ts'

/** The data that a restart must not lose. */
export interface State {
  readonly policies: PolicyAges
  readonly policySets: WrittenPolicySets
  /** The hash of the policy set that was in force last. It is one of `policySets`. Undefined before the first start. */
  readonly policySetHash: string | undefined
  /** By the key of `endpointKey`. */
  readonly endpoints: Readonly<Record<string, KeptMemory>>
}

export const EMPTY_STATE: State = { policies: {}, policySets: {}, policySetHash: undefined, endpoints: {} }

/** A state that could not be read. `file`: where it was moved to; undefined if it could not be moved. */
export interface SetAside {
  readonly file: string | undefined
  readonly why: string
}

/** The state at a start. */
interface LoadedState {
  readonly state: State
  readonly setAside: SetAside | undefined
}

/** The file at the path of the state is not known to be a state. `message` is one line for an operator. */
export class StateError extends Error {
  override name = 'StateError'
}

/** Stores the state from one process to the next. */
export interface StateStore {
  /**
   * Loads the state of the last process. A damaged file is moved aside, and the state is empty. Rejects with a
   * `StateError` if the file is something else: it may be of use to somebody.
   */
  load(): Promise<LoadedState>
  /** Loads the state for a command that changes nothing: an unreadable file stays in place, and the state is empty. */
  peek(): Promise<State>
  /**
   * Writes the whole state or nothing. `mayReplace` is asked last: if it is false, the file stays as it is. Rejects with
   * an error whose message is for an operator.
   */
  save(state: State, mayReplace?: () => Promise<boolean>): Promise<void>
}
