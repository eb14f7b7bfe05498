import type { Instant } from '../time/instant.ts'
import type { Judged } from './explain.ts'
import { type InGrace, inGrace } from './in-grace.ts'
import { type Upcoming, upcoming } from './upcoming.ts'

/** A deadline that extensions have moved. */
export interface Extended extends Upcoming {
  readonly extendedFrom: Instant
}

/** The deadlines to come of a judged endpoint, the earliest first. */
export interface Deadlines {
  readonly grace: readonly InGrace[]
  /** Before the policy's own deadline and after it. */
  readonly extended: readonly Extended[]
  /** Deadlines that a connection in grace does not live to see are not among them. */
  readonly next: readonly Upcoming[]
}

export const deadlinesOf = (judged: Judged): Deadlines => {
  const violated = inGrace(judged)
  const graceOf = new Map(violated.map((one) => [one.connection.id, one]))
  const ahead = upcoming(judged).filter(({ connection, at, acts }) => {
    const one = graceOf.get(connection.id)
    if (one === undefined) return true
    return one.acts === acts ? at < one.lead.deadline : acts
  })
  const extended = [...violated.map(asUpcoming), ...ahead].filter(isExtended)
  return {
    grace: violated.filter(({ lead }) => lead.extendedFrom === undefined),
    extended: extended.sort((a, b) => a.at - b.at || (a.connection.id < b.connection.id ? -1 : 1)),
    next: ahead.filter((one) => !isExtended(one)),
  }
}

const asUpcoming = ({ connection, lead: { policy, deadline: at, extendedFrom }, acts }: InGrace): Upcoming => ({
  connection,
  policy,
  at,
  acts,
  extendedFrom,
})

const isExtended = (one: Upcoming): one is Extended => one.extendedFrom !== undefined
