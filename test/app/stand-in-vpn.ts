import type { Clock } from '../../src/app/clock.ts'
import { type ListedEndpoint, VpnError, type VpnErrorCode, type VpnSite } from '../../src/app/vpn.ts'
import type { Connection } from '../../src/domain/connection.ts'
import type { Instant } from '../../src/domain/time/instant.ts'
import { filtered } from './filtered.ts'

/**
 * An endpoint with state: a terminated connection is `terminating` for a while, then `terminated`. Its calls can be
 * made to fail.
 */
export const createStandInVpn = (clock: Clock, connections: readonly Connection[]) => {
  const rows = new Map(connections.map((connection) => [connection.id, connection]))
  const terminatedAt = new Map<string, Instant>()
  /** The calls, each with its connection id or user name. */
  const calls: Array<{ readonly id: string; readonly at: Instant }> = []
  let [lists, lookups] = [0, 0]

  const behaviour = {
    terminatingForMs: 2000,
    /** How long one call takes. */
    latencyMs: 0,
    /** The error of the next call, or undefined. */
    failTerminate: (_id: string): VpnErrorCode | undefined => undefined,
    failSnapshot: (_endpointId: string): VpnErrorCode | undefined => undefined,
    failLookup: (_endpointId: string): VpnErrorCode | undefined => undefined,
    /** Whether a termination is acknowledged but not carried out. */
    lies: (_id: string) => false,
    endpoints: [] as readonly ListedEndpoint[],
    missingPermissions: [] as readonly string[],
    /** The final status of a terminated connection. */
    ending: 'terminated',
  }

  const statusOf = ({ id, status }: Connection): string => {
    const at = terminatedAt.get(id)
    if (at === undefined) return status
    return clock.now() - at < behaviour.terminatingForMs ? 'terminating' : behaviour.ending
  }

  const activeOf = (username: string) =>
    [...rows.values()].filter((row) => row.username === username && statusOf(row) === 'active')

  const vpn: VpnSite = {
    endpoints: async () => behaviour.endpoints,
    missingPermissions: async () => behaviour.missingPermissions,
    account: async () => '111122223333',
    async snapshot(endpointId, signal) {
      lists++
      const begunAt = clock.now()
      await clock.sleep(behaviour.latencyMs, signal)
      const code = signal.aborted ? 'aborted' : behaviour.failSnapshot(endpointId)
      if (code !== undefined) throw new VpnError(code, `snapshot: ${code}`)
      const here = [...rows.values()].filter((row) => row.endpointId === endpointId)
      const shown = here.map((row) => ({ ...row, status: statusOf(row) }))
      return { endpointId, begunAt, completedAt: clock.now(), connections: shown }
    },
    async lookUp(endpointId, ids, signal) {
      lookups++
      const code = behaviour.failLookup(endpointId)
      if (code !== undefined) throw new VpnError(code, `lookup: ${code}`)
      const found = await filtered(vpn)(endpointId, ids, signal)
      lists--
      return found
    },
    async terminate(termination, signal) {
      const id = 'connectionId' in termination ? termination.connectionId : termination.username
      calls.push({ id, at: clock.now() })
      await clock.sleep(behaviour.latencyMs, signal)
      const code = signal.aborted ? 'aborted' : behaviour.failTerminate(id)
      if (code !== undefined) throw new VpnError(code, `terminate: ${code}`)
      const chosen = 'connectionId' in termination ? [...rows.values()].filter((row) => row.id === id) : activeOf(id)
      if (chosen.length === 0)
        throw new VpnError('connectionId' in termination ? 'connection-not-found' : 'user-not-found', 'gone')
      if (chosen.length > 5) throw new VpnError('too-many-connections', 'more than five')
      for (const row of chosen) if (!behaviour.lies(row.id)) terminatedAt.set(row.id, clock.now())
      const statuses = chosen.map(({ id: connectionId }) => ({
        connectionId,
        previous: 'active',
        current: 'terminating',
      }))
      return { requestId: `request-${calls.length}`, statuses }
    },
  }

  return {
    vpn,
    calls,
    behaviour,
    snapshots: () => lists,
    lookups: () => lookups,
    connect: (connection: Connection) => rows.set(connection.id, connection),
    leave: (id: string) => rows.delete(id),
  }
}
