import type { DoorRules } from '../domain/door/door-rules.ts'
import type { GuardLimits } from '../domain/guard/limits.ts'
import type { UserEntry } from '../domain/names/user-list.ts'
import type { Mode, Policy } from '../domain/policies/policy.ts'
import type { Rate } from '../domain/terminate/token-bucket.ts'
import type { PolicySetContent } from './bind/policy-set-hash.ts'

interface WatchedEndpoint {
  readonly id: string
  readonly name: string | undefined
}

/** Which endpoints to watch in addition to the listed ones: all endpoints, or those that have all these tags. */
export type Discover = 'all' | { readonly tags: ReadonlyMap<string, string> }

/** The endpoints of one Region. */
export interface Watch {
  readonly region: string
  /** The URL of the EC2 API; undefined for the SDK's own. */
  readonly endpointUrl: string | undefined
  /** Empty only if endpoints are discovered. */
  readonly endpoints: readonly WatchedEndpoint[]
  readonly discover: Discover | undefined
  /** The role that requests to AWS are made with; undefined for the SDK's default credentials. */
  readonly assumeRole: { readonly arn: string; readonly externalId: string | undefined } | undefined
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
type LogLevel = (typeof LOG_LEVELS)[number]

/** The events that a notification can report. */
export const NOTIFICATION_EVENTS = [
  'warning',
  'terminated',
  'held',
  'gave-up',
  'blind',
  'reload-refused',
  'audit-head',
] as const
export type NotificationEvent = (typeof NOTIFICATION_EVENTS)[number]

/** The events that the person can be told whose session it is. */
export const PERSON_EVENTS = ['warning', 'terminated'] as const satisfies readonly NotificationEvent[]

/** Where a secret is read from: an environment variable, or a file of its own. */
export type SecretSource = { readonly env: string } | { readonly file: string }

/** A receiver of notifications. */
export type NotifyTarget = { readonly name: string; readonly events: readonly NotificationEvent[] } & (
  | {
      readonly receiver: 'webhook' | 'slack'
      readonly address: string | SecretSource
      /** The key that requests to a webhook are signed with. */
      readonly secret: SecretSource | undefined
    }
  | {
      readonly receiver: 'slackBot'
      readonly token: SecretSource
      /** The URL of Slack's Web API; undefined for the library's own. */
      readonly apiUrl: string | undefined
    }
  | {
      readonly receiver: 'email'
      readonly smarthost: Smarthost
      readonly from: string
      readonly username: string | undefined
      readonly password: SecretSource | undefined
      readonly requireTls: boolean
      readonly caFile: string | undefined
      readonly rate: Rate
    }
)

/** A mail server that takes mail for every address. */
export interface Smarthost {
  readonly host: string
  readonly port: number
}

/** Mail addresses, by the folded name of a user. */
export type People = ReadonlyMap<string, string>

/**
 * Where metrics and health are served, and the clients that may read them. Paths are resolved against the folder of
 * `curfew.yaml`.
 */
export interface ServerSettings {
  readonly host: string
  readonly port: number
  readonly tls:
    | { readonly certFile: string; readonly keyFile: string; readonly clientCaFile: string | undefined }
    | undefined
  /** bcrypt hashes by user name. They must never be logged. */
  readonly basicAuthUsers: Readonly<Record<string, string>> | undefined
  readonly bearerTokenFile: string | undefined
  /** Whether the page names users. True only with a login. */
  readonly showNames: boolean
  /** Where the links of `extend` lead, without a slash at the end, and the key that signs them. Undefined: no links. */
  readonly links: { readonly publicUrl: string; readonly key: SecretSource } | undefined
}

/** Where the audit trail and the state are kept, and with whom the work is shared. */
export type EngineSettings =
  /** One process, with the files `audit.file` and `state.file`. */
  { readonly kind: 'files' } | PostgresSettings

/** Replicas that share a PostgreSQL database. */
export interface PostgresSettings {
  readonly kind: 'postgres'
  /** Where the URL of the database is read from: postgres://USER:PASSWORD@HOST:PORT/DATABASE. */
  readonly url: SecretSource
  /** How long the server waits for a silent replica before it frees the units of it. */
  readonly leaseMs: number
  /** `verify`: the certificate of the server must be valid for its host name. `off`: no TLS. */
  readonly tls: { readonly mode: 'verify'; readonly caFile: string | undefined } | { readonly mode: 'off' }
  /** Sign in with a token of IAM in place of a password. Undefined: with the password of the URL. */
  readonly iam: { readonly region: string } | undefined
}

/**
 * The keys of `curfew.yaml` whose changes take effect when the daemon is next started. A reload applies changes of all
 * others.
 */
export const KEYS_OF_THE_START = ['server', 'audit', 'state', 'history', 'engine'] as const

/** The operator's whole configuration, checked and bound. */
export interface Configuration {
  readonly mode: Mode
  readonly protect: readonly UserEntry[]
  /** In the order of the files; within a file in the written order. */
  readonly policies: readonly Policy[]
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
  readonly engine: EngineSettings
  /** Undefined: no history is kept. */
  readonly history: { readonly file: string; readonly keepMs: number } | undefined
  readonly server: ServerSettings
  /** The settings of the client connect handler alone. The daemon does not read them. */
  readonly connectHandler: Pick<DoorRules, 'mode' | 'onError' | 'posture'>
  readonly notify: readonly NotifyTarget[]
  readonly people: People
  /** The zone in which messages say when a session ends, where the policy has none. */
  readonly timeZone: string
  readonly log: {
    readonly level: LogLevel
    /** The key with which names in the log become pseudonyms. Undefined: the log has the names themselves. */
    readonly pseudonymKey: SecretSource | undefined
  }
  /** The policies and everything that they refer to, as written. `bindWritten` binds it again. */
  readonly written: PolicySetContent
  /** SHA-256 in hex over `written`, that is, over the policies and everything that they refer to, without comments, layout and file names. */
  readonly policySetHash: string
}
