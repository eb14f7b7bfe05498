import { type Connection, isActive } from '../domain/connection.ts'
import { type Deadlines, deadlinesOf } from '../domain/judge/deadlines.ts'
import type { Plan } from '../domain/terminate/plan.ts'
import type { JudgedEndpoint } from './compose-aws.ts'
import { count, plural } from './number-text.ts'

/** The active connections of a judged endpoint by what comes next for them. */
export interface Outcomes extends Pick<Plan, 'terminate' | 'held' | 'audit'>, Deadlines {
  readonly active: readonly Connection[]
}

type Unread = Extract<JudgedEndpoint, { readonly failure: unknown }>

/** An endpoint that was read has outcomes. Of another one nothing is known. */
export type SeenEndpoint = Unread | (Exclude<JudgedEndpoint, Unread> & { readonly outcomes: Outcomes })

/** The endpoint with its outcomes. Of the next deadlines, the earliest `mostNext` are kept, and all are counted. */
export const withOutcomes = (one: JudgedEndpoint, mostNext = Number.POSITIVE_INFINITY): SeenEndpoint => {
  if ('failure' in one) return one
  const { terminate, held, audit } = one.judged.judgement.plan
  const active = one.snapshot.connections.filter(isActive)
  return { ...one, outcomes: { active, terminate, held, audit, ...deadlinesOf(one.judged, mostNext) } }
}

const COUNTED = ['active', 'terminate', 'held', 'grace', 'extended', 'audit', 'next'] as const

type Counts = Readonly<Record<(typeof COUNTED)[number], number>>

/** How many endpoints a command read, and how many of the connections that it shows are in which state. */
export interface Summary extends Counts {
  /** The watched endpoints, those of `unread` included. */
  readonly endpoints: number
  /** The endpoints, and the lists of endpoints, that could not be read. Their connections are unknown. */
  readonly unread: number
}

type CountIn = (outcomes: Outcomes, of: (typeof COUNTED)[number]) => number

/** All of an endpoint, also those of the next deadlines that were not kept. */
const ofAll: CountIn = (outcomes, of) => (of === 'next' ? outcomes.nextTotal : outcomes[of].length)

/** Only those of these connections. They are counted among the kept deadlines, so all have to be kept. */
const ofThose =
  (isShown: (id: string) => boolean): CountIn =>
  (outcomes, of) =>
    outcomes[of].filter((row) => isShown('connection' in row ? row.connection.id : row.id)).length

/** The summary of all connections, or of those alone whose ids are shown. */
export const summaryOf = (endpoints: readonly SeenEndpoint[], isShown?: (id: string) => boolean): Summary => {
  const read = endpoints.flatMap((one) => ('failure' in one ? [] : [one.outcomes]))
  const countIn = isShown === undefined ? ofAll : ofThose(isShown)
  const countOf = (of: (typeof COUNTED)[number]) => read.reduce((sum, outcomes) => sum + countIn(outcomes, of), 0)
  return {
    endpoints: endpoints.length,
    unread: endpoints.length - read.length,
    active: countOf('active'),
    terminate: countOf('terminate'),
    held: countOf('held'),
    grace: countOf('grace'),
    extended: countOf('extended'),
    audit: countOf('audit'),
    next: countOf('next'),
  }
}

/** The last line of a command, such as `3 endpoints read: 12 connections, 2 would end now, 1 in grace` */
export const summaryLine = (summary: Summary): string => {
  const { endpoints, unread, active, terminate, held, grace, extended, audit, next } = summary
  const blind = unread === 0 ? '' : `, ${count(unread)} COULD NOT BE READ`
  const parts = [
    `${count(terminate)} would end now`,
    ...(held > 0 ? [`${count(held)} held by the guard`] : []),
    ...(grace > 0 ? [`${count(grace)} in grace`] : []),
    ...(extended > 0 ? [`${count(extended)} extended`] : []),
    ...(next > 0 ? [`${count(next)} with a later deadline`] : []),
    ...(audit > 0 ? [`${count(audit)} due in audit mode only`] : []),
  ]
  const shown = [plural(active, 'connection'), ...(active === 0 ? [] : parts)].join(', ')
  return `${plural(endpoints - unread, 'endpoint')} read${blind}: ${shown}`
}
