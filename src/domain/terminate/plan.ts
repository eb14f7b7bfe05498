import type { Decision, Decisions, DueDecision } from '../judge/decide.ts'
import type { CallSelector } from './termination.ts'
import type { Rate } from './token-bucket.ts'

/** One call to TerminateClientVpnConnections, and the connections that it ends. */
export interface TerminateCall {
  readonly selector: CallSelector
  readonly endpointId: string
  /** The user name as AWS spells it; only with the selector `username`. */
  readonly username: string | undefined
  /** Most urgent first: one, or with the selector `username` all connections of the user. */
  readonly decisions: readonly [DueDecision, ...DueDecision[]]
}

/** The decisions of one endpoint in the order in which they are carried out. */
export interface Plan {
  readonly terminate: readonly DueDecision[]
  /** Connections that would end if the policies acted. */
  readonly audit: readonly DueDecision[]
  /** Connections that would end if the guard held no policy. */
  readonly held: readonly DueDecision[]
  /** Connections whose termination waits for its proof or its next attempt have no call. */
  readonly calls: readonly TerminateCall[]
}

export const EMPTY_PLAN: Plan = { terminate: [], audit: [], held: [], calls: [] }

/**
 * `together`: users whose connections may end by one call, as `usersToEndAtOnce` finds them. `mayPlan`: whether a call may
 * be planned for a connection, which is not so while an earlier one is followed.
 */
export const planOf = (
  { violating }: Pick<Decisions, 'violating'>,
  together: ReadonlyMap<string, readonly DueDecision[]> = new Map(),
  mayPlan: (connectionId: string) => boolean = () => true,
): Plan => {
  const dueFor = (act: DueDecision['act']) =>
    violating.filter((one): one is DueDecision => one.act === act).sort(byUrgency)
  const terminate = dueFor('terminate')
  const done = new Set<string>()
  const calls = terminate.flatMap((decision): readonly TerminateCall[] => {
    const { endpointId, username } = decision.connection
    const ofUser = username === undefined ? undefined : together.get(username)
    if (username === undefined || ofUser === undefined) {
      if (!mayPlan(decision.connection.id)) return []
      return [{ selector: 'connection-id', endpointId, username: undefined, decisions: [decision] }]
    }
    // The call has the place of its most urgent connection.
    if (done.has(username)) return []
    done.add(username)
    const others = ofUser.filter((other) => other !== decision).sort(byUrgency)
    return [{ selector: 'username', endpointId, username, decisions: [decision, ...others] }]
  })
  return { terminate, audit: dueFor('audit'), held: dueFor('held'), calls }
}

/** The queue's order: the lead kind's rank, the deadline, the connection's id. Decisions without a lead come last. */
export const byUrgency = (a: Decision, b: Decision): number => {
  const byId = a.connection.id < b.connection.id ? -1 : 1
  if (a.lead === undefined || b.lead === undefined) {
    return Number(a.lead === undefined) - Number(b.lead === undefined) || byId
  }
  return a.lead.policy.kind.rank - b.lead.policy.kind.rank || a.lead.deadline - b.lead.deadline || byId
}

/** Seconds until the last of `calls` may leave, starting with a full bucket. */
export const etaSeconds = (calls: number, rate: Rate): number => Math.max(0, (calls - rate.burst) / rate.perSecond)
