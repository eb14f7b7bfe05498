import type * as z from 'zod'
import type { Connection } from '../connection.ts'
import type { Pattern } from '../names/pattern.ts'
import type { Person, UserEntry } from '../names/user-list.ts'
import type { Calendar } from '../time/calendar.ts'
import type { Hours } from '../time/hours.ts'
import type { Instant } from '../time/instant.ts'

/** `audit` reports what it would end, `enforce` ends it. A policy acts only where both it and the daemon say `enforce`. */
export const MODES = ['audit', 'enforce'] as const
export type Mode = (typeof MODES)[number]

/** Why a connection was ended: the closed set that logs, metrics and the audit trail share. */
export const REASONS = [
  'session-age',
  'banned',
  'off-hours',
  'idle',
  'session-limit',
  'transfer-limit',
  'posture',
  'cooldown',
] as const
export type Reason = (typeof REASONS)[number]

/** What a kind finds about one connection at one instant. `until` is the first later instant at which it would find something else. */
export type Finding =
  | { readonly word: 'fine'; readonly until: Instant }
  | { readonly word: 'violated'; readonly since: Instant; readonly until: Instant }
  | { readonly word: 'unknown'; readonly until: Instant; readonly lacks: string }

/** What a policy keeps of one connection from snapshot to snapshot: an instant and a count of bytes, with a meaning of its own. */
export interface Note {
  readonly at: Instant
  readonly bytes: number
}

export type TakeNote = (before: Note | undefined, connection: Connection, seenAt: Instant) => Note | undefined

/** What is known of an endpoint beside the rows of its last snapshot. */
export interface History {
  /** When a snapshot first showed the connection; undefined if this is the first one. */
  firstSeenAt(connectionId: string): Instant | undefined
  /** Whether the snapshot at hand is the newest that was asked for: after a failed one, only facts that never change may be taken from it. */
  fresh(): boolean
  /** When the snapshot at hand was begun; undefined: at the instant of the decision. */
  snapshotAt(): Instant | undefined
  /** When a snapshot last showed that any byte counter of the endpoint had moved. */
  countersMovedAt(): Instant | undefined
  /** What the policy keeps of the connection. */
  note(policy: string, connectionId: string): Note | undefined
  /** When the policy last changed; undefined if it always was as it is. */
  changedAt(policy: Policy): Instant | undefined
  /** When the policy, acting, first condemned the connection; undefined if it is being decided all along. */
  graceStartedAt(policy: Policy, connectionId: string): Instant | undefined
  /** The shortest lead of which the policy has warned the connection. */
  warnedLead(policy: Policy, connectionId: string): number | undefined
  /** Moves whenever a cut is remembered. */
  terminationsRevision(): number
  /** The first cut, within the policy's cooldown, of a connection of the same person in this policy's name. */
  terminatedAt(policy: Policy, person: Person): Instant | undefined
}

/** The history, and what a kind that rests on the whole snapshot made of it. */
export interface Facts extends History {
  /** Since when the connection is one too many. */
  readonly crowdedSince?: ((connectionId: string) => Instant | undefined) | undefined
}

/** One of the connections that a kind on the whole snapshot counts together. */
export interface Member {
  readonly connection: Connection
  readonly person: Person
}

/** The answer of one policy for one person: made once per person and policy set, asked once per connection and instant. */
export interface Judge {
  find(connection: Connection, facts: Facts, now: Instant): Finding
  /** The finding in words for a person: what was seen and what the policy says. Asked only when somebody reads it. */
  because(connection: Connection, finding: Finding, now: Instant): string
}

/** Everything Curfew knows of one kind of policy. Schema, documentation, metrics and decisions derive from it; nothing else asks which kind a policy has. */
export interface PolicyKind<Rule = unknown> {
  /** The word in YAML, logs and metrics. */
  readonly kind: string
  readonly reason: Reason
  /** Which of several kinds leads a termination: the lowest. Unique among the kinds. */
  readonly rank: number
  /** What a verdict rests on: this one connection, or who the person is. */
  readonly scope: 'connection' | 'principal'
  /** Which facts it needs: those that never change while a connection lasts may be taken from an older snapshot. */
  readonly facts: 'immutable' | 'counters' | 'snapshot'
  /** One sentence for the documentation and the schema. */
  readonly summary: string
  /** The kind's own keys in YAML. */
  readonly keys: z.ZodObject
  /** Whether the common keys `cooldown` and `cooldownByCommonName` apply. */
  readonly cooldown?: boolean
  /** Whether the end of a connection can be told ahead, so that the common key `warn` applies. */
  readonly foreseeable?: boolean
  /** Why the common key `grace` is refused, and what to write instead. */
  readonly noGrace?: string
  /** Keys of its own that hold the path of a file, which configuration reads for it. */
  readonly fileKeys: readonly string[]
  /** Turns what was written into the rule, with groups, calendars and files at hand. Reports problems instead of throwing. */
  readonly bind: (written: never, shared: Shared) => Rule
  /** Whether the rule itself names users: then a connection without a principal is `unknown` to it. */
  readonly namesUsers: boolean
  /** Of kinds that name users: the entry that names the person in part only, as `alice` does `CORP\\alice`. Somebody may have meant it. */
  readonly nearMiss?: (rule: Rule) => (person: Person) => string | undefined
  /** Of kinds on counters: what to keep of a connection, given what was kept before and what a fresh snapshot shows. */
  readonly note?: (rule: Rule) => TakeNote
  /** Of kinds on the whole snapshot: since when which connections violate the rule, of all that count together. */
  readonly crowd?: (rule: Rule) => (members: readonly Member[]) => ReadonlyMap<string, Instant>
  /** The users that the rule itself names. */
  readonly names?: (rule: Rule) => readonly UserEntry[]
  /** Whether `names` is all that the rule says: a rule that names more users, for longer, is then stricter. */
  readonly isNamesAlone?: boolean
  /** The hours of the rule, for kinds whose rule is nothing but hours. */
  readonly hours?: (rule: Rule) => Hours
  /** Whether the rule condemns whatever the other one does, and no later: then a policy with the other adds nothing. */
  readonly covers?: (rule: Rule) => (other: Rule) => boolean
  /** What in a valid rule is hardly meant. Paths are relative to the policy; in a list of users they count the members of groups. */
  readonly warnings?: (rule: Rule, asked: { readonly now: Instant }) => readonly Warning[]
  /** `name` is the policy's, under which notes are kept. */
  readonly judge: (rule: Rule, name: string) => (person: Person) => Judge
}

/** What policies of all files share, handed to `bind`. */
export interface Shared {
  /** The patterns of `group:name` or of one pattern; undefined after a problem was reported at `path`. */
  patterns(text: string, path: readonly (string | number)[]): readonly Pattern[] | undefined
  /** The dates of a calendar; undefined after a problem was reported at `path`. */
  calendar(name: string, path: readonly (string | number)[]): Calendar | undefined
  /** The entries of the file that a key of `fileKeys` names; undefined after a problem was reported at that key. The path of an entry is `[key, line]`. */
  file(key: string): readonly FileEntry[] | undefined
  /** Says what is wrong with the policy; `path` is relative to it. Of `known`, the word nearest to the one at `path` is suggested. */
  problem(path: readonly (string | number)[], message: string, known?: readonly string[]): void
}

/** Something that is valid and hardly meant, and what to do about it. */
export interface Warning {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** One line of a file, comments and blank lines left out. */
export interface FileEntry {
  readonly text: string
  /** Counted from 1. */
  readonly line: number
}

/** Declares a kind with the types of its own keys and rule, and hands it over as one of many. */
export const definePolicyKind = <Keys extends z.ZodObject, Rule>(
  kind: Omit<PolicyKind<Rule>, 'keys' | 'bind'> & {
    readonly keys: Keys
    readonly bind: (written: z.output<Keys>, shared: Shared) => Rule
  },
): PolicyKind => kind as unknown as PolicyKind

/** To whom a policy applies, or does not: one hit in every list that is given. */
export interface Selector {
  readonly users: readonly UserEntry[] | undefined
  readonly endpoints: readonly UserEntry[] | undefined
  readonly regions: readonly UserEntry[] | undefined
}

/** One policy as an operator wrote it, checked and bound. */
export interface Policy {
  readonly name: string
  readonly kind: PolicyKind
  readonly rule: unknown
  readonly mode: Mode
  readonly match: Selector | undefined
  readonly exempt: Selector | undefined
  readonly graceMs: number
  /** How long before the end of a connection its person is warned, in ms; empty: never. */
  readonly warn: readonly number[]
  /** `off`: the guard does not hold this policy's verdicts. */
  readonly guard: 'on' | 'off'
  /** Over all that has a meaning in it, groups, calendars and files included, its guard not. */
  readonly hash: string
  /** 0: none. */
  readonly cooldownMs: number
  /** Whether a cooldown follows a common name where there is no user name. */
  readonly cooldownByCommonName: boolean
}

/** Whether a policy acts when the daemon's mode is this one. */
export const acts = (policy: Policy, mode: Mode): boolean => mode === 'enforce' && policy.mode === 'enforce'
