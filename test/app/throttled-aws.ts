import type { Clock } from '../../src/app/clock.ts'
import { createReadBudgets } from '../../src/app/read-budget.ts'
import { VpnError, type VpnSite } from '../../src/app/vpn.ts'
import type { Connection } from '../../src/domain/connection.ts'
import { createTokenBucket, type Rate } from '../../src/domain/terminate/token-bucket.ts'
import { HOUR, type Instant, SECOND } from '../../src/domain/time/instant.ts'
import type { Random } from '../../src/simulator/random.ts'

/** The request limits of an account in one Region, as AWS publishes them. */
const DESCRIBE: Rate = { burst: 100, perSecond: 20 }
const TERMINATE: Rate = { burst: 50, perSecond: 5 }

const PAGE_ROWS = 1000
const TERMINATING_MS = 2 * SECOND

/** Another tool that uses the same account. */
export interface Neighbour {
  readonly fromMs: number
  readonly untilMs: number
  readonly perSecond: number
}

/** An account with the request limits that AWS publishes, and with latency. */
export const createThrottledAws = (options: {
  readonly clock: Clock
  readonly connections: readonly Connection[]
  readonly random: Random
  /** The round-trip time of one request. */
  readonly latencyMs: { readonly from: number; readonly to: number }
  readonly readRate: Rate
}) => {
  const { clock, random, latencyMs } = options
  const startedAt = clock.now()
  const describes = createTokenBucket(DESCRIBE, clock.elapsed())
  const terminates = createTokenBucket(TERMINATE, clock.elapsed())
  const pagePermit = createReadBudgets(clock)('account', options.readRate)
  const rows = new Map(options.connections.map((connection) => [connection.id, connection]))
  const endedAt = new Map<string, Instant>()
  const idsOfUser = new Map<string, string[]>()
  for (const { id, username } of options.connections) {
    if (username === undefined) continue
    if (idsOfUser.get(username)?.push(id) === undefined) idsOfUser.set(username, [id])
  }
  const seen = { pages: 0, lookups: 0, throttledPages: 0, neighbourAsked: 0, neighbourServed: 0 }

  const statusOf = ({ id, status }: Connection, now: Instant) => {
    const at = endedAt.get(id)
    return at === undefined ? status : now - at < TERMINATING_MS ? 'terminating' : 'terminated'
  }

  /** One way of a request, with a random latency. */
  const travel = async (signal: AbortSignal) => {
    await clock.sleep(random.within(latencyMs) / 2, signal)
    if (signal.aborted) throw new VpnError('aborted', 'aborted')
  }

  /** One request for rows. */
  const request = async (signal: AbortSignal) => {
    await pagePermit(signal)
    await travel(signal)
    const served = describes.tryTake(clock.elapsed())
    if (!served) seen.throttledPages++
    await travel(signal)
    if (!served) throw new VpnError('throttled', 'too many requests')
  }

  /** The row as AWS lists it. Undefined an hour after its end. */
  const shown = (row: Connection, now: Instant): Connection | undefined => {
    const at = endedAt.get(row.id)
    if (at === undefined) return row
    return now - at < HOUR ? { ...row, status: statusOf(row, now) } : undefined
  }

  const vpn: VpnSite = {
    endpoints: async () => [],
    missingPermissions: async () => [],
    account: async () => '111122223333',

    async snapshot(endpointId, signal) {
      const begunAt = clock.now()
      for (let read = 0; read === 0 || read < rows.size; read += PAGE_ROWS) {
        seen.pages++
        await request(signal)
      }
      const now = clock.now()
      const connections: Connection[] = []
      for (const row of rows.values()) {
        const one = shown(row, now)
        if (one === undefined) rows.delete(row.id)
        else connections.push(one)
      }
      return { endpointId, begunAt, completedAt: now, connections }
    },

    async lookUp(endpointId, ids, signal) {
      const begunAt = clock.now()
      seen.lookups++
      await request(signal)
      const now = clock.now()
      const connections = ids.flatMap((id) => {
        const row = rows.get(id)
        return (row && shown(row, now)) ?? []
      })
      return { endpointId, asked: ids, begunAt, completedAt: now, connections }
    },

    async terminate(termination, signal) {
      await travel(signal)
      const now = clock.now()
      const served = terminates.tryTake(clock.elapsed())
      const ids =
        'connectionId' in termination ? [termination.connectionId] : (idsOfUser.get(termination.username) ?? [])
      const chosen = ids.filter((id) => rows.has(id) && !endedAt.has(id))
      const tooMany = 'username' in termination && chosen.length > 5
      if (served && !tooMany) for (const id of chosen) endedAt.set(id, now)
      await travel(signal)
      if (!served) throw new VpnError('throttled', 'too many requests')
      if (tooMany) throw new VpnError('too-many-connections', 'more than five')
      if (chosen.length === 0) throw new VpnError('connection-not-found', 'gone')
      return { requestId: undefined, statuses: [] }
    },
  }

  return {
    vpn,
    seen,
    endedIds: (): readonly string[] => [...endedAt.keys()],

    /** Runs the other tool: it sends terminations at its own rate, even if they are throttled. */
    async share({ fromMs, untilMs, perSecond }: Neighbour, signal: AbortSignal): Promise<void> {
      await clock.sleep(fromMs, signal)
      while (!signal.aborted && clock.now() < startedAt + untilMs) {
        seen.neighbourAsked++
        if (terminates.tryTake(clock.elapsed())) seen.neighbourServed++
        await clock.sleep(SECOND / perSecond, signal)
      }
    },
  }
}
