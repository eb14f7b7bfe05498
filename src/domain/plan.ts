import type { Decision, Decisions } from './decide.ts'
import { NEVER } from './instant.ts'
import type { Rate } from './token-bucket.ts'

/** The decisions of one endpoint as what is to be done: in the order in which it will be. */
export interface Plan {
  readonly terminate: readonly Decision[]
  /** What would end if the policies that condemn it acted. */
  readonly audit: readonly Decision[]
  /** Calls to the API. */
  readonly calls: number
}

export const planOf = ({ violating }: Decisions): Plan => {
  const terminate = violating.filter(({ act }) => act === 'terminate').sort(byUrgency)
  return { terminate, audit: violating.filter(({ act }) => act === 'audit').sort(byUrgency), calls: terminate.length }
}

/** The queue's order: the lead kind's rank, the deadline, the connection's id. */
export const byUrgency = (a: Decision, b: Decision): number =>
  (a.lead?.policy.kind.rank ?? NEVER) - (b.lead?.policy.kind.rank ?? NEVER) ||
  (a.lead?.deadline ?? NEVER) - (b.lead?.deadline ?? NEVER) ||
  (a.connection.id < b.connection.id ? -1 : 1)

/** Seconds until the last of `calls` may leave, from a full bucket. */
export const etaSeconds = (calls: number, rate: Rate): number => Math.max(0, (calls - rate.burst) / rate.perSecond)
