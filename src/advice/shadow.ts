import type { Policy } from '../domain/policies/policy.ts'
import { createSelectorCover } from './selector-cover.ts'
import { createUserCover } from './user-cover.ts'
import { coversHours } from './window-warnings.ts'

/** A policy that another one makes superfluous: whatever it condemns the other condemns too, and no later. */
export interface Shadow {
  readonly policy: Policy
  readonly by: Policy
}

/** At most one per policy. Of two that say the same the later one is superfluous. */
export const shadowsAmong = (policies: readonly Policy[]): readonly Shadow[] => {
  const candidates = policies.map(candidateOf)
  const shadows = new Map<Policy, Policy>()
  candidates.forEach((candidate, index) => {
    const by = candidates.find((other, place) => {
      // A policy that is superfluous itself covers nothing, or two could be removed for the sake of each other.
      if (other === candidate || shadows.has(other.policy) || !covers(other, candidate)) return false
      return place < index || !covers(candidate, other)
    })
    if (by !== undefined) shadows.set(candidate.policy, by.policy)
  })
  return [...shadows].map(([policy, by]) => ({ policy, by }))
}

/** A policy with what is asked of it in comparison with every other one, worked out once. */
const candidateOf = (policy: Policy) => ({
  policy,
  coversRule: once(() => ruleCover(policy)),
  coversMatch: once(() => policy.match && createSelectorCover(policy.match, 'either')),
  coversExempt: once(() => policy.exempt && createSelectorCover(policy.exempt, 'principal')),
})

/** Whether the policy's rule ends whatever another rule of the same kind ends, and no later; undefined where nobody can tell. */
const ruleCover = ({ kind, rule }: Policy): ((other: unknown) => boolean) | undefined => {
  if (kind.hours !== undefined) {
    const { hours } = kind
    const covers = coversHours(hours(rule))
    return (other) => covers(hours(other))
  }
  if (kind.isNamesAlone && kind.names !== undefined) {
    const { names } = kind
    const covers = createUserCover(names(rule), 'either')
    return (other) => names(other).length > 0 && covers(names(other), 'either')
  }
  return kind.covers?.(rule)
}

type Candidate = ReturnType<typeof candidateOf>

const covers = (strict: Candidate, other: Candidate): boolean => {
  const [a, b] = [strict.policy, other.policy]
  if (a.kind !== b.kind || (a.mode === 'audit' && b.mode === 'enforce')) return false
  if (a.guard === 'on' && b.guard === 'off') return false
  if (a.graceMs > b.graceMs || a.cooldownMs < b.cooldownMs) return false
  if (b.cooldownMs > 0 && b.cooldownByCommonName && !a.cooldownByCommonName) return false
  if (!(strict.coversMatch()?.(b.match) ?? true)) return false
  if (a.exempt !== undefined && !(other.coversExempt()?.(a.exempt) ?? false)) return false
  return strict.coversRule()?.(b.rule) ?? false
}

const once = <Value>(make: () => Value): (() => Value) => {
  let made: { readonly value: Value } | undefined
  return () => (made ??= { value: make() }).value
}
