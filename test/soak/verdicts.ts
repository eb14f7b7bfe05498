import { isConnected } from '../../src/simulator/connection-row.ts'
import type { ListedConnection } from '../../src/simulator/world-controls.ts'
import { LIMITS } from './configuration.ts'
import { MAY_STAY } from './population.ts'

export const nameOf = ({ username, commonName }: Pick<ListedConnection, 'username' | 'commonName'>): string =>
  username ?? commonName

const classOf = (name: string) => name.slice(0, name.indexOf('-'))

/** AWS gives the time to the second. */
const SECOND_CUT_OFF_MS = 1000

/** What a judge of the soak knows of the moment. */
export interface Moment {
  readonly at: number
  /** Everybody on the endpoint. */
  readonly rows: readonly ListedConnection[]
  /** Whether the list named this user within `withinMs`. */
  readonly bannedWithin: (name: string, withinMs: number) => boolean
  /** When a call last named this user. */
  readonly calledAt: (name: string) => number | undefined
}

/** A list that was edited may be in force a little longer. */
const BAN_ECHO_MS = 60_000

/** In seconds, as AWS gives the time: of those of one second any may go. */
const secondOf = ({ establishedAt }: ListedConnection) => Math.floor(establishedAt / 1000)

const othersOf = (row: ListedConnection, rows: readonly ListedConnection[]) =>
  rows.filter((other) => other !== row && nameOf(other) === nameOf(row) && isConnected(other))

/** Whether a call may name this connection at this moment, as simply as it can be said. */
export const mayBeEnded = (row: ListedConnection, { at, rows, bannedWithin, calledAt }: Moment): boolean => {
  const name = nameOf(row)
  const ageMs = at - row.establishedAt + SECOND_CUT_OFF_MS
  const cooling = (ms: number) => at - (calledAt(name) ?? Number.NEGATIVE_INFINITY) < ms + 15_000
  switch (classOf(name)) {
    case 'ban':
      return bannedWithin(name, BAN_ECHO_MS)
    case 'bad':
    case 'night':
      return true
    case 'aged':
      return ageMs >= LIMITS.maxAgeMs || cooling(LIMITS.cooldownMs)
    case 'idle':
      return ageMs >= LIMITS.idleMs
    case 'greedy':
      return row.ingressBytes + row.egressBytes > LIMITS.bytes || cooling(45_000)
    case 'many':
      return othersOf(row, rows).filter((other) => secondOf(other) >= secondOf(row)).length >= LIMITS.sessions
    default:
      return false
  }
}

/** Whether this connection ought to have been gone for `overdueMs` already. */
export const isOverdue = (row: ListedConnection, moment: Moment, overdueMs: number): boolean => {
  if (!isConnected(row)) return false
  const { at, rows, bannedWithin } = moment
  const name = nameOf(row)
  const ageMs = at - row.establishedAt - overdueMs
  if (ageMs <= 0) return false
  switch (classOf(name)) {
    case 'ban':
      return bannedWithin(name, 0)
    case 'bad':
    case 'night':
      return true
    case 'aged':
      return ageMs > LIMITS.maxAgeMs + 20_000
    case 'idle':
      return ageMs > LIMITS.idleMs + 10_000
    case 'greedy':
      return ((row.ingressBytes + row.egressBytes) * ageMs) / (ageMs + overdueMs) > LIMITS.bytes
    case 'many':
      return (
        othersOf(row, rows).filter((other) => secondOf(other) > secondOf(row) && other.establishedAt < at - overdueMs)
          .length >= LIMITS.sessions
      )
    default:
      return false
  }
}

export const mustStay = (name: string): boolean => (MAY_STAY as readonly string[]).includes(classOf(name))
