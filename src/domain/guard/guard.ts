import { type Decision, type Decisions, decisionOf } from '../judge/decide.ts'
import { isDue, type ViolatedVerdict } from '../judge/verdict.ts'
import { acts, type Mode, type Policy } from '../policies/policy.ts'
import { type Instant, MINUTE } from '../time/instant.ts'

/** How many connections of an endpoint the verdicts that the guard checks may end within ten minutes. */
export interface GuardLimits {
  readonly maxPercent: number
  readonly minConnections: number
}

const WITHIN_MS = 10 * MINUTE

/** The record of one verdict that the guard checked. */
export interface GuardedVerdict {
  readonly policy: string
  /** The policy's hash at that time. After an edit the verdict is checked again. */
  readonly policyHash: string
  readonly connectionId: string
  /** When the verdict was first due and checked. */
  readonly dueAt: Instant
  readonly held: boolean
}

/** What the guard remembers of one endpoint. */
export interface Holds {
  /** The limits under which the verdicts were checked; undefined before the first check. */
  readonly limits: GuardLimits | undefined
  readonly verdicts: readonly GuardedVerdict[]
}

export const NO_HOLDS: Holds = { limits: undefined, verdicts: [] }

interface HeldVerdict {
  readonly decision: Decision
  readonly verdict: ViolatedVerdict
}

/** The result of one review. */
export interface Review {
  readonly decisions: Decisions
  readonly holds: Holds
  /** Verdicts that are newly held. */
  readonly held: readonly HeldVerdict[]
  /** Verdicts that are no longer held: they ended, or an operator edited their policy or the guard. */
  readonly released: readonly GuardedVerdict[]
}

/** What a review is made under. */
interface GuardRules {
  readonly mode: Mode
  readonly limits: GuardLimits
  readonly policies: readonly Policy[]
  readonly changedAt: (policy: Policy) => Instant
  /** Whether the connection is missing in the last snapshot, and only in that one. */
  readonly isMissing: (connectionId: string) => boolean
}

const keyOf = (policy: string, connectionId: string) => `${connectionId}\n${policy}`

const isSameLimits = (one: GuardLimits, other: GuardLimits) =>
  one.maxPercent === other.maxPercent && one.minConnections === other.minConnections

/**
 * Holds verdicts that an edit made due, if they would end more of the endpoint than the limits allow. The guard checks
 * verdicts that began before their policy last changed, and all verdicts on counters or on the whole snapshot. It does
 * not check verdicts that became due by the passing of time. It holds verdicts, not connections: another policy may
 * still end the connection.
 */
export const review = (decisions: Decisions, before: Holds, rules: GuardRules): Review => {
  const { now, active } = decisions
  const { mode, limits, isMissing } = rules
  const due = dueVerdicts(decisions, rules)
  const unknown = new Set<string>()
  for (const [{ name }, ids] of decisions.unknown) for (const id of ids) unknown.add(keyOf(name, id))
  // An edit of a policy or of the limits releases the verdicts checked before it, even if the daemon was stopped
  // meanwhile.
  const hashes = new Map(rules.policies.map(({ name, hash }) => [name, hash]))
  const isEdited = ({ policy, policyHash }: GuardedVerdict) =>
    (before.limits !== undefined && !isSameLimits(before.limits, limits)) || hashes.get(policy) !== policyHash
  // A hold ends with its verdict, but not while the verdict is unknown or its connection is missing for one snapshot. A
  // terminated connection still counts against the limits for ten minutes.
  const isOver = (verdict: GuardedVerdict) => {
    const key = keyOf(verdict.policy, verdict.connectionId)
    if (due.has(key)) return false
    if (verdict.held && (unknown.has(key) || isMissing(verdict.connectionId))) return false
    return verdict.held || now - verdict.dueAt >= WITHIN_MS
  }

  const known = new Map<string, GuardedVerdict>()
  const released: GuardedVerdict[] = []
  for (const verdict of before.verdicts) {
    if (!isEdited(verdict) && !isOver(verdict)) {
      // After the clock was set back, an instant in the future would count for too long.
      const { dueAt } = verdict
      known.set(keyOf(verdict.policy, verdict.connectionId), dueAt > now ? { ...verdict, dueAt: now } : verdict)
    } else if (verdict.held) released.push(verdict)
  }
  for (const [key, { decision, verdict }] of due) {
    if (known.has(key)) continue
    const { name: policy, hash: policyHash } = verdict.policy
    known.set(key, { policy, policyHash, connectionId: decision.connection.id, dueAt: now, held: false })
  }

  const held: HeldVerdict[] = []
  const hold = (entries: ReadonlyArray<readonly [string, GuardedVerdict]>) => {
    for (const [key, verdict] of entries) {
      const found = due.get(key)
      if (known.get(key)?.held === true || found === undefined) continue
      known.set(key, { ...verdict, held: true })
      held.push(found)
    }
  }
  const recent = [...known].filter(([, verdict]) => now - verdict.dueAt < WITHIN_MS)
  const byPolicy = new Map<string, Array<(typeof recent)[number]>>()
  for (const entry of recent) {
    if (byPolicy.get(entry[1].policy)?.push(entry) === undefined) byPolicy.set(entry[1].policy, [entry])
  }
  for (const entries of byPolicy.values()) if (isTooMuch(entries, active, limits)) hold(entries)
  // The limit for all policies together counts only verdicts that are not held, so that one ban beside a held policy
  // still acts.
  const rest = recent.filter(([key]) => known.get(key)?.held !== true)
  if (isTooMuch(rest, active, limits)) hold(rest)

  const isHeld = (verdict: ViolatedVerdict, id: string) => known.get(keyOf(verdict.policy.name, id))?.held === true
  return {
    decisions: withoutHeld(decisions, mode, isHeld),
    holds: { limits, verdicts: [...known.values()] },
    held,
    released,
  }
}

/** Due verdicts of acting policies that the guard checks. */
const dueVerdicts = (decisions: Decisions, { mode, changedAt }: GuardRules): ReadonlyMap<string, HeldVerdict> => {
  const due = new Map<string, HeldVerdict>()
  for (const decision of decisions.violating) {
    for (const verdict of decision.violated) {
      if (!acts(verdict.policy, mode) || !isDue(verdict, decisions.now) || !isChecked(verdict, changedAt)) continue
      due.set(keyOf(verdict.policy.name, decision.connection.id), { decision, verdict })
    }
  }
  return due
}

/** Whether the guard checks the verdict. */
const isChecked = ({ policy, since }: ViolatedVerdict, changedAt: (policy: Policy) => Instant): boolean =>
  policy.guard === 'on' && (policy.kind.facts !== 'immutable' || since < changedAt(policy))

/** Whether the verdicts together would end more of the endpoint than the limits allow. */
const isTooMuch = (
  entries: ReadonlyArray<readonly [string, GuardedVerdict]>,
  active: number,
  { minConnections, maxPercent }: GuardLimits,
): boolean => {
  const connections = new Set(entries.map(([, { connectionId }]) => connectionId)).size
  return connections > minConnections && connections > (maxPercent / 100) * active
}

const withoutHeld = (
  decisions: Decisions,
  mode: Mode,
  isHeld: (verdict: ViolatedVerdict, connectionId: string) => boolean,
): Decisions => ({
  ...decisions,
  violating: decisions.violating.map((decision) => {
    const { connection, violated } = decision
    const held = violated.filter((verdict) => isHeld(verdict, connection.id))
    return held.length === 0 ? decision : decisionOf(connection, violated, decisions.now, mode, held)
  }),
})
