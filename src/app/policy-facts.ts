import type { Policy } from '../domain/policies/policy.ts'

/** The facts of a policy that a person is told and that no event has. */
export interface PolicyFacts {
  /** The zone in which the end of a session is told. */
  readonly timeZone: string
  readonly cooldownMs: number
}

export type PolicyFactsOf = (policy: string) => PolicyFacts

interface Source {
  readonly policies: readonly Policy[]
  /** For policies without a zone of their own. */
  readonly timeZone: string
}

/** The facts of policies by name. `source` may have other policies after each reload. */
export const createPolicyFacts = (source: () => Source): PolicyFactsOf => {
  let known: Source | undefined
  let byName = new Map<string, PolicyFacts>()
  return (name) => {
    const { policies, timeZone } = source()
    if (known?.policies !== policies || known.timeZone !== timeZone) {
      known = { policies, timeZone }
      byName = new Map(policies.map((policy) => [policy.name, factsOf(policy, timeZone)]))
    }
    return byName.get(name) ?? { timeZone, cooldownMs: 0 }
  }
}

const factsOf = ({ kind, rule, timeZone, cooldownMs }: Policy, fallback: string): PolicyFacts => ({
  timeZone: kind.hours?.(rule).zone ?? timeZone ?? fallback,
  cooldownMs,
})
