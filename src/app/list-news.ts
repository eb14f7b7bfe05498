import type { Instant } from '../domain/time/instant.ts'
import type { Emit } from './events.ts'
import { listChanges } from './list-changes.ts'
import type { State } from './state.ts'

/** A policy set as an operator wrote it. */
interface WrittenSet {
  readonly policySetHash: string
  readonly written: unknown
}

/** Undefined before the first start: every entry would be new. */
const lastInForce = ({ policySetHash, policySets }: State): WrittenSet | undefined =>
  policySetHash === undefined || !Object.hasOwn(policySets, policySetHash)
    ? undefined
    : { policySetHash, written: policySets[policySetHash] }

/** Tells which entries came and went in each list of users, by comparison with the set that was in force before. */
export const createListNews = (state: State, emit: Emit) => {
  let before = lastInForce(state)
  return {
    /** A set is in force from now on. */
    tell(set: WrittenSet, at: Instant): void {
      const changes =
        before === undefined || before.policySetHash === set.policySetHash
          ? []
          : listChanges(before.written, set.written)
      before = set
      for (const change of changes) emit({ event: 'list-changed', ...change, at })
    },
  }
}
