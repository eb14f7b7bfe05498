import { isConnected } from '../../src/simulator/connection-row.ts'
import type { ListedConnection } from '../../src/simulator/world-controls.ts'
import { LIMITS } from './configuration.ts'
import { MAY_STAY } from './population.ts'

export const nameOf = ({ username, commonName }: Pick<ListedConnection, 'username' | 'commonName'>): string =>
  username ?? commonName

const classOf = (name: string) => name.slice(0, name.indexOf('-'))

/** AWS gives instants in whole seconds. */
const PRECISION_MS = 1000

/** The facts about one endpoint at one instant. */
export interface Moment {
  readonly at: number
  /** All connections of the endpoint. */
  readonly rows: readonly ListedConnection[]
  /** Whether the user was banned at some time during the last `withinMs`. */
  readonly bannedWithin: (name: string, withinMs: number) => boolean
  /** When a call last ended a connection of this user. */
  readonly calledAt: (name: string) => number | undefined
}

/** A call may arrive this long after an edit has removed its user from the list of bans. */
const BAN_ECHO_MS = 60_000

/**
 * The daemon's cooldown may begin this long after the call arrived here. A violator reconnects after 90 s, and the shortest
 * cooldown is 45 s: with 45 s or more, no termination after a cooldown could be found.
 */
const COOLDOWN_ECHO_MS = 40_000

/** In whole seconds, as AWS gives the instant. Of connections of the same second any may be the surplus one. */
const secondOf = ({ establishedAt }: ListedConnection) => Math.floor(establishedAt / 1000)

const othersOf = (row: ListedConnection, rows: readonly ListedConnection[]) =>
  rows.filter((other) => other !== row && nameOf(other) === nameOf(row) && isConnected(other))

/** Whether a call may end this connection at this instant. A naive second implementation of the policies. */
export const mayBeEnded = (row: ListedConnection, { at, rows, bannedWithin, calledAt }: Moment): boolean => {
  const name = nameOf(row)
  const ageMs = at - row.establishedAt + PRECISION_MS
  const cooling = (ms: number) => at - (calledAt(name) ?? Number.NEGATIVE_INFINITY) < ms + COOLDOWN_ECHO_MS
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

/** Whether this connection should have ended at least `overdueMs` ago. */
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
