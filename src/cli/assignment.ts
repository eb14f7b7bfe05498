import type { Assignment } from '../app/daemon.ts'
import type { ReadPolicySet } from '../app/policy-sets.ts'
import type { Site } from '../app/site.ts'
import type { Configuration } from '../config/configuration.ts'
import { bindWritten } from '../config/written-policies.ts'
import { readsOf } from '../domain/names/endpoint-pattern.ts'
import type { Mode, Policy } from '../domain/policies/policy.ts'
import { createPolicySet } from '../domain/policies/policy-set.ts'

const siteOf = ({ region, endpointUrl, assumeRole }: Configuration['watch'][number]): Site => ({
  region,
  endpointUrl,
  assumeRole,
})

/** Whether a policy needs the tags of listed endpoints, or a name that `watch` does not give. */
const readsTags = (policies: readonly Policy[], endpoints: Configuration['watch'][number]['endpoints']): boolean => {
  const isNameless = endpoints.some(({ name }) => name === undefined)
  const selectors = policies.flatMap(({ match, exempt }) => [match, exempt])
  return selectors.some((selector) =>
    selector?.endpoints?.some(({ pattern }) => {
      const reads = readsOf(pattern)
      return endpoints.length > 0 && (reads === 'tags' || (reads === 'name' && isNameless))
    }),
  )
}

/** The part of a configuration that the daemon needs, and the commands that judge as the daemon does. */
export const assignmentOf = (configuration: Configuration, mode: Mode = configuration.mode): Assignment => {
  const { policies, protect, poll, termination, guard, watch, written, policySetHash } = configuration
  const { schedule, staleAfterMs, minGapMs } = poll
  return {
    policies: createPolicySet(policies, protect),
    written,
    schedule,
    terminationRate: termination.rate,
    settings: { mode, staleAfterMs, minGapMs, termination, guard, policySetHash },
    watch: watch.map((entry) => ({
      site: siteOf(entry),
      endpoints: entry.endpoints,
      discover: entry.discover,
      readsTags: readsTags(policies, entry.endpoints),
    })),
  }
}

/** Binds a policy set that the state file keeps. */
export const readPolicySet: ReadPolicySet = (written) => {
  const bound = bindWritten(written)
  return bound && createPolicySet(bound.policies, bound.protect)
}
