import { DAY, type Instant } from '../time/instant.ts'

/** The key `extend` of a policy: by how much, and how often, the user of a connection may have its end moved. */
export interface Extend {
  readonly byMs: number
  readonly times: number
}

/** The longest that all extensions of one connection may last together. AWS ends each connection after a day at most. */
export const MOST_EXTENDED_MS = DAY

/** What one connection has been granted under one policy. */
export interface Extension {
  /** How many extensions. */
  readonly granted: number
  /** The end that the last one gave. */
  readonly until: Instant
}

/** The extensions of one connection, by the policy's name. It is never changed in place. */
export type Extensions = ReadonlyMap<string, Extension>

/**
 * The deadline of a violation after its extensions. It is never later than all `times` extensions from the policy's own
 * deadline, whatever was granted: an edit of the policy may have shortened it since.
 */
export const extendedDeadline = (
  { byMs, times }: Extend,
  extension: Extension | undefined,
  ownDeadline: Instant,
): Instant =>
  extension === undefined ? ownDeadline : Math.max(ownDeadline, Math.min(extension.until, ownDeadline + times * byMs))
