import type { Watch } from '../configuration.ts'
import { isLoopback } from '../loopback.ts'
import { accountOfRole, watchedUnit } from '../watched-unit.ts'
import type { YamlFile } from '../yaml/yaml-file.ts'

/**
 * Refuses entries of `watch` that may lead to one account and Region and are different units: two replicas could hold
 * them, watch the same endpoints, and spend twice the requests that AWS grants to the account.
 */
export const reportSplitAccounts = (file: YamlFile, watch: readonly Watch[]): void => {
  watch.forEach((entry, index) => {
    const other = watch.findIndex((earlier, at) => at < index && mayBeSplit(earlier, entry))
    const earlier = watch[other]
    if (earlier === undefined) return
    const at = ['watch', index]
    file.problem(at, messageOf(earlier, entry, file.placeOf(['watch', other])))
  })
}

/** Whether two entries are different units and nothing shows that they are different accounts. */
const mayBeSplit = (one: Watch, other: Watch): boolean => {
  if (one.region !== other.region || watchedUnit(one) === watchedUnit(other)) return false
  if (isStandIn(one) && isStandIn(other) && one.endpointUrl !== other.endpointUrl) return false
  const [account, another] = [accountOf(one), accountOf(other)]
  return account === undefined || another === undefined || account === another
}

/** Undefined for Curfew's own credentials: only AWS knows their account. */
const accountOf = ({ assumeRole }: Watch): string | undefined => assumeRole && accountOfRole(assumeRole.arn)

/** AWS is not on this machine: a URL on it leads to a stand-in, and each has an account of its own. */
const isStandIn = ({ endpointUrl }: Watch): boolean =>
  endpointUrl !== undefined && isLoopback(new URL(endpointUrl).hostname)

const messageOf = (earlier: Watch, entry: Watch, place: string): string => {
  const { region } = entry
  const remedy =
    accountOf(earlier) === accountOf(entry)
      ? 'Write the same "endpointUrl" in both, or in neither'
      : `Give every entry of ${region} an "assumeRole", also for the account of Curfew's own credentials, or none of them`
  return `this entry and the one at ${place} may be the same account in ${region}, and with "engine: { kind: postgres }" they would be two units: two replicas could watch the same endpoints and double the account's requests. ${remedy}`
}
