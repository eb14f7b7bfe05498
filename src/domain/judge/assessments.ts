import { type Connection, hasSameFacts, hasSamePrincipal } from '../connection.ts'
import type { Location } from '../names/location.ts'
import { principalNamesOf } from '../names/user-list.ts'
import type { Acting } from '../policies/policy.ts'
import type { PolicySet } from '../policies/policy-set.ts'
import { NEVER } from '../time/instant.ts'
import { type Assessment, type AssessmentPart, assess, type Ground, type PrincipalFacts } from './assessment.ts'

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
  /** In the order of the last snapshot. The next one has mostly the same order, which saves look-ups. */
  let last: Assessment[] = []
  /** Those that were made in advance for the next list, in its order. */
  let prepared: Assessment[] = []
  /**
   * All of them by id. It is made when a connection is first sought that is not at its place. An assessment may be older than the
   * one that this pass has made: whoever takes it asks first whether it still holds.
   */
  let known: Map<string, Assessment> | undefined

  const knownById = (id: string): Assessment | undefined => {
    known ??= new Map(last.map((one) => [one.connection.id, one]))
    return known.get(id)
  }

  const principalFactsOf = (connection: Connection): PrincipalFacts => {
    const principal = principalNamesOf(connection)
    return { principal, relation: relationOf(connection, principal), nearMisses: nearMissesOf(principal) }
  }

  /** What connections are to the policies, found in advance and not assessed yet. */
  const met = new Map<Connection, PrincipalFacts>()

  const assessAnew = (connection: Connection, ground: Ground): Assessment => {
    const facts = met.get(connection) ?? principalFactsOf(connection)
    if (met.size > 0) met.delete(connection)
    return assess(connection, facts, ground)
  }

  const after = (earlier: Assessment, connection: Connection, ground: Ground): Assessment => {
    const { connection: before, countersAside, onCounters } = earlier
    const isKnown = holds(countersAside, before, connection, ground)
    if (isKnown && (onCounters === undefined || holdsWithCounters(onCounters, before, connection, ground)))
      return earlier
    if (!hasSamePrincipal(before, connection)) return assessAnew(connection, ground)
    return assess(connection, earlier, ground, isKnown ? countersAside : undefined)
  }

  const renewed = (before: Assessment | undefined, connection: Connection, ground: Ground): Assessment => {
    const made = before === undefined ? assessAnew(connection, ground) : after(before, connection, ground)
    if (made !== before) known?.set(connection.id, made)
    return made
  }

  const assessmentAt = (connection: Connection, index: number, ground: Ground): Assessment => {
    const { id } = connection
    const isAt = (one: Assessment | undefined) => one?.connection.id === id
    const beside = isAt(prepared[index]) ? prepared[index] : last[index]
    return renewed(isAt(beside) || last.length === 0 ? beside : knownById(id), connection, ground)
  }

  return {
    /** The assessment of one active connection. */
    one: (connection: Connection, ground: Ground): Assessment => renewed(knownById(connection.id), connection, ground),

    /** The assessment of a connection at its place among those that were last judged. */
    at: (connection: Connection, place: number): Assessment | undefined =>
      last[place]?.connection === connection ? last[place] : undefined,

    /** One for each active connection, in their order. */
    of(active: readonly Connection[], ground: Ground): readonly Assessment[] {
      last = active.map((connection, index) => assessmentAt(connection, index, ground))
      prepared = []
      if (known !== undefined && known.size > 2 * last.length) known = undefined
      return last
    },

    /**
     * Finds in advance what a part of the connections are to the policies: all that does not depend on the time. It is
     * nearly the whole cost of a connection that is new to a policy set.
     */
    meet(active: readonly Connection[], from: number, to: number): void {
      for (const connection of active.slice(from, to)) met.set(connection, principalFactsOf(connection))
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
        if (connection !== undefined) prepared[index] = assessmentAt(connection, index, ground)
      }
    },
  }
}

export type Assessments = ReturnType<typeof createAssessments>
