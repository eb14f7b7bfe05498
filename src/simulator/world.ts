import { type Instant, NEVER } from '../domain/time/instant.ts'
import { type Client, reconnectDelay } from './client.ts'
import { type ConnectionRow, isConnected, type RowStatus } from './connection-row.ts'
import type { Random } from './random.ts'
import { createRoster, type Roster } from './roster.ts'
import type { EndpointScenario } from './scenario.ts'
import { createSchedule } from './schedule.ts'

export interface SimulatedEndpoint {
  /** Listed in this order, the order of their coming. */
  readonly order: number
  /** Replaced whole when its tags or its status change. */
  scenario: EndpointScenario
  readonly roster: Roster
}

/** What one termination did to one connection. */
export interface Cut {
  readonly connectionId: string
  readonly previous: RowStatus
  readonly current: RowStatus
}

export interface World {
  readonly startedAt: Instant
  /** The instant up to which everything has happened. */
  readonly now: Instant
  readonly endpoints: readonly SimulatedEndpoint[]
  endpoint(id: string): SimulatedEndpoint | undefined
  addEndpoint(scenario: EndpointScenario): SimulatedEndpoint
  removeEndpoint(id: string): void
  /** Lets happen what is due, in order. A clock that goes back changes nothing. */
  advanceTo(now: Instant): void
  /** `now` is that instant when it happens. */
  later(at: Instant, happen: () => void): void
  admit(endpoint: SimulatedEndpoint, client: Client, establishedAt?: Instant): ConnectionRow
  /**
   * Ends a connection as TerminateClientVpnConnections does; one that is ending or has ended stays as it is. With `inVain`
   * it is `terminating` for a while, and still connected after that.
   */
  cut(endpoint: SimulatedEndpoint, row: ConnectionRow, inVain?: boolean): Cut
  /** The person goes home and stays there. */
  leave(endpoint: SimulatedEndpoint, row: ConnectionRow): void
}

/** Addresses out of 10.64.0.0/12, in turn; a million of them come before the first is given again. */
export const CLIENT_CIDR_BLOCK = '10.64.0.0/12'
const CLIENT_ADDRESSES = 2 ** 20
const clientAddress = (order: number) => {
  const host = 2 + (order % (CLIENT_ADDRESSES - 3))
  return `10.${64 + (host >> 16)}.${(host >> 8) & 255}.${host & 255}`
}

export const createWorld = (scenarios: readonly EndpointScenario[], random: Random, startedAt: Instant): World => {
  const schedule = createSchedule(startedAt)
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
    row.silentAt = Math.min(row.silentAt, schedule.now)
    row.endedAt = schedule.now
    schedule.add(schedule.now + endpoint.scenario.listedFor, () => endpoint.roster.remove(row))
  }

  const leave = (endpoint: SimulatedEndpoint, row: ConnectionRow) => {
    row.client.leavesAt = Math.min(row.client.leavesAt, schedule.now)
    if (isConnected(row)) end(endpoint, row)
  }

  const admit = (endpoint: SimulatedEndpoint, client: Client, establishedAt = schedule.now) => {
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
    schedule.add(client.leavesAt, () => leave(endpoint, row))
    return row
  }

  return {
    startedAt,
    get now() {
      return schedule.now
    },
    get endpoints() {
      return [...endpoints.values()]
    },
    endpoint: (id) => endpoints.get(id),
    addEndpoint,
    removeEndpoint: (id) => endpoints.delete(id),
    advanceTo: schedule.runUntil,
    later: schedule.add,
    admit,
    cut(endpoint, row, inVain = false) {
      const previous = row.status
      if (!isConnected(row)) return { connectionId: row.connectionId, previous, current: previous }
      const { client } = row
      row.status = 'terminating'
      if (inVain) {
        schedule.add(schedule.now + endpoint.scenario.terminatingFor, () => {
          row.status = 'failed-to-terminate'
          if (schedule.now >= client.leavesAt) end(endpoint, row)
        })
        return { connectionId: row.connectionId, previous, current: row.status }
      }
      row.silentAt = schedule.now
      schedule.add(schedule.now + endpoint.scenario.terminatingFor, () => end(endpoint, row))
      const delay = reconnectDelay(client, endpoint.scenario.authentication, random)
      if (delay !== 'never') {
        schedule.add(schedule.now + delay, () => {
          if (schedule.now < client.leavesAt) admit(endpoint, client)
        })
      }
      return { connectionId: row.connectionId, previous, current: row.status }
    },
    leave,
  }
}
