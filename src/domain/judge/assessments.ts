import { type Connection, hasSameFacts, hasSamePrincipal } from '../connection.ts'
import type { Location } from '../names/location.ts'
import { principalNamesOf } from '../names/user-list.ts'
import type { Acting } from '../policies/policy.ts'
import type { PolicySet } from '../policies/policy-set.ts'
import { NEVER } from '../time/instant.ts'
import { type Assessment, type AssessmentPart, assess, type Ground, type Standing } from './assessment.ts'

const isSameActing = (one: Acting, other: Acting): boolean => {
  if (one.mode !== other.mode || one.held.size !== other.held.size) return false
  for (const name of one.held) if (!other.held.has(name)) return false
  return true
}

/** Whether what was found about a connection earlier would be found again on this ground. */
const holds = (part: AssessmentPart, before: Connection, connection: Connection, ground: Ground): boolean => {
  const { ground: found } = part
  if (ground.now < found.now || ground.now >= part.holdsUntil) return false
  // Without an established time, or with one ahead of the clock, violations are dated by first sight or by `now`.
  if (!((before.establishedAt ?? NEVER) <= found.now)) return false
  if (!isSameActing(ground.acting, found.acting)) return false
  if (ground.fresh !== found.fresh) return false
  if (ground.history.extensions(connection.id) !== part.extensions) return false
  if (part.onTerminations && ground.terminationsRevision !== found.terminationsRevision) return false
  return before === connection || (hasSamePrincipal(before, connection) && hasSameFacts(before, connection))
}

/** The same with the byte counters, which every snapshot brings anew. */
const holdsWithCounters = (part: AssessmentPart, before: Connection, connection: Connection, ground: Ground): boolean =>
  before === connection && ground.snapshotAt === part.ground.snapshotAt && holds(part, before, connection, ground)

/**
 * The assessments of an endpoint under one policy set. It is a pure cache: an assessment is made again only if a fact
 * that it depends on has changed. All grounds must come from one memory.
 */
export const createAssessments = (set: PolicySet, location: Location) => {
  const relationOf = set.relations(location)
  const nearMissesOf = set.nearMisses(location)
  let known = new Map<string, Assessment>()
  /** In the order of the last snapshot. The next one has mostly the same order, which saves look-ups. */
  let last: Assessment[] = []

  const standingOf = (connection: Connection): Standing => {
    const principal = principalNamesOf(connection)
    return { principal, relation: relationOf(connection), nearMisses: nearMissesOf(principal) }
  }

  /** What connections are to the policies, found in advance and not assessed yet. */
  const met = new Map<Connection, Standing>()

  const assessAnew = (connection: Connection, ground: Ground): Assessment => {
    const standing = met.get(connection) ?? standingOf(connection)
    met.delete(connection)
    return assess(connection, standing, ground)
  }

  const after = (earlier: Assessment, connection: Connection, ground: Ground): Assessment => {
    const { connection: before, countersAside, onCounters } = earlier
    const isKnown = holds(countersAside, before, connection, ground)
    if (isKnown && (onCounters === undefined || holdsWithCounters(onCounters, before, connection, ground)))
      return earlier
    if (!hasSamePrincipal(before, connection)) return assessAnew(connection, ground)
    return assess(connection, earlier, ground, isKnown ? countersAside : undefined)
  }

  const assessmentAt = (connection: Connection, index: number | undefined, ground: Ground): Assessment => {
    const beside = index === undefined ? undefined : last[index]
    const before = beside?.connection.id === connection.id ? beside : known.get(connection.id)
    const made = before === undefined ? assessAnew(connection, ground) : after(before, connection, ground)
    if (made !== before) known.set(connection.id, made)
    return made
  }

  return {
    /** The assessment of one active connection. */
    one: (connection: Connection, ground: Ground): Assessment => assessmentAt(connection, undefined, ground),

    /** What is known of a connection, which may have changed since. */
    known: (id: string): Assessment | undefined => known.get(id),

    /** One for each active connection, in their order. */
    of(active: readonly Connection[], ground: Ground): readonly Assessment[] {
      last = active.map((connection, index) => assessmentAt(connection, index, ground))
      if (known.size > 2 * last.length) known = new Map(last.map((made) => [made.connection.id, made]))
      return last
    },

    /**
     * Finds in advance what a part of the connections are to the policies: all that does not depend on the time. It is
     * nearly the whole cost of a connection that is new to a policy set.
     */
    meet(active: readonly Connection[], from: number, to: number): void {
      for (const connection of active.slice(from, to)) met.set(connection, standingOf(connection))
    },

    /** Forgets what was found in advance and is not needed. */
    forgetMet: (): void => met.clear(),

    /**
     * Makes a part of the assessments in advance. On the largest endpoints all of them at once would block the event
     * loop.
     */
    prepare(active: readonly Connection[], from: number, to: number, ground: Ground): void {
      for (let index = from; index < Math.min(to, active.length); index++) {
        const connection = active[index]
        if (connection !== undefined) last[index] = assessmentAt(connection, index, ground)
      }
    },
  }
}

export type Assessments = ReturnType<typeof createAssessments>
