import type { WrittenPolicySets } from '../../app/policy-sets.ts'
import { EMPTY_STATE } from '../../app/state.ts'
import { stateOfBytes, stateToBytes } from '../files/state-bytes.ts'

/**
 * The policy sets of a state, as bytes beside it. A list of ten thousand names takes most of a state and changes with an
 * edit alone, but the rest is saved every second.
 */
export const policySetsToBytes = (policySets: WrittenPolicySets): Buffer => stateToBytes({ ...EMPTY_STATE, policySets })

/** Bytes that are damaged hold no sets: the guard then has nothing to compare with, and holds what it cannot compare. */
export const policySetsOfBytes = (bytes: Buffer | null): WrittenPolicySets => {
  const found = bytes === null ? undefined : stateOfBytes(bytes)
  return found?.kind === 'state' ? found.state.policySets : {}
}

/** The hashes of policy sets, as one value to compare. */
export const hashesOf = (policySets: WrittenPolicySets): string => Object.keys(policySets).toSorted().join(' ')
