import type { Instant } from '../time/instant.ts'
import { createEarliest } from './earliest.ts'
import type { Judged } from './explain.ts'
import { type InGrace, inGrace } from './in-grace.ts'
import { byInstant, eachUpcoming, type Upcoming } from './upcoming.ts'

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
  /** How many there are, those included that are not in `next`. */
  readonly nextTotal: number
}

/** `mostNext`: as many of the next deadlines are wanted. Rows of the others are not kept. */
export const deadlinesOf = (judged: Judged, mostNext = Number.POSITIVE_INFINITY): Deadlines => {
  const violated = inGrace(judged)
  const graceOf = new Map(violated.map((one) => [one.connection.id, one]))
  const extended = violated.map(asUpcoming).filter(isExtended)
  const next = createEarliest(mostNext, byInstant)
  eachUpcoming(judged, (one) => {
    const grace = graceOf.get(one.connection.id)
    const isLivedToSee = grace === undefined || (grace.acts === one.acts ? one.at < grace.lead.deadline : one.acts)
    if (!isLivedToSee) return
    if (isExtended(one)) extended.push(one)
    else next.add(one)
  })
  return {
    grace: violated.filter(({ lead }) => lead.extendedFrom === undefined),
    extended: extended.sort(byInstant),
    next: next.rows(),
    nextTotal: next.total(),
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
