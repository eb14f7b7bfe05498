import type { Watch } from './configuration.ts'

/** The account of a role, as its ARN says; undefined if the ARN has none. */
export const accountOfRole = (roleArn: string): string | undefined => /^arn:[^:]+:iam::(\d{12}):/.exec(roleArn)?.[1]

/**
 * The key of the unit that an entry of `watch` belongs to: its Region, its URL, and the account of its role. Entries
 * without a role use Curfew's own credentials, and are one unit for each Region and URL. The key comes from the
 * configuration alone, so that all replicas agree on it although AWS answers one and not another.
 */
export const watchedUnit = ({
  region,
  endpointUrl,
  assumeRole,
}: Pick<Watch, 'region' | 'endpointUrl' | 'assumeRole'>): string => {
  const account = assumeRole === undefined ? 'own' : (accountOfRole(assumeRole.arn) ?? assumeRole.arn)
  return [region, account, ...(endpointUrl === undefined ? [] : [endpointUrl])].join(' ')
}
