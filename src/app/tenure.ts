import type { Instant } from '../domain/time/instant.ts'
import type { AuditTrail, ReplayedRecord } from './audit.ts'
import type { StateStore } from './state.ts'

/** Where a daemon keeps what must outlive it: the audit trail and the state of its unit, in files or in a database. */
export interface Keeping {
  /** The audit trail of the unit. This process alone may write it. */
  readonly trail: AuditTrail
  /** Gives `read` the intents, outcomes and extensions of the trail since an instant, in their order. */
  readonly replay: (
    since: (newestAt: Instant | undefined) => Instant,
    read: (record: ReplayedRecord) => void,
  ) => Promise<void>
  readonly store: StateStore
}

/**
 * What a unit keeps was not reached, or not where its tenure was granted. Nothing is known to be wrong with it: whoever
 * holds the unit next may reach it. `message` is one line for an operator.
 */
export class KeepingUnreached extends Error {
  override name = 'KeepingUnreached'
}

/** The right of this process to enforce on one unit, from its grant to its loss or return. One daemon serves it. */
export interface Tenure extends Keeping {
  /** The key of the unit: an account and Region, and the URL. See `unitKey`. */
  readonly unit: string
  /** Counts the tenures of the unit. Each grant raises it, so that what an older tenure writes is refused. */
  readonly epoch: number
  /**
   * Whether nobody else can hold the unit yet. Asked in the same turn of the event loop in which the bytes of a call
   * leave, after everything that may wait: credentials, signing, the connection.
   */
  holds(): boolean
  /** Aborted when another process may hold the unit: no call, no record and no state may follow. The reason is a text. */
  readonly lost: AbortSignal
  /** Aborted when the unit is wanted back: the daemon lets calls in flight end, saves, and returns. The reason is a text. */
  readonly asked: AbortSignal
}

/** What a replica wants from its engine. Functions, because a reload changes the answers. */
export interface Wants {
  /** The keys of all units of the configuration in force, whoever holds them. */
  units(): readonly string[]
  /** The hash of everything that replicas must agree on before they may share units. See `configurationHash`. */
  configurationHash(): string
  /**
   * Serves a tenure until `lost` or `asked`, or until the replica stops. When it resolves, the unit is given back. It
   * never rejects for a foreseeable fault. It tells `tenure-began` and `tenure-ended` itself; an engine tells only the
   * end of a tenure that it refuses before the work. After `refused` the engine lets the unit rest before it takes it
   * again, because another replica may be able to serve it.
   */
  work(tenure: Tenure): Promise<TenureEnd>
}

/** A unit as this replica sees it. */
export interface UnitHolding {
  readonly unit: string
  /** `held`: by this replica. `elsewhere`: by another one. `free`: by nobody. */
  readonly state: 'held' | 'elsewhere' | 'free'
  /** The name of the replica that was granted the newest tenure. Undefined before the first one. */
  readonly holder: string | undefined
  readonly epoch: number
}

/** What an engine tells of itself. */
export type EngineStatus =
  /** No session yet, since the start. */
  | { readonly state: 'joining'; readonly message: string | undefined }
  | {
      readonly state: 'joined'
      /** The replicas that are there, this one included. */
      readonly members: number
      /** The generation of this replica's configuration. */
      readonly generation: number
      /** Whether a newer one is in force, so that this replica hands its units over. */
      readonly isOld: boolean
      readonly units: readonly UnitHolding[]
    }
  /** The session is over, and no other one could be opened yet. No unit is held. `since` is by the clock of the host. */
  | { readonly state: 'away'; readonly since: Instant; readonly message: string }
  /** An operator must act: the message says what. No unit is held. */
  | { readonly state: 'refused'; readonly why: EngineRefusal; readonly message: string }

export const ENGINE_REFUSALS = [
  /** The database has no schema of Curfew, or an older one. */
  'not-migrated',
  /** The schema of the database is newer than this program. */
  'newer-schema',
  /** A pooler shares one session among replicas. */
  'pooler',
  /** The server is a standby. */
  'standby',
  /** The database is a copy or an older backup: epochs or chains are behind what this replica has seen. */
  'restored',
  /** The role of the database may not do what the daemon needs. */
  'permissions',
] as const
export type EngineRefusal = (typeof ENGINE_REFUSALS)[number]

/**
 * The ways in which a tenure ends. `lost`: another process may hold the unit, or what it keeps was not reached. `refused`:
 * its state or chain could not be taken over, nor can they be a moment later.
 */
export type TenureEnd = 'returned' | 'lost' | 'refused'

/** Grants tenures to this replica: at most one process holds a unit at a time. */
export interface Engine {
  /** The name of this replica, unique among those that are there. */
  readonly replica: string
  /** Joins the other replicas and serves what it is granted, until `stop`. Then gives everything back, and resolves. */
  run(wants: Wants, stop: AbortSignal): Promise<void>
  /** Looks at the wants at once, because they have changed. */
  wantsChanged(): void
  status(): EngineStatus
}
