import { firstNames, MOST_NAMES } from '../shortened.ts'
import type { Instant } from '../time/instant.ts'
import type { Decision } from './decide.ts'
import { because, type ViolatedVerdict } from './verdict.ts'

/** A connection that violates a policy, and why. The log, the audit trail, the state and JSON use the same keys. */
export interface Violation {
  readonly connectionId: string
  readonly username: string | undefined
  readonly commonName: string | undefined
  readonly policy: string
  readonly reason: string
  /** Undefined if it was read from a trail or state that does not contain it. */
  readonly since: Instant | undefined
  readonly deadline: Instant | undefined
  readonly because: string
  /** At most ten policies, and how many more there are: a list of all would grow with the square of the policies. */
  readonly alsoBy: readonly string[]
}

/** The names of all policies that a connection violates, sorted. */
export const violatedNames = ({ violated }: Pick<Decision, 'violated'>): readonly string[] =>
  violated.map(({ policy }) => policy.name).sort()

/** The other policies that a connection violates, of all their names sorted: some, and how many more there are. */
export const alsoBy = (names: readonly string[], policy: string): readonly string[] => {
  const others = names.slice(0, MOST_NAMES + 1).filter((name) => name !== policy)
  return firstNames(others, names.length - 1)
}

/**
 * The violation of one verdict of a decision. `names`: `violatedNames` of the decision. A caller that asks for each of
 * its verdicts passes them, so that they are sorted once.
 */
export const violationOf = (
  decision: Pick<Decision, 'connection' | 'violated'>,
  now: Instant,
  verdict: ViolatedVerdict,
  names: readonly string[] = violatedNames(decision),
): Violation => {
  const { connection } = decision
  const { id: connectionId, username, commonName } = connection
  const { policy, reason, since, deadline } = verdict
  return {
    connectionId,
    username,
    commonName,
    policy: policy.name,
    reason,
    since,
    deadline,
    because: because(verdict, connection, now),
    alsoBy: alsoBy(names, policy.name),
  }
}
