import type { Policy } from '../../src/domain/policies/policy.ts'
import type { PolicySet } from '../../src/domain/policies/policy-set.ts'

/** Every policy set of the tests of one file, by its hash. A restarted process finds the earlier ones here. */
const known = new Map<unknown, PolicySet>()

/** The hash of a policy set: here it is also what the state keeps of it. */
export const rememberSet = (policies: readonly Policy[], set: PolicySet): string => {
  const hash = JSON.stringify(policies.map(({ name, hash: own, mode, guard }) => [name, own, mode, guard]))
  known.set(hash, set)
  return hash
}

export const rememberedSet = (hash: unknown): PolicySet | undefined => known.get(hash)
