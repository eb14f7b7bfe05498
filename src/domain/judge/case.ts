import type { Connection } from '../connection.ts'
import { acts, type History, type Mode, type Policy } from '../policies/policy.ts'
import type { Standing } from '../policies/policy-set.ts'
import { type Instant, NEVER } from '../time/instant.ts'
import { type Foreseen, foresee } from './foresight.ts'
import { isDue, judge, type Verdict } from './verdict.ts'

/** Somebody connected whom an entry of a policy names in part only. */
export interface NearMiss {
  readonly connection: Connection
  readonly policy: Policy
  readonly entry: string
}

/** What all verdicts of one decision rest on beside their connections. */
export interface Ground {
  readonly history: History
  readonly now: Instant
  readonly mode: Mode
  readonly fresh: boolean
  readonly snapshotAt: Instant | undefined
  readonly terminationsRevision: number
}

export const groundOf = (history: History, now: Instant, mode: Mode): Ground => ({
  history,
  now,
  mode,
  fresh: history.fresh(),
  snapshotAt: history.snapshotAt(),
  terminationsRevision: history.terminationsRevision(),
})

/** What the policies say of one active connection by itself, folded to what somebody has to act on. */
export interface Case {
  /** As it was when this was decided. */
  readonly connection: Connection
  readonly ground: Ground
  /** How its policies stand to its person. */
  readonly standings: readonly Standing[]
  readonly isProtected: boolean
  readonly violated: readonly Verdict[]
  /** Policies that lack a fact. */
  readonly unknown: readonly Policy[]
  readonly nearMisses: readonly NearMiss[]
  readonly foreseen: readonly Foreseen[]
  /** Of the policies that look at all connections together. */
  readonly crowded: readonly Standing[]
  /** Whether an acting policy ends it whatever the others do. */
  readonly goesAnyway: boolean
  readonly wakeAt: Instant
  readonly askAt: Instant
  /** The first instant at which, with the same facts, something in it may differ. */
  readonly holdsUntil: Instant
  /** Whether it rests on who was cut before. */
  readonly onTerminations: boolean
  /** Where some policies look at byte counters: what the others say. An answer of AWS brings new counters and little else. */
  readonly uncounted: Case | undefined
}

const NONE: readonly never[] = []

const counts = ({ policy }: Standing) => policy.kind.facts === 'counters'

/** What those of the policies say that look at byte counters, or those that do not. */
const partOf = (
  connection: Connection,
  standings: readonly Standing[],
  isProtected: boolean,
  ground: Ground,
  onCounters: boolean,
): Case => {
  const { history, now, mode } = ground
  let violated: Verdict[] | undefined
  let unknown: Policy[] | undefined
  let nearMisses: NearMiss[] | undefined
  let foreseen: Foreseen[] | undefined
  let crowded: Standing[] | undefined
  let goesAnyway = false
  let onTerminations = false
  let wakeAt: Instant = NEVER
  let askAt: Instant = NEVER
  for (const standing of standings) {
    if (counts(standing) !== onCounters) continue
    const { policy, nearMiss } = standing
    const verdict = judge(standing, connection, history, now)
    if (verdict.nextAt < wakeAt) wakeAt = verdict.nextAt
    if (policy.kind.facts !== 'immutable' && verdict.nextAt < askAt) askAt = verdict.nextAt
    if (policy.cooldownMs > 0) onTerminations = true
    if (policy.kind.crowd !== undefined) (crowded ??= []).push(standing)
    if (verdict.word === 'unknown') (unknown ??= []).push(policy)
    if (nearMiss !== undefined) (nearMisses ??= []).push({ connection, policy, entry: nearMiss })
    const acting = acts(policy, mode)
    if (verdict.word === 'violated') {
      ;(violated ??= []).push(verdict)
      if (acting && isDue(verdict, now)) goesAnyway = true
    }
    if (policy.warn.length > 0 && acting) {
      const ahead = foresee(standing, connection, history, now, verdict)
      if (ahead.foreseen !== undefined) (foreseen ??= []).push(ahead.foreseen)
      if (ahead.lookAt < wakeAt) wakeAt = ahead.lookAt
    }
  }
  return {
    connection,
    ground,
    standings,
    isProtected,
    violated: violated ?? NONE,
    unknown: unknown ?? NONE,
    nearMisses: nearMisses ?? NONE,
    foreseen: foreseen ?? NONE,
    crowded: crowded ?? NONE,
    goesAnyway,
    wakeAt,
    askAt,
    // A warning is told once: the next look finds that it was.
    holdsUntil: foreseen === undefined ? wakeAt : now,
    onTerminations,
    uncounted: undefined,
  }
}

const joined = <Item>(one: readonly Item[], other: readonly Item[]): readonly Item[] =>
  other.length === 0 ? one : one.length === 0 ? other : [...one, ...other]

/** `known`: what the policies that do not look at byte counters say, where that still holds. */
export const caseOf = (
  connection: Connection,
  standings: readonly Standing[],
  isProtected: boolean,
  ground: Ground,
  known?: Case,
): Case => {
  const uncounted = known ?? partOf(connection, standings, isProtected, ground, false)
  if (!standings.some(counts)) return uncounted
  const counted = partOf(connection, standings, isProtected, ground, true)
  return {
    connection,
    ground,
    standings,
    isProtected,
    violated: joined(uncounted.violated, counted.violated),
    unknown: joined(uncounted.unknown, counted.unknown),
    nearMisses: joined(uncounted.nearMisses, counted.nearMisses),
    foreseen: joined(uncounted.foreseen, counted.foreseen),
    crowded: joined(uncounted.crowded, counted.crowded),
    goesAnyway: uncounted.goesAnyway || counted.goesAnyway,
    wakeAt: Math.min(uncounted.wakeAt, counted.wakeAt),
    askAt: Math.min(uncounted.askAt, counted.askAt),
    holdsUntil: Math.min(uncounted.holdsUntil, counted.holdsUntil),
    onTerminations: uncounted.onTerminations || counted.onTerminations,
    uncounted,
  }
}
