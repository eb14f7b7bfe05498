import type { UserEntry } from '../names/user-list.ts'
import type { Mode, Policy, Selector } from '../policies/policy.ts'

/** What the door answers when it cannot decide. */
export const ON_ERROR = ['allow', 'deny'] as const
export type OnError = (typeof ON_ERROR)[number]

/** A posture status that the door gives to the connections that `match` selects. Undefined: to all. */
export interface PostureRule {
  readonly status: string
  readonly match: Selector | undefined
}

/** Everything that the door decides by: the same policies as the daemon's, in the same order, and its own settings. */
export interface DoorRules {
  /** Only the policies that the door judges. */
  readonly policies: readonly Policy[]
  readonly protect: readonly UserEntry[]
  /** `audit`: everybody is allowed, and a line of the log says who would be denied. */
  readonly mode: Mode
  readonly onError: OnError
  readonly posture: readonly PostureRule[]
  /** The operator's names of endpoints, by id. */
  readonly endpointNames: ReadonlyMap<string, string>
  /** The zone of instants in texts, where the policy has none. */
  readonly timeZone: string
  /** The hash of the whole policy set, including the policies that the door leaves to the daemon. */
  readonly policySetHash: string
  /** Whether the log may have names: false if the daemon's log has pseudonyms, whose key no handler has. */
  readonly showNames: boolean
}
