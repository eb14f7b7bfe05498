/** The codes that are answered here, with their HTTP status. */
const STATUS = {
  ClientVpnTerminateConnectionsLimitExceeded: 400,
  DryRunOperation: 412,
  InternalError: 500,
  InvalidAction: 400,
  'InvalidClientVpnConnection.IdNotFound': 400,
  'InvalidClientVpnConnection.UserNotFound': 400,
  'InvalidClientVpnEndpointId.NotFound': 400,
  InvalidFilter: 400,
  InvalidPaginationToken: 400,
  InvalidParameterCombination: 400,
  InvalidParameterValue: 400,
  MissingAction: 400,
  MissingAuthenticationToken: 403,
  MissingParameter: 400,
  RequestLimitExceeded: 503,
  UnauthorizedOperation: 403,
  UnknownParameter: 400,
} as const

export type Ec2ErrorCode = keyof typeof STATUS

/** A request that EC2 would refuse. */
export class Ec2Error extends Error {
  override readonly name = 'Ec2Error'
  readonly code: Ec2ErrorCode
  readonly status: number

  constructor(code: Ec2ErrorCode, message: string) {
    super(message)
    this.code = code
    this.status = STATUS[code]
  }
}
