import { type Instant, NEVER } from '../domain/time/instant.ts'
import { type Client, reconnectDelay } from './client.ts'
import { type ConnectionRow, isConnected, type RowStatus } from './connection-row.ts'
import type { Random } from './random.ts'
import { createRoster, type Roster } from './roster.ts'
import type { EndpointScenario } from './scenario.ts'
import { createTimetable } from './timetable.ts'

export interface SimulatedEndpoint {
  /** Endpoints are listed in this order: the order in which they were added. */
  readonly order: number
  /** Replaced as a whole when tags, name or status change. */
  scenario: EndpointScenario
  readonly roster: Roster
}

/** The effect of one termination on one connection. */
export interface TerminationRow {
  readonly connectionId: string
  readonly previous: RowStatus
  readonly current: RowStatus
}

export interface World {
  readonly startedAt: Instant
  /** The instant up to which all events have run. */
  readonly now: Instant
  readonly endpoints: readonly SimulatedEndpoint[]
  endpoint(id: string): SimulatedEndpoint | undefined
  addEndpoint(scenario: EndpointScenario): SimulatedEndpoint
  removeEndpoint(id: string): void
  /** Runs all events up to `now`, in order. An earlier instant changes nothing. */
  advanceTo(now: Instant): void
  /** Schedules an event. While it runs, `now` is its instant. */
  later(at: Instant, run: () => void): void
  admit(endpoint: SimulatedEndpoint, client: Client, establishedAt?: Instant): ConnectionRow
  /**
   * Ends a connection as TerminateClientVpnConnections does. A connection that is ending or has ended stays as it is. With
   * `isFailing` the connection is `terminating` for a while, and still connected afterwards.
   */
  cut(endpoint: SimulatedEndpoint, row: ConnectionRow, isFailing?: boolean): TerminationRow
  /** The person disconnects and does not come back. */
  leave(endpoint: SimulatedEndpoint, row: ConnectionRow): void
}

/** Client addresses are assigned in sequence. The first one is assigned again after about a million others. */
export const CLIENT_CIDR_BLOCK = '10.64.0.0/12'
const CLIENT_ADDRESSES = 2 ** 20
const clientAddress = (order: number) => {
  const host = 2 + (order % (CLIENT_ADDRESSES - 3))
  return `10.${64 + (host >> 16)}.${(host >> 8) & 255}.${host & 255}`
}

/** Hears of every connection. */
export interface ConnectionLog {
  began(endpoint: EndpointScenario, row: ConnectionRow): void
  ended(endpoint: EndpointScenario, row: ConnectionRow): void
}

const NO_LOG: ConnectionLog = { began() {}, ended() {} }

export const createWorld = (
  scenarios: readonly EndpointScenario[],
  random: Random,
  startedAt: Instant,
  log: ConnectionLog = NO_LOG,
): World => {
  const timetable = createTimetable(startedAt)
  const endpoints = new Map<string, SimulatedEndpoint>()
  let added = 0
  let admitted = 0

  const addEndpoint = (scenario: EndpointScenario) => {
    const endpoint = { scenario, order: added++, roster: createRoster() }
    endpoints.set(scenario.id, endpoint)
    return endpoint
  }
  for (const scenario of scenarios) addEndpoint(scenario)

  const end = (endpoint: SimulatedEndpoint, row: ConnectionRow) => {
    row.status = 'terminated'
    row.silentAt = Math.min(row.silentAt, timetable.now)
    row.endedAt = timetable.now
    log.ended(endpoint.scenario, row)
    timetable.add(timetable.now + endpoint.scenario.listedFor, () => endpoint.roster.remove(row))
  }

  const leave = (endpoint: SimulatedEndpoint, row: ConnectionRow) => {
    row.client.leavesAt = Math.min(row.client.leavesAt, timetable.now)
    if (isConnected(row)) end(endpoint, row)
  }

  const admit = (endpoint: SimulatedEndpoint, client: Client, establishedAt = timetable.now) => {
    const order = admitted++
    const row: ConnectionRow = {
      connectionId: `cvpn-connection-0${random.hex(2)}`,
      client,
      clientIp: clientAddress(order),
      establishedAt,
      order,
      status: 'active',
      silentAt: NEVER,
      endedAt: NEVER,
      extraIngressBytes: 0,
      extraEgressBytes: 0,
    }
    endpoint.roster.add(row)
    log.began(endpoint.scenario, row)
    timetable.add(client.leavesAt, () => leave(endpoint, row))
    return row
  }

  return {
    startedAt,
    get now() {
      return timetable.now
    },
    get endpoints() {
      return [...endpoints.values()]
    },
    endpoint: (id) => endpoints.get(id),
    addEndpoint,
    removeEndpoint: (id) => endpoints.delete(id),
    advanceTo: timetable.runUntil,
    later: timetable.add,
    admit,
    cut(endpoint, row, isFailing = false) {
      const previous = row.status
      if (!isConnected(row)) return { connectionId: row.connectionId, previous, current: previous }
      const { client } = row
      row.status = 'terminating'
      if (isFailing) {
        timetable.add(timetable.now + endpoint.scenario.terminatingFor, () => {
          row.status = 'failed-to-terminate'
          if (timetable.now >= client.leavesAt) end(endpoint, row)
        })
        return { connectionId: row.connectionId, previous, current: row.status }
      }
      row.silentAt = timetable.now
      timetable.add(timetable.now + endpoint.scenario.terminatingFor, () => end(endpoint, row))
      const delay = reconnectDelay(client, endpoint.scenario.authentication, random)
      if (delay !== 'never') {
        timetable.add(timetable.now + delay, () => {
          if (timetable.now < client.leavesAt) admit(endpoint, client)
        })
      }
      return { connectionId: row.connectionId, previous, current: row.status }
    },
    leave,
  }
}
