import type { AwsErrorCode } from './aws-error.ts'
import type { FaultKind } from './fault-kinds.ts'
import type { Signature } from './signature.ts'

/** A signed request in the Query protocol, to EC2 or STS. */
export interface Request {
  readonly requestId: string
  readonly signature: Signature
  readonly sessionToken: string | undefined
  readonly parameters: ReadonlyMap<string, string>
  readonly fault: FaultKind | undefined
}

export interface Answer {
  readonly status: number
  readonly code: AwsErrorCode | undefined
  readonly body: string
}
