import type { Connection } from '../connection.ts'
import { NO_HISTORY } from '../judge/memory.ts'
import { judge, type Verdict } from '../judge/verdict.ts'
import type { UserEntry } from '../names/user-list.ts'
import type { Policy } from '../policies/policy.ts'
import { type Applicability, createPolicySet, type PolicySet } from '../policies/policy-set.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { ALL_TIME } from '../time/period.ts'
import { parseTimeZone } from '../time/time-window.ts'
import { attempt } from './attempt.ts'
import type { FailedPolicy } from './door-decision.ts'

type AtTheDoor = (
  ...asked: [...Parameters<PolicySet['atTheDoor']>, ...Parameters<ReturnType<PolicySet['atTheDoor']>>]
) => readonly Applicability[]

/**
 * The applicabilities of all policies at the door, in their order. Where preparing them throws, they are halved until the
 * policies that throw are found: each of them throws again when it is judged, and the others are as they would be without
 * it. What throws without any policy is thrown.
 */
export const isolatedPolicies = (policies: readonly Policy[], protect: readonly UserEntry[]): AtTheDoor => {
  const set = attempt(() => createPolicySet(policies, protect))
  let parts: readonly AtTheDoor[] | undefined
  return (location, names, facts) => {
    const found = 'error' in set ? set : attempt(() => set.value.atTheDoor(location)(names, facts))
    if ('value' in found) return found.value
    const [policy, ...others] = policies
    if (policy === undefined) throw found.error
    const half = Math.ceil(policies.length / 2)
    parts ??= (others.length === 0 ? [[]] : [policies.slice(0, half), policies.slice(half)]).map((part) =>
      isolatedPolicies(part, protect),
    )
    const ofParts = parts.flatMap((part) => part(location, names, facts))
    return others.length === 0 ? [throwing(policy, found.error)] : ofParts
  }
}

/** An applicability that finds what `find` says. */
const finding = (policy: Policy, find: Applicability['judge']['find']): Applicability => ({
  policy,
  isAtTheDoor: true,
  matched: 'yes',
  selectorLacks: undefined,
  inForceIn: ALL_TIME,
  matchedIn: ALL_TIME,
  exemptIn: [],
  exemptions: [],
  isTimed: false,
  isConstant: true,
  judge: { find, because: () => '' },
  takeNote: undefined,
})

const throwing = (policy: Policy, error: unknown): Applicability =>
  finding(policy, () => {
    throw error
  })

/** The verdict of one policy, which is `unknown` if the policy throws. */
export const judgeAlone = (
  applicability: Applicability,
  connection: Connection,
  now: Instant,
): { readonly verdict: Verdict; readonly failed: readonly FailedPolicy[] } => {
  const { policy } = applicability
  const judged = attempt(() => judge(applicability, connection, NO_HISTORY, now))
  if ('value' in judged) return { verdict: judged.value, failed: [] }
  const { error } = judged
  const doubtful = finding(policy, () => ({ word: 'unknown', until: NEVER, lacks: lackOf(policy, error) }))
  return { verdict: judge(doubtful, connection, NO_HISTORY, now), failed: [{ policy, error }] }
}

/** Completes the sentence "the connection lacks …". */
const lackOf = ({ kind, rule }: Policy, error: unknown): string => {
  const zones = attempt(() => {
    const hours = kind.hours?.(rule)
    return hours?.windows.map((window) => window.zone ?? hours.zone) ?? []
  })
  const strange = 'value' in zones ? zones.value.find((zone) => 'problem' in parseTimeZone(zone)) : undefined
  if (strange !== undefined) return `a time zone that Node knows (it does not know "${strange}")`
  return `a judgement (the policy threw ${textOf(error)})`
}

const textOf = (error: unknown): string => {
  const text = attempt(() => String(error))
  return 'value' in text ? text.value : 'what is no text'
}
