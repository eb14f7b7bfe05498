import { readAllPages } from '../../src/adapters/aws/pages.ts'
import type { Clock } from '../../src/app/clock.ts'
import { createReadBudgets } from '../../src/app/read-budget.ts'
import type { TimedAnswer } from '../../src/app/skew-clock.ts'
import { type Snapshot, type Termination, VpnError, type VpnErrorCode, type VpnSite } from '../../src/app/vpn.ts'
import type { Connection } from '../../src/domain/connection.ts'
import { createTokenBucket } from '../../src/domain/terminate/token-bucket.ts'
import { type Instant, SECOND } from '../../src/domain/time/instant.ts'
import { type ConnectionRow, countersAt } from '../../src/simulator/connection-row.ts'
import type { Random } from '../../src/simulator/random.ts'
import { endpointSchema } from '../../src/simulator/scenario.ts'
import { createWorld, type SimulatedEndpoint } from '../../src/simulator/world.ts'
import type { Process } from './process.ts'
import type { Fault, Scenario } from './scenario.ts'
import { ENDPOINTS } from './specs.ts'
import type { Timeline } from './timeline.ts'

const REGION = 'eu-central-1'
/** So few that every endpoint has several pages, between which its list moves. */
const PAGE_ROWS = 4
const REQUEST_TIMEOUT_MS = 10 * SECOND
/** A cut connection may be shown active for so long. */
const STALE_MS = 8 * SECOND
const FAILS_AFTER_MS = 3 * SECOND
const MOST_OF_A_USER = 5

/** What a process asks of AWS, and what AWS does, for those who check. */
export interface AwsWatcher {
  /** A termination is about to leave. */
  terminating(process: Process, termination: Termination): void
  /** A snapshot is handed over. */
  shown(process: Process, snapshot: Snapshot, begunAt: Instant): void
  /** A call ends this one, or says so. */
  cut(process: Process, connection: Connection, termination: Termination): void
  /** It is on its way out, and does not stop. */
  ends(endpointId: string, id: string): void
}

/** An account with three endpoints: certificates, a directory, a federation; and with all that may go wrong. */
export const createAws = (
  scenario: Scenario,
  random: { readonly world: Random; readonly requests: Random },
  timeline: Timeline,
  watcher: AwsWatcher,
) => {
  const { requests } = random
  const kinds = ['certificate', 'directory', 'federated'] as const
  const world = createWorld(
    ENDPOINTS.map((id, index) =>
      endpointSchema.parse({ id, name: id, region: REGION, authentication: kinds[index] ?? 'federated' }),
    ),
    random.world,
    timeline.now(),
  )
  const faults = new Map<Fault, { readonly until: Instant; readonly percent: number; readonly since: Instant }>()
  const cutAt = new Map<string, Instant>()
  const failsAt = new Map<string, Instant>()
  const { rate } = scenario
  // The account allows a little more than our share; a process that is killed and started again may ask for more than that.
  const bucket = createTokenBucket({ burst: rate.burst + 5, perSecond: rate.perSecond * 1.25 }, timeline.now())
  const missedNow = new Map<string, Set<string>>()
  const missedBefore = new Map<string, ReadonlySet<string>>()
  let answers = 0

  const strikes = (fault: Fault): boolean => {
    const active = faults.get(fault)
    if (active === undefined || timeline.now() >= active.until) return false
    return requests.within({ from: 1, to: 100 }) <= active.percent
  }

  const endpointOf = (id: string): SimulatedEndpoint => {
    world.advanceTo(timeline.now())
    const found = world.endpoint(id)
    if (found === undefined) throw new VpnError('endpoint-not-found', id)
    return found
  }

  const statusOf = ({ connectionId, status }: ConnectionRow): string => {
    const now = timeline.now()
    const failing = failsAt.get(connectionId)
    if (failing !== undefined && status === 'active')
      return now < failing + FAILS_AFTER_MS ? 'terminating' : 'failed-to-terminate'
    const cut = cutAt.get(connectionId)
    if (cut !== undefined && now < cut + STALE_MS && faults.has('stale-list')) return 'active'
    return status
  }

  /** Names, times to the second and counters, as the API gives them. */
  const connectionOf = (endpointId: string, row: ConnectionRow, now = timeline.now()): Connection => {
    const { username, commonName, posture } = row.client
    const { ingressBytes, egressBytes } = countersAt(row, now)
    return {
      id: row.connectionId,
      endpointId,
      region: REGION,
      username,
      commonName,
      establishedAt: Math.floor(row.establishedAt / SECOND) * SECOND,
      status: statusOf(row),
      ingressBytes,
      egressBytes,
      posture: posture.length === 0 ? undefined : posture,
    }
  }

  const shownOf = (endpointId: string, row: ConnectionRow): Connection => {
    const still = faults.get('counters-stand-still')
    const made = connectionOf(
      endpointId,
      row,
      still === undefined ? undefined : Math.max(still.since, row.establishedAt),
    )
    if (!strikes('facts-missing')) return made
    return { ...made, establishedAt: undefined, ingressBytes: undefined, posture: undefined }
  }

  const siteFor = (process: Process, clock: Clock, hear: (answer: TimedAnswer) => void): VpnSite => {
    const budgets = createReadBudgets(clock)
    const turn = budgets('account', { burst: 50, perSecond: 10 })

    const pass = async (ms: number, signal: AbortSignal) => {
      await clock.sleep(ms, signal)
      if (signal.aborted) throw new VpnError('aborted', 'aborted')
    }
    const travelMs = () => requests.within(scenario.latencyMs) * (strikes('slow') ? 8 : 1)

    /** What AWS does, or why not. */
    const attempt = <Value>(work: () => Value): Value | VpnError => {
      try {
        return work()
      } catch (error) {
        if (error instanceof VpnError) return error
        throw error
      }
    }

    /** One request: there, what AWS does, and back. */
    const request = <Value>(signal: AbortSignal, work: () => Value): Promise<Value> =>
      process.ask(async () => {
        if (signal.aborted) throw new VpnError('aborted', 'aborted')
        const startedAt = clock.now()
        if (strikes('unreachable')) throw new VpnError('unreachable', 'no way there')
        const thereMs = travelMs()
        if (strikes('hangs')) {
          await pass(REQUEST_TIMEOUT_MS, signal)
          throw new VpnError('timeout', 'no answer')
        }
        await pass(thereMs, signal)
        if (strikes('acts-late')) {
          // Nobody waits for it any more.
          timeline.at(timeline.now() + 2 * REQUEST_TIMEOUT_MS, () => void attempt(work))
          await pass(REQUEST_TIMEOUT_MS, signal)
          throw new VpnError('timeout', 'no answer yet')
        }
        const date = Math.floor(timeline.now() / SECOND) * SECOND
        const before = (['throttled', 'server-error', 'denied', 'expired-credentials'] as const).find(strikes)
        const done = before === undefined ? attempt(work) : new VpnError(before satisfies VpnErrorCode, before)
        if (strikes('answer-lost')) {
          await pass(REQUEST_TIMEOUT_MS, signal)
          throw new VpnError('timeout', 'the answer was lost')
        }
        await pass(travelMs(), signal)
        hear({ startedAt, endedAt: clock.now(), date })
        if (done instanceof VpnError) throw done
        if (strikes('malformed')) throw new VpnError('malformed', 'not an answer')
        return done
      })

    /** The list moves: a row may not be in it, though never in two complete snapshots running. */
    const isMissed = (endpointId: string, id: string): boolean => {
      const missed = strikes('missed-rows') && !missedBefore.get(endpointId)?.has(id)
      if (missed) missedNow.set(endpointId, (missedNow.get(endpointId) ?? new Set()).add(id))
      return missed
    }

    const page = (endpointId: string, token: string | undefined) => {
      const { roster } = endpointOf(endpointId)
      if (token === undefined) missedNow.set(endpointId, new Set())
      // A list that moves: a row of the page before may come once more.
      const after = Number(token ?? -1) - (token !== undefined && strikes('repeated-rows') ? 1 : 0)
      const rows: Connection[] = []
      let last = after
      for (const row of roster.after(after)) {
        if (rows.length === PAGE_ROWS) return { rows, nextToken: String(Math.max(last, Number(token ?? -1) + 1)) }
        if (!isMissed(endpointId, row.connectionId)) rows.push(shownOf(endpointId, row))
        last = row.order
      }
      return { rows, nextToken: undefined }
    }

    const chosen = (endpoint: SimulatedEndpoint, termination: Termination): readonly ConnectionRow[] => {
      if ('connectionId' in termination) {
        const row = endpoint.roster.get(termination.connectionId)
        if (row === undefined) throw new VpnError('connection-not-found', 'gone')
        return [row]
      }
      const rows = endpoint.roster.ofUser(termination.username).filter(({ status }) => status === 'active')
      if (rows.length === 0) throw new VpnError('user-not-found', 'gone')
      if (rows.length > MOST_OF_A_USER) throw new VpnError('too-many-connections', 'more than five')
      return rows
    }

    const end = (endpoint: SimulatedEndpoint, row: ConnectionRow, termination: Termination) => {
      const { connectionId } = row
      if (row.status === 'active') watcher.cut(process, connectionOf(endpoint.scenario.id, row), termination)
      const previous = statusOf(row)
      if (strikes('lies')) return { connectionId, previous, current: 'terminating' }
      if (strikes('fails-to-terminate') && row.status === 'active') failsAt.set(connectionId, timeline.now())
      else {
        failsAt.delete(connectionId)
        cutAt.set(connectionId, timeline.now())
        watcher.ends(endpoint.scenario.id, connectionId)
        world.cut(endpoint, row)
      }
      return { connectionId, previous, current: 'terminating' }
    }

    return {
      endpoints: async () => [],
      missingPermissions: async () => [],
      account: async () => '111122223333',

      async snapshot(endpointId, signal) {
        const trulyBegunAt = timeline.now()
        const connections = await readAllPages(async (token) => {
          await turn(signal)
          return request(signal, () => page(endpointId, token))
        })
        missedBefore.set(endpointId, missedNow.get(endpointId) ?? new Set())
        const completedAt = clock.now()
        const begunAt = completedAt - (timeline.now() - trulyBegunAt)
        const snapshot = { endpointId, begunAt, completedAt, connections }
        watcher.shown(process, snapshot, trulyBegunAt)
        return snapshot
      },

      async terminate(termination, signal) {
        watcher.terminating(process, termination)
        return request(signal, () => {
          // Another tool of the account.
          if (strikes('neighbour')) bucket.drain(timeline.now())
          if (!bucket.tryTake(timeline.now())) throw new VpnError('throttled', 'too many requests')
          const endpoint = endpointOf(termination.endpointId)
          const statuses = chosen(endpoint, termination).map((row) => end(endpoint, row, termination))
          return { requestId: `request-${++answers}`, statuses }
        })
      },
    }
  }

  const rows = (endpointId: string) => [...endpointOf(endpointId).roster.after(-1)]

  return {
    siteFor,
    connect(endpointId: string, client: Parameters<typeof world.admit>[1], establishedAt: Instant): void {
      world.admit(endpointOf(endpointId), client, establishedAt)
    },
    /** Everybody who is connected, in the order of their coming. */
    connected: (): ReadonlyArray<{ readonly endpointId: string; readonly row: ConnectionRow }> =>
      ENDPOINTS.flatMap((endpointId) =>
        rows(endpointId)
          .filter(({ status }) => status === 'active')
          .map((row) => ({ endpointId, row })),
      ),
    isConnected: (endpointId: string, id: string): boolean =>
      endpointOf(endpointId).roster.get(id)?.status === 'active',
    listed: (endpointId: string): readonly string[] => rows(endpointId).map(({ connectionId }) => connectionId),
    connectionOf,
    leave(endpointId: string, row: ConnectionRow): void {
      world.leave(endpointOf(endpointId), row)
    },
    strike(fault: Fault, percent: number, untilAt: Instant): void {
      faults.set(fault, { until: untilAt, percent, since: timeline.now() })
      timeline.at(untilAt, () => {
        if (faults.get(fault)?.until === untilAt) faults.delete(fault)
      })
    },
    heal(): void {
      faults.clear()
      failsAt.clear()
    },
  }
}
