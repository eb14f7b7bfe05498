import type { Connection } from '../connection.ts'
import type { Location } from '../names/selector.ts'
import type { PolicySet } from '../policies/policy-set.ts'
import { type Case, caseOf, type Ground } from './case.ts'
import type { Cases } from './cases.ts'

const isSameList = (one: readonly string[] | undefined, other: readonly string[] | undefined): boolean =>
  one === other ||
  (one !== undefined &&
    other !== undefined &&
    one.length === other.length &&
    one.every((word, at) => word === other[at]))

const isSamePerson = (one: Connection, other: Connection): boolean =>
  one.username === other.username && one.commonName === other.commonName

/** What a snapshot says of an active connection, but for its byte counters. */
const saysTheSame = (one: Connection, other: Connection): boolean =>
  one.establishedAt === other.establishedAt && isSamePerson(one, other) && isSameList(one.posture, other.posture)

/** Whether what was found earlier, counters aside, would be found again on this ground. */
const holds = (made: Case, connection: Connection, { now, mode, fresh, terminationsRevision }: Ground): boolean => {
  const { ground } = made
  if (now < ground.now || now >= made.holdsUntil || mode !== ground.mode || fresh !== ground.fresh) return false
  if (made.onTerminations && terminationsRevision !== ground.terminationsRevision) return false
  return made.connection === connection || saysTheSame(made.connection, connection)
}

/** Whether its counters are those of this ground too, where it rests on any. */
const countsTheSame = ({ uncounted, ground, connection }: Case, seen: Connection, { snapshotAt }: Ground): boolean =>
  uncounted === undefined || (connection === seen && ground.snapshotAt === snapshotAt)

/**
 * Cases that are made anew only where something they rest on has changed: what nothing happened to is not decided again.
 * For one endpoint under one set of policies; every ground must have the history of the same memory.
 */
export const createRememberedCases = (set: PolicySet, place: Location) => {
  const standingsOf = set.standings(place)
  const isProtected = set.isProtected(place)
  let known = new Map<string, Case>()
  /** In the order of the last connections, mostly that of the next ones as well: it saves looking them up. */
  let last: Case[] = []

  const newCase = (connection: Connection, ground: Ground): Case =>
    caseOf(connection, standingsOf(connection), isProtected(connection), ground)

  const caseAfter = (before: Case, connection: Connection, ground: Ground): Case => {
    if (countsTheSame(before, connection, ground) && holds(before, connection, ground)) return before
    if (!isSamePerson(before.connection, connection)) return newCase(connection, ground)
    const { uncounted } = before
    const still = uncounted !== undefined && holds(uncounted, connection, ground) ? uncounted : undefined
    return caseOf(connection, before.standings, before.isProtected, ground, still)
  }

  const caseAt = (connection: Connection, index: number, ground: Ground): Case => {
    const beside = last[index]
    const before = beside?.connection.id === connection.id ? beside : known.get(connection.id)
    const made = before === undefined ? newCase(connection, ground) : caseAfter(before, connection, ground)
    if (made !== before) known.set(connection.id, made)
    return made
  }

  return {
    of(active: readonly Connection[], ground: Ground): readonly Case[] {
      last = active.map((connection, index) => caseAt(connection, index, ground))
      if (known.size > 2 * last.length) known = new Map(last.map((made) => [made.connection.id, made]))
      return last
    },

    /** Makes a part of them ahead, so that `of` finds them made: for endpoints so large that all at once would take too long. */
    prepare(active: readonly Connection[], from: number, to: number, ground: Ground): void {
      for (let index = from; index < Math.min(to, active.length); index++) {
        const connection = active[index]
        if (connection !== undefined) last[index] = caseAt(connection, index, ground)
      }
    },
  } satisfies Cases & Record<string, unknown>
}
