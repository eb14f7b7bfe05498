import type * as z from 'zod'
import type { Connection } from '../connection.ts'
import type { DoorSelector } from '../names/door-selector.ts'
import type { EndpointEntry } from '../names/endpoint-pattern.ts'
import type { Principal, UserEntry } from '../names/user-list.ts'
import type { Calendar } from '../time/calendar.ts'
import type { Hours } from '../time/hours.ts'
import type { Instant } from '../time/instant.ts'
import type { Extend, Extensions } from './extension.ts'

/**
 * `audit` reports what it would end, `enforce` ends it. A policy acts only where both it and the daemon say `enforce`.
 */
export const MODES = ['audit', 'enforce'] as const
export type Mode = (typeof MODES)[number]

/**
 * The finding of a kind about one connection at one instant. `until` is the first later instant at which it may differ.
 */
export type Finding =
  | { readonly word: 'fine'; readonly until: Instant }
  | { readonly word: 'violated'; readonly since: Instant; readonly until: Instant }
  | { readonly word: 'unknown'; readonly until: Instant; readonly lacks: string }

/**
 * Data that a policy keeps of one connection from snapshot to snapshot. The kind defines the meaning of the instant and
 * the bytes.
 */
export interface Note {
  readonly at: Instant
  readonly bytes: number
}

export type TakeNote = (before: Note | undefined, connection: Connection, seenAt: Instant) => Note | undefined

/** The facts about an endpoint other than the rows of its last snapshot. Reading it changes nothing. */
export interface History {
  /** When a snapshot first showed the connection; undefined if the newest one is the first. */
  firstSeenAt(connectionId: string): Instant | undefined
  /** Whether the view is fresh. In a stale view only facts that never change may be read. */
  fresh(): boolean
  /** When the snapshot was begun; undefined means at the instant of the judgement. */
  snapshotAt(): Instant | undefined
  /** When a snapshot last showed that any byte counter of the endpoint had moved. */
  countersMovedAt(): Instant | undefined
  /** The note that the policy keeps of the connection. */
  note(policy: string, connectionId: string): Note | undefined
  /** When the policy last changed; -NEVER if it never changed. */
  changedAt(policy: Policy): Instant
  /** When grace began: when the acting policy first found the violation. Undefined means with the violation itself. */
  graceStartedAt(policy: Policy, connectionId: string): Instant | undefined
  /** The shortest lead with which the policy has warned the principal of the connection, in ms. */
  warnedLead(policy: Policy, connectionId: string): number | undefined
  /** What the connection has been granted; undefined if nothing. The same object until more is granted. */
  extensions(connectionId: string): Extensions | undefined
  /** Changes whenever a termination is remembered. */
  terminationsRevision(): number
  /** The first termination, within the policy's cooldown, of a connection of the same principal under this policy. */
  terminatedAt(policy: Policy, names: Pick<Connection, 'username' | 'commonName'>): Instant | undefined
  /** The connections on the other watched endpoints. */
  elsewhere(): Elsewhere
}

/** The other watched endpoints as policies that count over all endpoints know them. */
export type Elsewhere =
  /** `lacks` completes the sentence "the connection lacks …". */
  | { readonly state: 'not-known'; readonly lacks: string }
  /** Each of them has a fresh snapshot. */
  | { readonly state: 'known'; readonly tallies: readonly Tally[] }

/** The connections of one endpoint that count for policies over all endpoints. */
export interface Tally {
  /** When the snapshot was begun that shows them. NEVER: it shows every instant. */
  readonly shownAt: Instant
  /** How many connections may count under a policy and a key of its `Counting`, whatever the instant. */
  most(policy: Policy, key: string): number
  /** Finds those that count at `now`. */
  at(now: Instant): (policy: Policy, key: string) => Counted
}

export interface Counted {
  readonly connections: readonly CountedConnection[]
  /** The first later instant at which others may count, if nothing but time passes. */
  readonly until: Instant
}

/** A connection without an established time has no place in the order and is not counted. */
export type CountedConnection = Connection & { readonly establishedAt: Instant }

/** The history, and the result of a kind that counts connections together. */
export interface Facts extends History {
  /** Undefined while the connection is judged alone. */
  readonly surplus?: Surplus | undefined
}

/** Which connections are surplus. */
export type Surplus =
  | { readonly state: 'not-known'; readonly lacks: string }
  | {
      readonly state: 'known'
      /** When each surplus connection became surplus, by its id. */
      readonly since: ReadonlyMap<string, Instant>
      /** When the oldest snapshot was begun that another endpoint contributed; NEVER if there is none. */
      readonly shownAt: Instant
    }

/** Over which endpoints a kind counts: over each alone, or over all that the daemon watches. */
export const ACROSS = ['endpoint', 'all'] as const

/** How a kind counts the connections of a principal together. */
export interface Counting {
  readonly across: (typeof ACROSS)[number]
  /** The key under which connections of a principal are counted; undefined: they are not counted. */
  readonly keyOf: (principal: Principal) => string | undefined
  /** How many connections with one key may be up. */
  readonly limit: number
  /** Of the connections with one key, which are more than `limit`: the surplus ones, and when each became surplus. */
  readonly surplus: (together: readonly CountedConnection[]) => ReadonlyMap<CountedConnection, Instant>
}

/** What a recording tells about the counters of a whole session: their values at its end. */
export interface EndedSession extends Pick<Connection, 'ingressBytes' | 'egressBytes'> {
  readonly lastedMs: number
}

/**
 * The judge of one policy for all principals whom the same entries of its rule name. It is used for each of their connections
 * and each instant.
 */
export interface Judge {
  find(connection: Connection, facts: Facts, now: Instant): Finding
  /**
   * The finding in words for an operator or user: the observed fact and the rule. It is computed only when it is shown.
   */
  because(connection: Connection, finding: Finding, now: Instant): string
  /** The reason that the operator has given beside the entry that names the principal. */
  writtenReason?(now: Instant): string | undefined
}

/**
 * The definition of one kind of policy. Schema, documentation, metrics and verdicts derive from it. No other code
 * compares the kind of a policy.
 */
export interface PolicyKind<Rule = unknown> {
  /** The word in YAML, logs and metrics. */
  readonly kind: string
  /** Why a connection of such a policy ends: one word that the log, the metrics and the audit trail share. */
  readonly reason: string
  /** Which of several kinds leads a termination: the lowest. Unique among the kinds. */
  readonly rank: number
  /** The subject of a verdict: one connection, or its principal. */
  readonly scope: 'connection' | 'principal'
  /**
   * The facts that it reads. `immutable` facts never change while a connection is up, and may come from a stale view.
   */
  readonly facts: 'immutable' | 'counters' | 'snapshot'
  /** One sentence for the documentation and the schema. */
  readonly summary: string
  /** For the person whose session ends or has ended: what to do, if no cooldown forbids it. */
  readonly whatToDo: string
  /** The kind's own keys in YAML. */
  readonly keys: z.ZodObject
  /** The rule as the rest of a sentence that begins with "Ends a connection". It names no users. */
  readonly words: (rule: Rule) => string
  /** Whether the common keys `cooldown` and `cooldownByCommonName` apply. */
  readonly cooldown?: boolean
  /** Whether the end of a connection can be foreseen, so that the common key `warn` applies. */
  readonly foreseeable?: boolean
  /** Whether the end of a connection may be moved by its user, so that the common key `extend` applies. */
  readonly extendable?: boolean
  /** For kinds that the client connect handler judges as well. */
  readonly atTheDoor?: AtTheDoor<Rule>
  /** Why the common key `grace` is refused, and what to write instead. */
  readonly noGrace?: string
  /** Keys of its own that hold the path of a file, which configuration reads for it. */
  readonly fileKeys: readonly string[]
  /** Makes the rule from the values in YAML, with groups, calendars and files. Reports problems instead of throwing. */
  readonly bind: (written: never, shared: Shared) => Rule
  /** The rule as its hash has it, where the rule was another one in an earlier version: state files keep the hashes. */
  readonly hashedRule?: (rule: Rule) => unknown
  /** Whether the rule itself names users. A connection without a principal then gets the verdict `unknown`. */
  readonly namesUsers: boolean
  /**
   * For kinds on counters: the note to keep of a connection, from the note before and a fresh snapshot. A later snapshot with
   * the same row must not change the note: it is not asked then.
   */
  readonly note?: (rule: Rule) => TakeNote
  /**
   * For kinds on counters: whether a session cannot have violated the rule at any instant, as its end shows. What counters
   * showed before the end is not recorded.
   */
  readonly neverViolated?: (rule: Rule) => (ended: EndedSession) => boolean
  /** For kinds that count the connections of a principal together. */
  readonly counting?: (rule: Rule) => Counting
  /** The users that the rule itself names. */
  readonly names?: (rule: Rule) => readonly UserEntry[]
  /** Whether `names` is the whole rule. A rule that names more users, for longer, is then stricter. */
  readonly isNamesAlone?: boolean
  /** For kinds whose rule consists of hours: these hours. */
  readonly hours?: (rule: Rule) => Hours
  /**
   * Whether the rule finds every violation that the other rule finds, and no later. The other policy is then
   * superfluous.
   */
  readonly covers?: (rule: Rule) => (other: Rule) => boolean
  /**
   * Parts of a valid rule that are probably not what the operator wants. Paths are relative to the policy; indexes in a
   * list of users count the members of groups.
   */
  readonly warnings?: (rule: Rule, asked: { readonly now: Instant }) => readonly Warning[]
  /**
   * `name` is the policy's, under which notes are kept. `named`: those of `names` that name the principal. Nothing else of a
   * principal reaches a judge, so that most principals share one.
   */
  readonly judge: (rule: Rule, name: string) => (named: readonly UserEntry[]) => Judge
}

/** What the client connect handler tells a person whom a policy of the kind denies. */
export interface AtTheDoor<Rule> {
  /** Why, in a few words that complete a sentence. */
  readonly reason: (rule: Rule, denied: Denied) => string
  /** The whole text, in one line. Of several, the first is sent that AWS accepts. */
  readonly texts: (rule: Rule, denied: Denied) => readonly string[]
  /** The posture statuses that the rule reads. The door knows them only where rules of its own give them. */
  readonly statuses?: (rule: Rule) => readonly AskedStatus[]
}

/** A posture status that a rule asks for. `path` is relative to the policy. */
export interface AskedStatus {
  readonly path: readonly (string | number)[]
  readonly status: string
  /** Whether the rule requires it. If not, it denies it. */
  readonly isRequired: boolean
}

/** A request that the client connect handler denies. */
export interface Denied {
  readonly connection: Connection
  readonly now: Instant
  /** The first instant at which no policy denies the person. NEVER: not known. */
  readonly openingAt: Instant
  /** That instant on the clock of `zone`, such as `Mon 07:30`. Undefined: not known. */
  readonly until: string | undefined
  readonly zone: string
  /** The reason that the operator has given beside the entry that names the person. */
  readonly writtenReason: string | undefined
  /** The group that the policy is for; undefined if it is not for one group alone. */
  readonly group: string | undefined
}

/** The definitions that policies of all files share. `bind` receives them. */
export interface Shared {
  /** The entries of `group:name` or of one pattern; undefined after a problem was reported at `path`. */
  entries(text: string, path: readonly (string | number)[]): readonly UserEntry[] | undefined
  /** The dates of a calendar; undefined after a problem was reported at `path`. */
  calendar(name: string, path: readonly (string | number)[]): Calendar | undefined
  /**
   * The entries of the file that a key of `fileKeys` names; undefined after a problem was reported at that key. The
   * path of an entry is `[key, line]`.
   */
  file(key: string): readonly FileEntry[] | undefined
  /**
   * Reports a problem of the policy. `path` is relative to the policy. The word of `known` nearest to the value at
   * `path` is suggested.
   */
  problem(path: readonly (string | number)[], message: string, known?: readonly string[]): void
}

/** A valid part of the configuration that is probably not what the operator wants, and what to do about it. */
export interface Warning {
  readonly path: readonly (string | number)[]
  readonly message: string
  /** Whether an operator may well mean it, so that it is no reason to doubt the file. */
  readonly isNote?: boolean
}

/** One line of a file; comments and blank lines are left out. */
export interface FileEntry {
  readonly text: string
  /** Counted from 1. */
  readonly line: number
}

/** Checks a kind against the types of its own keys and rule, and returns it without these types. */
export const definePolicyKind = <Keys extends z.ZodObject, Rule>(
  kind: Omit<PolicyKind<Rule>, 'keys' | 'bind'> & {
    readonly keys: Keys
    readonly bind: (written: z.output<Keys>, shared: Shared) => Rule
  },
): PolicyKind => kind as unknown as PolicyKind

/** The connections that a policy applies to, or exempts: those with a match in every given list. */
export interface Selector {
  readonly users: readonly UserEntry[] | undefined
  readonly endpoints: readonly EndpointEntry[] | undefined
  readonly regions: readonly UserEntry[] | undefined
  /** Undefined is left out of the hash of a policy, so that the hashes of earlier versions stay. */
  readonly door?: DoorSelector | undefined
}

/** The selector that matches everybody everywhere. */
export const EVERYBODY: Selector = { users: undefined, endpoints: undefined, regions: undefined }

/** One policy as an operator wrote it, checked and bound. */
export interface Policy {
  readonly name: string
  readonly kind: PolicyKind
  readonly rule: unknown
  readonly mode: Mode
  /** The policy is in force from this instant on; undefined: always. */
  readonly from: Instant | undefined
  /** The policy is in force until this instant, which is excluded; undefined: for ever. */
  readonly until: Instant | undefined
  /** The zone in which `from` and `until` are shown. */
  readonly timeZone: string | undefined
  readonly match: Selector | undefined
  readonly exempt: Selector | undefined
  readonly graceMs: number
  /** The group whose members are the users of `match`. Undefined if it names other users, or none. */
  readonly matchGroup: string | undefined
  /** For a person whom the client connect handler denies, with placeholders. Undefined: the text of the kind. */
  readonly message: string | undefined
  /** How long before the end of a connection its principal is warned, in ms; empty: never. */
  readonly warn: readonly number[]
  /** Undefined: no user may have the end of a connection moved. */
  readonly extend: Extend | undefined
  /** `off`: the guard does not check this policy's verdicts. */
  readonly guard: 'on' | 'off'
  /** The hash of all content of the policy, including groups, calendars and files, but without `guard`. */
  readonly hash: string
  /** 0: none. */
  readonly cooldownMs: number
  /** Whether a cooldown applies to the common name if there is no user name. */
  readonly cooldownByCommonName: boolean
}

/** Whether a policy acts when the daemon's mode is this one. */
export const acts = (policy: Policy, mode: Mode): boolean => mode === 'enforce' && policy.mode === 'enforce'

/** Which policies may end connections of one endpoint. */
export interface Acting {
  readonly mode: Mode
  /** The names of the policies that the guard holds there. */
  readonly held: ReadonlySet<string>
}

/** Whether the policy counts over all endpoints, so that it rests on the snapshots of the others. */
export const countsOverAll = ({ kind, rule }: Policy): boolean => kind.counting?.(rule).across === 'all'

/** Whether the policy acts and the guard does not hold it. */
export const mayEnd = (policy: Policy, { mode, held }: Acting): boolean => acts(policy, mode) && !held.has(policy.name)
