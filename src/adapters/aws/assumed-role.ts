import { fromTemporaryCredentials } from '@aws-sdk/credential-providers'
import type { Clock } from '../../app/clock.ts'

/** A role in whose name AWS is called. */
export interface AssumeRole {
  readonly arn: string
  readonly externalId?: string | undefined
  /** What CloudTrail calls the caller; default `curfew`. */
  readonly sessionName?: string | undefined
}

/** STS gave no credentials for a role; `cause` says why. */
export class RoleNotAssumed extends Error {
  override name = 'RoleNotAssumed'
  readonly arn: string

  constructor(arn: string, cause: unknown) {
    super(`cannot assume ${arn}`, { cause })
    this.arn = arn
  }
}

export const accountOf = (roleArn: string): string | undefined => /^arn:[^:]+:iam::(\d{12}):/.exec(roleArn)?.[1]

type Provider = ReturnType<typeof fromTemporaryCredentials>

/** So that two attempts, and the pause between them, end before the call that waits for them does. */
const SHARE_OF_TIMEOUT = 0.4

/** Credentials of a role, on top of the SDK's default chain; asks anew each time, whoever calls it keeps them. */
export const assumedRole = (options: {
  readonly role: AssumeRole
  readonly region: string
  readonly requestTimeoutMs: number
  readonly clock: Clock
}): Provider => {
  const { role, region, clock } = options
  const timeoutMs = Math.ceil(options.requestTimeoutMs * SHARE_OF_TIMEOUT)
  const assume = fromTemporaryCredentials({
    params: {
      RoleArn: role.arn,
      RoleSessionName: role.sessionName ?? 'curfew',
      ...(role.externalId === undefined ? {} : { ExternalId: role.externalId }),
    },
    clientConfig: {
      region,
      retryMode: 'standard',
      maxAttempts: 2,
      requestHandler: { connectionTimeout: timeoutMs, requestTimeout: timeoutMs, throwOnRequestTimeout: true },
    },
  })
  let latest: Awaited<ReturnType<Provider>> | undefined
  return async (properties: Parameters<Provider>[0] & { readonly forceRefresh?: boolean } = {}) => {
    try {
      latest = await assume(properties)
      return latest
    } catch (error) {
      // The SDK asks five minutes before the end: until then the old ones are good, unless AWS has said that they are not.
      const stillGood = latest?.expiration !== undefined && latest.expiration.getTime() > clock.now()
      if (latest !== undefined && stillGood && properties.forceRefresh !== true) return latest
      throw new RoleNotAssumed(role.arn, error)
    }
  }
}
