import { EC2Client } from '@aws-sdk/client-ec2'
import { STSClient } from '@aws-sdk/client-sts'
import { type AccessOptions, createAccess } from './access.ts'
import { ReadingProtocol } from './reading-protocol.ts'

export interface ClientOptions extends AccessOptions {
  /** The URL of EC2. It takes precedence over AWS_ENDPOINT_URL_EC2 and AWS_ENDPOINT_URL. */
  readonly endpointUrl?: string | undefined
}

/**
 * Clients that share one pool of sockets and one set of credentials. `reader` and `identity` try again by themselves.
 * `terminator` does not: the termination queue counts every call against the rate. It asks `holds` as the bytes leave.
 */
export const createClients = ({ endpointUrl, ...options }: ClientOptions) => {
  const access = createAccess(options)
  const { common, whyNoCredentials } = access
  const ofEc2 = { ...common, ...(endpointUrl === undefined ? {} : { endpoint: endpointUrl }) }
  const reader = new EC2Client({
    ...ofEc2,
    protocol: ReadingProtocol,
    maxAttempts: 3,
    requestHandler: access.requestHandler,
    credentials: access.credentials,
  })
  // The reader caches the credentials and renews them before they expire.
  const { credentials } = reader.config
  const shared = { requestHandler: reader.config.requestHandler, credentials }
  const asking = access.askingHandler === undefined ? {} : { requestHandler: access.askingHandler }
  const terminator = new EC2Client({ ...ofEc2, maxAttempts: 1, ...shared, ...asking })
  const identity = new STSClient({ ...common, maxAttempts: 3, ...shared })
  return { reader, terminator, identity, credentials, whyNoCredentials }
}
