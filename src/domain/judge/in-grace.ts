import type { Connection } from '../connection.ts'
import { mayEnd } from '../policies/policy.ts'
import type { Judged } from './explain.ts'
import type { ViolatedVerdict } from './verdict.ts'

/** A connection that violates a policy and whose deadline is still to come. */
export interface InGrace {
  readonly connection: Connection
  /** The verdict with the earliest deadline to come; of a policy that acts, if one does. */
  readonly lead: ViolatedVerdict
  readonly violated: readonly ViolatedVerdict[]
  /** Whether the policy of `lead` acts, so that the connection ends at the deadline. */
  readonly acts: boolean
}

const byDeadline = (a: ViolatedVerdict, b: ViolatedVerdict) =>
  a.deadline - b.deadline || (a.policy.name < b.policy.name ? -1 : 1)

/**
 * The connections in grace, the earliest deadline first. Those that are due and those that the guard holds are not among
 * them; held policies end nothing.
 */
export const inGrace = ({ judgement: { now, acting, decisions } }: Judged): readonly InGrace[] =>
  (decisions?.violating ?? [])
    .flatMap(({ connection, act, violated }): readonly InGrace[] => {
      if (act === 'terminate' || act === 'held') return []
      const ahead = violated.filter((one) => now < one.deadline && !acting.held.has(one.policy.name)).sort(byDeadline)
      const ending = ahead.find(({ policy }) => mayEnd(policy, acting))
      // A connection that is due under audit alone is reported as such.
      const lead = ending ?? (act === 'audit' ? undefined : ahead[0])
      return lead === undefined ? [] : [{ connection, lead, violated, acts: ending !== undefined }]
    })
    .sort((a, b) => a.lead.deadline - b.lead.deadline || (a.connection.id < b.connection.id ? -1 : 1))
