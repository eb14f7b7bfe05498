import { Signer } from '@aws-sdk/rds-signer'
import type { DatabaseUrl } from './database-url.ts'

/**
 * Signs a token with which a user signs in at RDS in place of a password. It is valid for a quarter of an hour, and only
 * the begin of a connection needs it.
 */
export const signIamToken = ({ host, port, user }: DatabaseUrl, region: string): Promise<string> =>
  new Signer({ hostname: host, port, username: user, region }).getAuthToken()
