import type { Extended } from '../domain/judge/deadlines.ts'
import type { DueDecision } from '../domain/judge/decide.ts'
import type { InGrace } from '../domain/judge/in-grace.ts'
import type { Upcoming } from '../domain/judge/upcoming.ts'
import type { Termination } from '../domain/terminate/termination.ts'
import { isoOrNull } from './iso-or-null.ts'
import type { Outcomes } from './summary.ts'

/** The next event in the life of one connection. */
export type ConnectionState =
  | { readonly state: 'terminate' | 'held' | 'audit'; readonly decision: DueDecision }
  | { readonly state: 'grace'; readonly grace: InGrace }
  | { readonly state: 'extended'; readonly extended: Extended }
  | { readonly state: 'next'; readonly upcoming: Upcoming }
  | { readonly state: 'none' }

/** By connection. A deadline that ends the connection comes before one that a policy in audit mode only reports. */
export const connectionStates = ({
  terminate,
  held,
  audit,
  grace,
  extended,
  next,
}: Outcomes): ReadonlyMap<string, ConnectionState> =>
  new Map<string, ConnectionState>([
    ...audit.map((decision) => [decision.connection.id, { state: 'audit', decision }] as const),
    ...grace.map((one) => [one.connection.id, { state: 'grace', grace: one }] as const),
    ...next.map((upcoming) => [upcoming.connection.id, { state: 'next', upcoming }] as const),
    ...extended.map((one) => [one.connection.id, { state: 'extended', extended: one }] as const),
    ...held.map((decision) => [decision.connection.id, { state: 'held', decision }] as const),
    ...terminate.map((decision) => [decision.connection.id, { state: 'terminate', decision }] as const),
  ])

/** The policy of the next deadline, and its instant; undefined if there is none. */
export const deadlineOf = (next: ConnectionState) => {
  switch (next.state) {
    case 'none':
      return undefined
    case 'next':
      return next.upcoming
    case 'extended':
      return next.extended
    case 'grace': {
      const { lead, acts } = next.grace
      return { policy: lead.policy, at: lead.deadline, acts }
    }
    default: {
      const { policy, deadline } = next.decision.lead
      return { policy, at: deadline, acts: next.state !== 'audit' }
    }
  }
}

export const tryAgainAtOf = (termination: Termination | undefined) =>
  termination !== undefined && 'tryAgainAt' in termination ? termination.tryAgainAt : undefined

export const terminationJson = (termination: Termination) => ({
  state: termination.state,
  nextTryAt: isoOrNull(tryAgainAtOf(termination)),
})
