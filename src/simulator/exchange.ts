import type { Instant } from '../domain/time/instant.ts'
import type { FaultKind } from './fault-kinds.ts'

/** One request as it came in. */
export interface SimulatedRequest {
  readonly at: Instant
  readonly requestId: string
  /** What it was signed for, and with which key; undefined if it was not. */
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

/** An answer, or what goes wrong with this request; undefined lets it through to the world and to the scenario's faults. */
export type Interception = SimulatedResponse | FaultKind | undefined

export interface RecordedRequest extends SimulatedRequest {
  /** Undefined: not answered. */
  readonly status: number | undefined
  /** AWS's error code; undefined for a success and for what the interceptor said. */
  readonly code: string | undefined
  /** What went wrong with it. */
  readonly fault: FaultKind | undefined
}
