import type { AwsErrorCode } from './aws-error.ts'
import type { FaultKind } from './fault-kinds.ts'
import type { Signature } from './signature.ts'

/** A signed request: to EC2 or STS in the Query protocol, or to CloudWatch Logs in JSON. */
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
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}
