import type { Connection } from '../connection.ts'
import type { Principal } from '../names/user-list.ts'
import type { Extensions } from '../policies/extension.ts'
import type { NearMiss } from '../policies/near-misses.ts'
import { type Acting, type History, mayEnd, type Policy } from '../policies/policy.ts'
import type { Applicability, Relation, RelationPart } from '../policies/policy-set.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { firstEnd } from './ends-at.ts'
import { besideEnd, type Foreseen, foresee } from './foresight.ts'
import { fineUntil, isDue, judge, type ViolatedVerdict } from './verdict.ts'

/** The facts that all verdicts of one judgement share. */
export interface Ground {
  readonly history: History
  readonly now: Instant
  readonly acting: Acting
  readonly fresh: boolean
  readonly snapshotAt: Instant | undefined
  readonly terminationsRevision: number
  /** The last part that has nothing to tell, by its relation. Connections share it while they differ in nothing else. */
  readonly quiet: Map<RelationPart, AssessmentPart>
}

export const groundOf = (history: History, now: Instant, acting: Acting): Ground => ({
  history,
  now,
  acting,
  fresh: history.fresh(),
  snapshotAt: history.snapshotAt(),
  terminationsRevision: history.terminationsRevision(),
  quiet: new Map(),
})

/** What some policies say about one active connection alone, reduced to what somebody has to act on. */
export interface AssessmentPart {
  readonly ground: Ground
  readonly violated: readonly ViolatedVerdict[]
  /** Policies that lack a fact. */
  readonly unknown: readonly Policy[]
  /** Ends before which no policy ends the connection that reads no byte counters and counts nothing. */
  readonly foreseen: readonly Foreseen[]
  /** The applicabilities of policies that count the connections of a principal together. */
  readonly counting: readonly Applicability[]
  /** Whether a policy ends the connection whatever the other policies say. */
  readonly endsRegardless: boolean
  readonly wakeAt: Instant
  readonly confirmAt: Instant
  /** The first instant at which the assessment may differ with the same facts. */
  readonly holdsUntil: Instant
  /** Whether it depends on earlier terminations. */
  readonly onTerminations: boolean
  /** What the connection had been granted. */
  readonly extensions: Extensions | undefined
}

/** What the policies say about one active connection alone. A new snapshot changes byte counters and little else. */
export interface Assessment {
  /** As it was when this was decided. */
  readonly connection: Connection
  readonly principal: Principal
  readonly relation: Relation
  readonly nearMisses: readonly NearMiss[]
  /** What the policies say that do not read byte counters. */
  readonly countersAside: AssessmentPart
  /** What the others say; undefined if there are none. */
  readonly onCounters: AssessmentPart | undefined
}

const NONE: readonly never[] = []

/** The assessment by some of the policies. */
const partOf = (
  connection: Connection,
  policies: RelationPart,
  { countersAside }: Relation,
  ground: Ground,
): AssessmentPart => {
  const { applicabilities, counting, onTerminations } = policies
  const { history, now } = ground
  let violated: ViolatedVerdict[] | undefined
  let unknown: Policy[] | undefined
  let foreseen: Foreseen[] | undefined
  let endsRegardless = false
  let wakeAt: Instant = NEVER
  let confirmAt: Instant = NEVER
  for (const applicability of applicabilities) {
    const { policy } = applicability
    const fine = policy.warn.length > 0 ? undefined : fineUntil(applicability, connection, history, now)
    const verdict = fine === undefined ? judge(applicability, connection, history, now) : undefined
    const nextAt = fine ?? verdict?.nextAt ?? NEVER
    if (nextAt < wakeAt) wakeAt = nextAt
    if (policy.kind.facts !== 'immutable' && nextAt < confirmAt) confirmAt = nextAt
    // Of 126,000 connections most are fine under most policies.
    if (verdict === undefined) continue
    if (verdict.word === 'unknown') (unknown ??= []).push(policy)
    const acting = mayEnd(policy, ground.acting)
    if (verdict.word === 'violated') {
      ;(violated ??= []).push(verdict)
      if (acting && isDue(verdict, now)) endsRegardless = true
    }
    if (policy.warn.length > 0 && acting) {
      const ahead = foresee(applicability, connection, history, now, verdict)
      if (ahead.foreseen !== undefined) {
        const others = countersAside.applicabilities.filter((one) => one !== applicability)
        const otherwiseAt = firstEnd(others, connection, history, now, ground.acting, ahead.foreseen.endsAt)
        const warning = besideEnd(ahead.foreseen, otherwiseAt)
        if (warning !== undefined) (foreseen ??= []).push(warning)
      }
      if (ahead.lookAt < wakeAt) wakeAt = ahead.lookAt
    }
  }
  const extensions = history.extensions(connection.id)
  const isQuiet = (violated ?? unknown ?? foreseen ?? extensions) === undefined
  const quiet = isQuiet ? ground.quiet.get(policies) : undefined
  if (quiet?.wakeAt === wakeAt && quiet.confirmAt === confirmAt) return quiet
  const part: AssessmentPart = {
    ground,
    violated: violated ?? NONE,
    unknown: unknown ?? NONE,
    foreseen: foreseen ?? NONE,
    counting,
    endsRegardless,
    wakeAt,
    confirmAt,
    // A warning is sent once. The next judgement must read in the memory that it was sent.
    holdsUntil: foreseen === undefined ? wakeAt : now,
    onTerminations,
    extensions,
  }
  if (isQuiet) ground.quiet.set(policies, part)
  return part
}

/** What an assessment tells of the principal alone. It does not change while the connection is up. */
export type PrincipalFacts = Pick<Assessment, 'principal' | 'relation' | 'nearMisses'>

/** `known`: what the policies say that do not read byte counters, where that still holds. */
export const assess = (
  connection: Connection,
  { principal, relation, nearMisses }: PrincipalFacts,
  ground: Ground,
  known?: AssessmentPart,
): Assessment => {
  const countersAside = known ?? partOf(connection, relation.countersAside, relation, ground)
  const onCounters = relation.onCounters && partOf(connection, relation.onCounters, relation, ground)
  return { connection, principal, relation, nearMisses, countersAside, onCounters }
}
