import { EC2Client, type EC2ClientConfig } from '@aws-sdk/client-ec2'
import { STSClient } from '@aws-sdk/client-sts'
import type { Clock } from '../../app/clock.ts'
import { type AssumeRole, assumedRole } from './assumed-role.ts'
import { ReadingProtocol } from './reading-protocol.ts'

type Logger = NonNullable<EC2ClientConfig['logger']>

export interface ClientOptions {
  readonly region: string
  /** Of EC2; wins over AWS_ENDPOINT_URL_EC2 and AWS_ENDPOINT_URL. */
  readonly endpointUrl?: string | undefined
  /** Instead of the SDK's default chain, and on top of it. */
  readonly assumeRole?: AssumeRole | undefined
  readonly requestTimeoutMs: number
  readonly clock: Clock
}

/** The SDK writes each answer down for its log, whether anybody logs or not, unless the log takes no information. */
const NO_LOG = { debug() {}, warn() {}, error() {} } as unknown as Logger

/** Clients on one pool of sockets and one set of credentials: what reads tries again by itself, what ends does not. */
export const createClients = ({ region, endpointUrl, assumeRole, requestTimeoutMs, clock }: ClientOptions) => {
  // Read from the environment only: otherwise seven lines on stderr about Node 20.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'
  // The Region is always given: the SDK would take an AWS_REGION that is set but empty for the name of one.
  const everywhere = { region, retryMode: 'standard', logger: NO_LOG }
  const ofEc2 = { ...everywhere, ...(endpointUrl === undefined ? {} : { endpoint: endpointUrl }) }
  const reader = new EC2Client({
    ...ofEc2,
    protocol: ReadingProtocol,
    maxAttempts: 3,
    ...(assumeRole === undefined
      ? {}
      : { credentials: assumedRole({ role: assumeRole, region, requestTimeoutMs, clock }) }),
    requestHandler: {
      // Half, so that a lost handshake leaves time for a second one.
      connectionTimeout: Math.ceil(requestTimeoutMs / 2),
      requestTimeout: requestTimeoutMs,
      // Without it the SDK warns on the console and waits on.
      throwOnRequestTimeout: true,
    },
  })
  // The reader keeps them, and asks for others before they expire.
  const { requestHandler, credentials } = reader.config
  const terminator = new EC2Client({ ...ofEc2, maxAttempts: 1, requestHandler, credentials })
  const identity = new STSClient({ ...everywhere, maxAttempts: 3, requestHandler, credentials })
  return { reader, terminator, identity, credentials }
}
