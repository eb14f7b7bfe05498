import { fromNodeProviderChain } from '@aws-sdk/credential-providers'
import type { Clock } from '../../app/clock.ts'
import { ConnectedAgent } from '../proxy/connected-agent.ts'
import { DIRECT, type Outgoing } from '../proxy/outgoing.ts'
import { type AssumeRole, assumedRole } from './assumed-role.ts'
import { createCredentialSearch } from './credential-search.ts'
import { withLastQuestion } from './last-question.ts'
import { promptCredentials } from './prompt-credentials.ts'

export interface AccessOptions {
  readonly region: string
  /** Calls are made with this role, which is assumed with the SDK's default credentials. */
  readonly assumeRole?: AssumeRole | undefined
  readonly requestTimeoutMs: number
  readonly clock: Clock
  /** Default: without a proxy. */
  readonly outgoing?: Outgoing | undefined
  /** Asked as the bytes of a termination leave: if it says no, none leaves. Default: nothing is asked. */
  readonly holds?: (() => boolean) | undefined
}

/** To each host, as in the SDK. */
const MOST_SOCKETS = 50

/**
 * The part of the time of a call in which a proxy must open a tunnel. Three attempts fail before the time of the call is
 * over, and each before the SDK gives it up: both would not say that it was the proxy.
 */
const SHARE_OF_TUNNEL = 0.3

/** The part of the time of a call that the search for credentials may take. */
const SHARE_OF_TIMEOUT = 0.8

/** What the clients of every service have in common: the Region, the sockets and the credentials. */
export const createAccess = (options: AccessOptions) => {
  const { region, assumeRole, requestTimeoutMs, clock, outgoing = DIRECT, holds } = options
  // Otherwise the SDK writes seven lines about Node 20 to stderr. It reads this option from the environment only.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'
  const search = createCredentialSearch()
  // A question that is asked before the connection is there would be asked too early.
  const connectsWithinMs = holds === undefined ? undefined : requestTimeoutMs
  const httpsAgent = outgoing.agent({
    maxSockets: MOST_SOCKETS,
    answersWithinMs: requestTimeoutMs * SHARE_OF_TUNNEL,
    connectsWithinMs,
  })
  const httpAgent = connectsWithinMs && new ConnectedAgent({ maxSockets: MOST_SOCKETS, connectsWithinMs })
  const requestHandler = {
    // Half of the limit: after a lost handshake there is time for a second one.
    connectionTimeout: Math.ceil(requestTimeoutMs / 2),
    requestTimeout: requestTimeoutMs,
    // Without this the SDK logs a warning to the console and continues to wait.
    throwOnRequestTimeout: true,
    httpsAgent,
    ...(httpAgent && { httpAgent }),
  }
  // Without `ignoreCache` the SDK reads the AWS configuration files once, and an edit of them needs a restart.
  const ofSearch = { logger: search.logger, ignoreCache: true, clientConfig: { requestHandler } }
  // A call that waits for credentials learns that there are none before its own time is over.
  const own = promptCredentials(() => fromNodeProviderChain(ofSearch), requestTimeoutMs * SHARE_OF_TIMEOUT, clock)
  return {
    // The Region is always given: the SDK would use an AWS_REGION that is set but empty as the name of a Region.
    common: { region, retryMode: 'standard', logger: search.logger },
    requestHandler,
    /** The same sockets, with the last question before each request. Undefined: there is nothing to ask. */
    askingHandler: holds && {
      ...requestHandler,
      httpsAgent: withLastQuestion(httpsAgent, holds),
      ...(httpAgent && { httpAgent: withLastQuestion(httpAgent, holds) }),
    },
    /** Not cached: a client caches them, and renews them before they expire. */
    credentials:
      assumeRole === undefined
        ? own
        : assumedRole({ role: assumeRole, region, requestTimeoutMs, clock, own, httpsAgent }),
    whyNoCredentials: search.whyNone,
  }
}
