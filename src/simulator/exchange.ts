import type { Instant } from '../domain/time/instant.ts'
import type { FaultKind } from './fault-kinds.ts'

/** One request as it was received. */
export interface SimulatedRequest {
  readonly at: Instant
  readonly requestId: string
  /** Service, Region and key of the signature; undefined if the request is not signed. */
  readonly service: string | undefined
  readonly region: string | undefined
  readonly accessKeyId: string | undefined
  readonly action: string
  readonly params: Readonly<Record<string, string>>
}

export interface SimulatedResponse {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}

/** An answer, or the fault of this request. Undefined passes the request on to the scenario's faults and to the world. */
export type Interception = SimulatedResponse | FaultKind | undefined

export interface RecordedRequest extends SimulatedRequest {
  /** Undefined if the request was not answered. */
  readonly status: number | undefined
  /** AWS's error code; undefined for a success and for an answer of the interceptor. */
  readonly code: string | undefined
  /** The fault of this request, if it had one. */
  readonly fault: FaultKind | undefined
}
