import { type Instant, NEVER } from '../domain/time/instant.ts'
import { type ReconnectAfter, traffic } from './client.ts'
import { type ConnectionRow, type Counters, countersAt, type RowStatus } from './connection-row.ts'
import { populate } from './population.ts'
import type { Random } from './random.ts'
import { type EndpointInput, type EndpointScenario, endpointSchema } from './scenario.ts'
import type { SimulatedEndpoint, World } from './world.ts'

/** A new connection. Its names are listed exactly as given, whatever the endpoint's authentication; both may be absent. */
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

/** A change of an endpoint. `tags` replaces all tags. */
type EndpointChange = Partial<Pick<EndpointScenario, 'name' | 'tags' | 'status'>>

/** Changes clients and endpoints by hand, at the instant of the injected clock. Throws an Error for an unknown id. */
export interface WorldControls {
  /** Returns the connection id. */
  connect(arrival: Arrival): string
  /** The person disconnects and does not come back. */
  leave(connectionId: string): void
  /** Sends bytes in addition to the client's steady traffic. */
  transfer(connectionId: string, bytes: { readonly ingress?: number; readonly egress?: number }): void
  /** Undefined if the connection is not listed, or no longer. */
  status(connectionId: string): RowStatus | undefined
  connections(endpointId: string): ListedConnection[]
  /** Adds an endpoint with the clients of its scenario. Throws an Error if the id exists. */
  addEndpoint(endpoint: EndpointInput): void
  changeEndpoint(endpointId: string, change: EndpointChange): void
  /** Removes an endpoint without a trace. AWS lists it as `deleting` before: use `changeEndpoint` for that. */
  removeEndpoint(endpointId: string): void
}

export const controlWorld = (world: World, random: Random, clock: () => Instant): WorldControls => {
  const endpointOf = (endpointId: string): SimulatedEndpoint => {
    world.advanceTo(clock())
    const endpoint = world.endpoint(endpointId)
    if (endpoint === undefined) throw new Error(`the simulator has no endpoint ${endpointId}`)
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
    if (found === undefined) throw new Error(`the simulator does not list the connection ${connectionId}`)
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
      if (world.endpoint(scenario.id) !== undefined)
        throw new Error(`the simulator already has an endpoint ${scenario.id}`)
      populate(world, world.addEndpoint(scenario), random)
    },
    changeEndpoint(endpointId, change) {
      const endpoint = endpointOf(endpointId)
      endpoint.scenario = { ...endpoint.scenario, ...change }
    },
    removeEndpoint: (endpointId) => world.removeEndpoint(endpointOf(endpointId).scenario.id),
  }
}
