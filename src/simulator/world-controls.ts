import { type Instant, NEVER } from '../domain/time/instant.ts'
import { type ReconnectAfter, traffic } from './client.ts'
import { type ConnectionRow, type Counters, countersAt, type RowStatus } from './connection-row.ts'
import { populate } from './population.ts'
import type { Random } from './random.ts'
import { type EndpointInput, type EndpointScenario, endpointSchema } from './scenario.ts'
import type { SimulatedEndpoint, World } from './world.ts'

/** Names are listed exactly as given here, whatever the endpoint's authentication: also none at all. */
export interface Arrival {
  readonly endpointId: string
  readonly username?: string
  readonly commonName?: string
  readonly ageMs?: number
  readonly idle?: boolean
  readonly posture?: readonly string[]
  readonly reconnectAfter?: ReconnectAfter
}

export interface ListedConnection extends Counters {
  readonly connectionId: string
  readonly username: string | undefined
  readonly commonName: string
  readonly establishedAt: Instant
  readonly status: RowStatus
  readonly endedAt: Instant
}

/** What people change about an endpoint; tags are replaced all together. */
export type EndpointChange = Partial<Pick<EndpointScenario, 'name' | 'tags' | 'status'>>

/** Moves people and endpoints by hand, at the instant that the injected clock shows. An id that is not there is an error. */
export interface WorldControls {
  /** Returns the connection id. */
  connect(arrival: Arrival): string
  /** The person goes home and stays there. */
  leave(connectionId: string): void
  /** Sends bytes on top of the client's steady traffic. */
  transfer(connectionId: string, bytes: { readonly ingress?: number; readonly egress?: number }): void
  /** Undefined: not listed (any more). */
  status(connectionId: string): RowStatus | undefined
  connections(endpointId: string): ListedConnection[]
  /** From now on there is one more endpoint, with the people of its scenario. */
  addEndpoint(endpoint: EndpointInput): void
  changeEndpoint(endpointId: string, change: EndpointChange): void
  /** From now on it is as if it had never been. AWS lists it as `deleting` first: that is a change of its status. */
  removeEndpoint(endpointId: string): void
}

export const controlWorld = (world: World, random: Random, clock: () => Instant): WorldControls => {
  const endpointOf = (endpointId: string): SimulatedEndpoint => {
    world.advanceTo(clock())
    const endpoint = world.endpoint(endpointId)
    if (endpoint === undefined) throw new Error(`there is no endpoint ${endpointId}`)
    return endpoint
  }

  const find = (connectionId: string): { endpoint: SimulatedEndpoint; row: ConnectionRow } | undefined => {
    world.advanceTo(clock())
    for (const endpoint of world.endpoints) {
      const row = endpoint.roster.get(connectionId)
      if (row !== undefined) return { endpoint, row }
    }
    return undefined
  }

  const findOrThrow = (connectionId: string) => {
    const found = find(connectionId)
    if (found === undefined) throw new Error(`${connectionId} is not listed`)
    return found
  }

  return {
    connect({ endpointId, username, commonName, ageMs = 0, idle = false, posture = [], reconnectAfter }) {
      const endpoint = endpointOf(endpointId)
      const names = { username, commonName: commonName ?? username ?? '' }
      const client = { ...names, posture, reconnectAfter, leavesAt: NEVER, ...traffic(idle, random) }
      return world.admit(endpoint, client, world.now - ageMs).connectionId
    },
    leave(connectionId) {
      const { endpoint, row } = findOrThrow(connectionId)
      world.leave(endpoint, row)
    },
    transfer(connectionId, { ingress = 0, egress = 0 }) {
      const { row } = findOrThrow(connectionId)
      row.extraIngressBytes += ingress
      row.extraEgressBytes += egress
    },
    status: (connectionId) => find(connectionId)?.row.status,
    connections: (endpointId) =>
      Array.from(endpointOf(endpointId).roster.after(-1), (row) => ({
        connectionId: row.connectionId,
        username: row.client.username,
        commonName: row.client.commonName,
        establishedAt: row.establishedAt,
        status: row.status,
        endedAt: row.endedAt,
        ...countersAt(row, world.now),
      })),
    addEndpoint(input) {
      world.advanceTo(clock())
      const scenario = endpointSchema.parse(input)
      if (world.endpoint(scenario.id) !== undefined) throw new Error(`endpoint ${scenario.id} is there already`)
      populate(world, world.addEndpoint(scenario), random)
    },
    changeEndpoint(endpointId, change) {
      const endpoint = endpointOf(endpointId)
      endpoint.scenario = { ...endpoint.scenario, ...change }
    },
    removeEndpoint: (endpointId) => world.removeEndpoint(endpointOf(endpointId).scenario.id),
  }
}
