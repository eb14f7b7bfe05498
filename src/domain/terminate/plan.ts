import type { Decision, Decisions } from '../judge/decide.ts'
import { NEVER } from '../time/instant.ts'
import type { Rate } from './token-bucket.ts'

/** One call to TerminateClientVpnConnections and what it is to end. */
export interface TerminateCall {
  readonly selector: 'connection-id' | 'username'
  readonly endpointId: string
  /** As AWS spells it; with the selector `username` only. */
  readonly username: string | undefined
  /** Most urgent first; one, or with the selector `username` all that the user has. */
  readonly decisions: readonly [Decision, ...Decision[]]
}

/** The decisions of one endpoint as what is to be done: in the order in which it will be. */
export interface Plan {
  readonly terminate: readonly Decision[]
  /** What would end if the policies that condemn it acted. */
  readonly audit: readonly Decision[]
  /** What would end if the guard did not hold it. */
  readonly held: readonly Decision[]
  readonly calls: readonly TerminateCall[]
}

/** `together`: users whose connections may end by one call, as `usersToEndAtOnce` finds them. */
export const planOf = (
  { violating }: Decisions,
  together: ReadonlyMap<string, readonly Decision[]> = new Map(),
): Plan => {
  const of = (wanted: Decision['act']) => violating.filter(({ act }) => act === wanted).sort(byUrgency)
  const terminate = of('terminate')
  const done = new Set<string>()
  const calls = terminate.flatMap((decision): readonly TerminateCall[] => {
    const { endpointId, username } = decision.connection
    const theirs = username === undefined ? undefined : together.get(username)
    if (username === undefined || theirs === undefined) {
      return [{ selector: 'connection-id', endpointId, username: undefined, decisions: [decision] }]
    }
    // The call stands where the most urgent of the connections does.
    if (done.has(username)) return []
    done.add(username)
    const others = theirs.filter((other) => other !== decision).sort(byUrgency)
    return [{ selector: 'username', endpointId, username, decisions: [decision, ...others] }]
  })
  return { terminate, audit: of('audit'), held: of('held'), calls }
}

/** The queue's order: the lead kind's rank, the deadline, the connection's id. */
export const byUrgency = (a: Decision, b: Decision): number =>
  (a.lead?.policy.kind.rank ?? NEVER) - (b.lead?.policy.kind.rank ?? NEVER) ||
  (a.lead?.deadline ?? NEVER) - (b.lead?.deadline ?? NEVER) ||
  (a.connection.id < b.connection.id ? -1 : 1)

/** Seconds until the last of `calls` may leave, from a full bucket. */
export const etaSeconds = (calls: number, rate: Rate): number => Math.max(0, (calls - rate.burst) / rate.perSecond)
