import { EC2Client } from '@aws-sdk/client-ec2'

export interface ClientOptions {
  readonly region: string
  /** Wins over AWS_ENDPOINT_URL_EC2 and AWS_ENDPOINT_URL. */
  readonly endpointUrl?: string | undefined
  readonly requestTimeoutMs: number
}

/** Two clients on one pool of sockets and one set of credentials: what reads tries again by itself, what ends does not. */
export const createClients = ({ region, endpointUrl, requestTimeoutMs }: ClientOptions) => {
  // Read from the environment only: otherwise seven lines on stderr about Node 20.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'
  // The Region is always given: the SDK would take an AWS_REGION that is set but empty for the name of one.
  const shared = { region, retryMode: 'standard', ...(endpointUrl === undefined ? {} : { endpoint: endpointUrl }) }
  const reader = new EC2Client({
    ...shared,
    maxAttempts: 3,
    requestHandler: {
      // Half, so that a lost handshake leaves time for a second one.
      connectionTimeout: Math.ceil(requestTimeoutMs / 2),
      requestTimeout: requestTimeoutMs,
      // Without it the SDK warns on the console and waits on.
      throwOnRequestTimeout: true,
    },
  })
  const terminator = new EC2Client({
    ...shared,
    maxAttempts: 1,
    requestHandler: reader.config.requestHandler,
    credentials: reader.config.credentials,
  })
  return { reader, terminator }
}
