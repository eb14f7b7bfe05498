import type { Connection } from '../connection.ts'
import type { Location } from '../names/selector.ts'
import type { PolicySet } from '../policies/policy-set.ts'
import { type Case, caseOf, type Ground } from './case.ts'

/** The cases of active connections, one for each, in their order. */
export interface Cases {
  of(active: readonly Connection[], ground: Ground): readonly Case[]
}

/** Each made anew, whenever it is asked for. */
export const createCases = (set: PolicySet, place: Location): Cases => {
  const standingsOf = set.standings(place)
  const isProtected = set.isProtected(place)
  return {
    of: (active, ground) =>
      active.map((connection) => caseOf(connection, standingsOf(connection), isProtected(connection), ground)),
  }
}
