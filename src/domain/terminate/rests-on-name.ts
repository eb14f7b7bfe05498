import type { Connection } from '../connection.ts'
import { isDue, judge } from '../judge/verdict.ts'
import type { History, Policy } from '../policies/policy.ts'
import type { PolicySet } from '../policies/policy-set.ts'
import type { Instant } from '../time/instant.ts'

/** AWS ends up to five connections of a user by one call, and refuses the call if there are more. */
export const MOST_BY_NAME = 5

/** Whether the verdict follows from the user name alone, and no exemption names a certificate. */
export const restsOnNameAlone = (
  policy: Policy,
  connection: Connection,
  { set, history, now }: { readonly set: PolicySet; readonly history: History; readonly now: Instant },
  applicabilitiesOf: ReturnType<PolicySet['applicabilities']>,
): boolean => {
  const readsCommonName = [...(policy.exempt?.users ?? []), ...set.protectedUsers].some(
    ({ pattern }) => pattern.field === 'commonName',
  )
  if (policy.kind.scope !== 'principal' || readsCommonName) return false
  const nameless = { ...connection, commonName: undefined }
  const applicability = applicabilitiesOf(nameless).find((candidate) => candidate.policy === policy)
  return applicability !== undefined && isDue(judge(applicability, nameless, history, now), now)
}
