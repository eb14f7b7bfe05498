import type { Policy } from '../domain/policies/policy.ts'
import { NEVER } from '../domain/time/instant.ts'
import { type CoverIndex, createCoverIndex } from './cover-index.ts'
import { createSelectorCover, endpointText } from './selector-cover.ts'
import { createUserCover } from './user-cover.ts'
import { coversHours } from './window-warnings.ts'

/** A superfluous policy, and the policy that ends every connection that the superfluous one would end, and no later. */
interface Shadow {
  readonly policy: Policy
  readonly by: Policy
}

/** At most one shadow for each policy. Of two equivalent policies the later one is superfluous. */
export const shadowsAmong = (policies: readonly Policy[]): readonly Shadow[] => {
  const candidates = policies.map(candidateOf)
  const near = createNear(candidates)
  const shadows = new Map<Policy, Policy>()
  candidates.forEach((candidate) => {
    const by = near(candidate).find((other) => {
      // A superfluous policy covers nothing. Otherwise two policies could each be removed because of the other.
      if (other === candidate || shadows.has(other.policy) || !covers(other, candidate)) return false
      return other.place < candidate.place || !covers(candidate, other)
    })
    if (by !== undefined) shadows.set(candidate.policy, by.policy)
  })
  return [...shadows].map(([policy, by]) => ({ policy, by }))
}

/** A policy with its rule and selectors prepared for the comparison with every other policy, each prepared once. */
const candidateOf = (policy: Policy, place: number) => ({
  policy,
  place,
  coversRule: once(() => ruleCover(policy)),
  coversMatch: once(() => policy.match && createSelectorCover(policy.match, 'either')),
  coversExempt: once(() => policy.exempt && createSelectorCover(policy.exempt, 'principal')),
})

/**
 * Whether the policy's rule ends every connection that another rule of the same kind ends, and no later; undefined if
 * the kind has no such comparison.
 */
const ruleCover = ({ kind, rule }: Policy): ((other: unknown) => boolean) | undefined => {
  if (kind.hours !== undefined) {
    const { hours } = kind
    const coversOther = coversHours(hours(rule))
    return (other) => coversOther(hours(other))
  }
  if (kind.isNamesAlone && kind.names !== undefined) {
    const { names } = kind
    const coversOther = createUserCover(names(rule), 'either')
    return (other) => names(other).length > 0 && coversOther(names(other), 'either')
  }
  return kind.covers?.(rule)
}

type Candidate = ReturnType<typeof candidateOf>

/**
 * Each policy is compared with at most this many others. Comparing ten thousand with each other would take minutes, and
 * two hundred policies are still compared completely.
 */
const MOST_COMPARED = 200

/** For each sort of names: the patterns to which a policy limits what it ends, if it has names of this sort. */
const NAMES: ReadonlyArray<(policy: Policy) => readonly string[] | undefined> = [
  ({ match }) => match?.users?.map(({ pattern }) => pattern.text),
  ({ kind, rule }) => (kind.isNamesAlone ? kind.names?.(rule).map(({ pattern }) => pattern.text) : undefined),
  ({ match }) => match?.endpoints?.map(endpointText),
  () => [EVERY],
]

const EVERY = '*'

/**
 * The policies that may cover another one, in the order of the files. A policy with names covers only policies whose names
 * of the same sort it covers all, so it is enough to ask for the first of them.
 */
const createNear = (candidates: readonly Candidate[]): ((candidate: Candidate) => readonly Candidate[]) => {
  const indexes = new Map<unknown, ReadonlyArray<CoverIndex<Candidate>>>()
  for (const candidate of candidates) {
    const { policy } = candidate
    const ofKind = indexes.get(policy.kind) ?? NAMES.map(() => createCoverIndex<Candidate>(MOST_COMPARED))
    indexes.set(policy.kind, ofKind)
    const sort = NAMES.findIndex((namesOf) => namesOf(policy) !== undefined)
    for (const pattern of NAMES[sort]?.(policy) ?? []) ofKind[sort]?.add(pattern, candidate)
  }
  return ({ policy }) =>
    (indexes.get(policy.kind) ?? [])
      .flatMap((index, sort) => [...index.find(NAMES[sort]?.(policy)?.[0] ?? EVERY)])
      .sort((a, b) => a.place - b.place)
      .slice(0, MOST_COMPARED)
}

const notCompared = () => true

/**
 * For each field of a policy: whether it lets the strict policy end every connection that the other one ends, and no
 * later. The entries are asked in this order, so cheap comparisons come first. A new field of `Policy` does not compile
 * until it has an entry here.
 */
const FIELD_COVERS = {
  kind: ({ policy: strict }, { policy: other }) => strict.kind === other.kind,
  mode: ({ policy: strict }, { policy: other }) => strict.mode === 'enforce' || other.mode === 'audit',
  // The guard may hold the strict policy's verdicts while the other policy's verdicts are never held.
  guard: ({ policy: strict }, { policy: other }) => strict.guard === 'off' || other.guard === 'on',
  from: ({ policy: strict }, { policy: other }) => (strict.from ?? -NEVER) <= (other.from ?? -NEVER),
  until: ({ policy: strict }, { policy: other }) => (strict.until ?? NEVER) >= (other.until ?? NEVER),
  graceMs: ({ policy: strict }, { policy: other }) => strict.graceMs <= other.graceMs,
  // With extensions its ends may be later than its rule says.
  extend: ({ policy: strict }) => strict.extend === undefined,
  cooldownMs: ({ policy: strict }, { policy: other }) => strict.cooldownMs >= other.cooldownMs,
  // It has no effect without a cooldown.
  cooldownByCommonName: ({ policy: strict }, { policy: other }) =>
    strict.cooldownByCommonName || !other.cooldownByCommonName || other.cooldownMs === 0,
  match: (strict, { policy: other }) => strict.coversMatch()?.(other.match) ?? true,
  exempt: ({ policy: strict }, other) =>
    strict.exempt === undefined || (other.coversExempt()?.(strict.exempt) ?? false),
  rule: (strict, { policy: other }) => strict.coversRule()?.(other.rule) ?? false,
  // Two policies never have the same name, and it does not decide which connections end.
  name: notCompared,
  // It is derived from the other fields and from `protect`, which is the same for both.
  hash: notCompared,
  // It changes which people are warned, not which connections end.
  warn: notCompared,
  // It has given `from` and `until` their values.
  timeZone: notCompared,
  // Words for people whom the door denies. The members of the group are in `match`.
  matchGroup: notCompared,
  message: notCompared,
} satisfies Record<keyof Policy, (strict: Candidate, other: Candidate) => boolean>

const FIELD_COMPARISONS = Object.values(FIELD_COVERS)

const covers = (strict: Candidate, other: Candidate): boolean =>
  FIELD_COMPARISONS.every((compare) => compare(strict, other))

const once = <Value>(make: () => Value): (() => Value) => {
  let made: { readonly value: Value } | undefined
  return () => (made ??= { value: make() }).value
}
