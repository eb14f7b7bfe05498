import type { Connection } from '../connection.ts'
import type { Assessment } from '../judge/assessment.ts'
import type { Location } from '../names/location.ts'
import type { History, Mode } from '../policies/policy.ts'
import type { PolicySet } from '../policies/policy-set.ts'
import type { Instant } from '../time/instant.ts'
import type { GuardLimits } from './limits.ts'
import type { Reselection } from './reselection.ts'

/** What the guard reads of an endpoint and its rules. */
export interface Guarded {
  readonly active: readonly Connection[]
  /** One for each of `active`, made when they are first asked for. */
  readonly assessed: () => readonly Assessment[]
  /** When the snapshot was begun that shows them. */
  readonly shownAt: Instant
  readonly set: PolicySet
  /** The hash of the policy set. */
  readonly setHash: string
  /** Finds an earlier policy set by its hash. Undefined if it can no longer be read. */
  readonly earlierSet: (hash: string) => PolicySet | undefined
  readonly location: Location
  readonly reselection: Reselection
  readonly mode: Mode
  readonly limits: GuardLimits
  readonly history: History
  readonly now: Instant
}

/** Finds the policy sets of versions. */
export const setFinder =
  ({ set, setHash, earlierSet }: Pick<Guarded, 'set' | 'setHash' | 'earlierSet'>) =>
  (hash: string): PolicySet | undefined =>
    hash === setHash ? set : earlierSet(hash)
