import type { Connection } from '../connection.ts'
import type { DoorFacts } from './door-facts.ts'

/** The versions of AWS's schema whose answers Curfew knows. */
export const SCHEMA_VERSIONS = ['v1', 'v2', 'v3'] as const
export type SchemaVersion = (typeof SCHEMA_VERSIONS)[number]

/** What AWS asks the client connect handler: who wants to connect, and to which endpoint. */
export interface DoorRequest {
  /** The version of the answer: that of the request, or the newest known one for a later version. */
  readonly answerIn: SchemaVersion
  readonly connectionId: string | undefined
  /** Undefined: the request does not tell it. */
  readonly endpointId: string | undefined
  readonly names: Pick<Connection, 'username' | 'commonName'>
  readonly facts: DoorFacts
}
