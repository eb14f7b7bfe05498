import type { Assignment } from '../app/daemon.ts'
import type { Site } from '../app/site.ts'
import type { Configuration } from '../config/configuration.ts'
import type { Mode } from '../domain/policies/policy.ts'
import { createPolicySet } from '../domain/policies/policy-set.ts'

export const siteOf = ({ region, endpointUrl, assumeRole }: Configuration['watch'][number]): Site => ({
  region,
  endpointUrl,
  assumeRole,
})

/** The part of a configuration that the daemon needs, and the commands that judge as the daemon does. */
export const assignmentOf = (configuration: Configuration, mode: Mode = configuration.mode): Assignment => {
  const { policies, protect, poll, termination, guard, watch, policySetHash } = configuration
  const { schedule, staleAfterMs, minGapMs } = poll
  return {
    policies: createPolicySet(policies, protect),
    schedule,
    terminationRate: termination.rate,
    settings: { mode, staleAfterMs, minGapMs, termination, guard, policySetHash },
    watch: watch.map((entry) => ({ site: siteOf(entry), endpoints: entry.endpoints, discover: entry.discover })),
  }
}
