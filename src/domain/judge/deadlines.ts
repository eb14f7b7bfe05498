import type { Judged } from './explain.ts'
import { type InGrace, inGrace } from './in-grace.ts'
import { type Upcoming, upcoming } from './upcoming.ts'

/** The deadlines to come of a judged endpoint, the earliest first. */
export interface Deadlines {
  readonly grace: readonly InGrace[]
  /** Deadlines that a connection in grace does not live to see are not among them. */
  readonly next: readonly Upcoming[]
}

export const deadlinesOf = (judged: Judged): Deadlines => {
  const grace = inGrace(judged)
  const graceOf = new Map(grace.map((one) => [one.connection.id, one]))
  const next = upcoming(judged).filter(({ connection, at, acts }) => {
    const one = graceOf.get(connection.id)
    if (one === undefined) return true
    return one.acts === acts ? at < one.lead.deadline : acts
  })
  return { grace, next }
}
