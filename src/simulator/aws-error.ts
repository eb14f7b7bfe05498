/** The error codes of the simulator, with their HTTP status. */
const STATUS = {
  AccessDenied: 403,
  AccessDeniedException: 400,
  AuthFailure: 401,
  ClientVpnTerminateConnectionsLimitExceeded: 400,
  DryRunOperation: 412,
  ExpiredToken: 400,
  ExpiredTokenException: 400,
  FilterLimitExceeded: 400,
  InternalError: 500,
  InvalidAction: 400,
  InvalidClientTokenId: 403,
  'InvalidClientVpnConnection.IdNotFound': 400,
  'InvalidClientVpnConnection.UserNotFound': 400,
  'InvalidClientVpnEndpointId.NotFound': 400,
  InvalidFilter: 400,
  InvalidPaginationToken: 400,
  InvalidParameterCombination: 400,
  InvalidParameterException: 400,
  InvalidParameterValue: 400,
  MissingAction: 400,
  MissingAuthenticationToken: 403,
  MissingAuthenticationTokenException: 400,
  MissingParameter: 400,
  RequestExpired: 400,
  RequestLimitExceeded: 503,
  ResourceNotFoundException: 400,
  SerializationException: 400,
  ThrottlingException: 400,
  UnauthorizedOperation: 403,
  UnknownOperationException: 400,
  UnknownParameter: 400,
  UnrecognizedClientException: 400,
  ValidationError: 400,
} as const

export type AwsErrorCode = keyof typeof STATUS

/** AWS would refuse this request with this code and message. */
export class AwsError extends Error {
  override readonly name = 'AwsError'
  readonly code: AwsErrorCode
  readonly status: number

  constructor(code: AwsErrorCode, message: string) {
    super(message)
    this.code = code
    this.status = STATUS[code]
  }
}
