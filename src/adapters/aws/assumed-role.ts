import type { Agent } from 'node:https'
import { fromTemporaryCredentials } from '@aws-sdk/credential-providers'
import type { Clock } from '../../app/clock.ts'

/** The role that Curfew assumes for its calls to AWS. */
export interface AssumeRole {
  readonly arn: string
  readonly externalId?: string | undefined
  /** The session name, by which CloudTrail shows the caller. Default: `curfew`. */
  readonly sessionName?: string | undefined
}

/** STS gave no credentials for a role. `cause` holds the error. */
export class RoleNotAssumed extends Error {
  override name = 'RoleNotAssumed'
  readonly arn: string

  constructor(arn: string, cause: unknown) {
    super(`cannot assume ${arn}`, { cause })
    this.arn = arn
  }
}

type Provider = ReturnType<typeof fromTemporaryCredentials>

/** Two attempts and the pause between them must end before the call that waits for the credentials times out. */
const SHARE_OF_TIMEOUT = 0.4

/**
 * A provider of credentials of a role. Each call asks STS: the
 * caller caches the result. If STS fails, the provider returns its last credentials until they expire.
 * Fails with `RoleNotAssumed`.
 */
export const assumedRole = (options: {
  readonly role: AssumeRole
  readonly region: string
  readonly requestTimeoutMs: number
  readonly clock: Clock
  /** The credentials that assume the role. */
  readonly own: Provider
  readonly httpsAgent: Agent
}): Provider => {
  const { role, region, clock } = options
  const timeoutMs = Math.ceil(options.requestTimeoutMs * SHARE_OF_TIMEOUT)
  const assume = fromTemporaryCredentials({
    masterCredentials: options.own,
    params: {
      RoleArn: role.arn,
      RoleSessionName: role.sessionName ?? 'curfew',
      ...(role.externalId === undefined ? {} : { ExternalId: role.externalId }),
    },
    clientConfig: {
      region,
      retryMode: 'standard',
      maxAttempts: 2,
      requestHandler: {
        connectionTimeout: timeoutMs,
        requestTimeout: timeoutMs,
        throwOnRequestTimeout: true,
        httpsAgent: options.httpsAgent,
      },
    },
  })
  let latest: Awaited<ReturnType<Provider>> | undefined
  return async (properties: Parameters<Provider>[0] & { readonly forceRefresh?: boolean } = {}) => {
    try {
      latest = await assume(properties)
      return latest
    } catch (error) {
      // The SDK asks for new credentials five minutes before the old ones expire. Until then the old ones are valid,
      // unless AWS has rejected them (`forceRefresh`).
      const isValid = latest?.expiration !== undefined && latest.expiration.getTime() > clock.now()
      if (latest !== undefined && isValid && properties.forceRefresh !== true) return latest
      throw new RoleNotAssumed(role.arn, error)
    }
  }
}
