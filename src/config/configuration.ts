import type { GuardLimits } from '../domain/guard/guard.ts'
import type { UserEntry } from '../domain/names/user-list.ts'
import type { Mode, Policy } from '../domain/policies/policy.ts'
import type { Rate } from '../domain/terminate/token-bucket.ts'

export interface WatchedEndpoint {
  readonly id: string
  readonly name: string | undefined
}

/** Which endpoints to watch beside those that are listed: every one, or each that has all these tags. */
export type Discover = 'all' | { readonly tags: ReadonlyMap<string, string> }

/** The endpoints of one Region. */
export interface Watch {
  readonly region: string
  /** Where the EC2 API is, if not where the SDK would look. */
  readonly endpointUrl: string | undefined
  /** Empty only where some are discovered. */
  readonly endpoints: readonly WatchedEndpoint[]
  readonly discover: Discover | undefined
  /** In whose name AWS is asked, if not in that of the SDK's default credentials. */
  readonly assumeRole: { readonly arn: string; readonly externalId: string | undefined } | undefined
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** What people can be told of. */
export const NOTIFICATION_EVENTS = ['warning', 'terminated', 'held', 'gave-up', 'blind', 'reload-refused'] as const
export type NotificationEvent = (typeof NOTIFICATION_EVENTS)[number]

/** Where a secret stands: in an environment variable, or in a file of its own. */
export type SecretSource = { readonly env: string } | { readonly file: string }

/** Somebody who is told. */
export interface NotifyTarget {
  readonly name: string
  readonly receiver: 'webhook' | 'slack'
  readonly address: string | SecretSource
  /** What signs. */
  readonly secret: SecretSource | undefined
  readonly events: readonly NotificationEvent[]
}

/** Where metrics and health are served, and to whom. Paths are resolved against the folder of `curfew.yaml`. */
export interface ServerSettings {
  readonly host: string
  readonly port: number
  readonly tls:
    | { readonly certFile: string; readonly keyFile: string; readonly clientCaFile: string | undefined }
    | undefined
  /** bcrypt hashes by user name: never log them. */
  readonly basicAuthUsers: Readonly<Record<string, string>> | undefined
  readonly bearerTokenFile: string | undefined
}

/** Everything that an operator wrote, checked and bound. */
export interface Configuration {
  readonly mode: Mode
  readonly protect: readonly UserEntry[]
  /** By file, in the order of the files; within a file as written. */
  readonly policies: readonly Policy[]
  /** The entries of every `usersFile`, by path. */
  readonly usersFiles: ReadonlyMap<string, readonly string[]>
  readonly watch: readonly Watch[]
  readonly poll: {
    /** Cron with five or six fields, in UTC. */
    readonly schedule: string
    readonly requestTimeoutMs: number
    readonly staleAfterMs: number
    readonly rate: Rate
    readonly minGapMs: number
  }
  readonly termination: { readonly rate: Rate; readonly verifyWithinMs: number; readonly attempts: number }
  readonly guard: GuardLimits
  /** Paths are resolved against the folder of `curfew.yaml`. */
  readonly audit: { readonly file: string }
  readonly state: { readonly file: string }
  readonly server: ServerSettings
  readonly notify: readonly NotifyTarget[]
  readonly log: { readonly level: LogLevel }
  /** SHA-256 in hex over all that has a meaning in the policies: comments, layout and file names have none. */
  readonly policySetHash: string
}
