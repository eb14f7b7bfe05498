import { readAllPages } from '../../src/adapters/aws/pages.ts'
import type { Clock } from '../../src/app/clock.ts'
import { createReadBudgets } from '../../src/app/read-budget.ts'
import type { TimedAnswer } from '../../src/app/skew-clock.ts'
import { type TerminateTarget, VpnError, type VpnErrorCode, type VpnSite } from '../../src/app/vpn.ts'
import type { Connection } from '../../src/domain/connection.ts'
import type { Snapshot } from '../../src/domain/snapshot.ts'
import { createTokenBucket } from '../../src/domain/terminate/token-bucket.ts'
import { elapsedAt } from '../../src/domain/time/elapsed.ts'
import { type Instant, SECOND } from '../../src/domain/time/instant.ts'
import { type ConnectionRow, countersAt } from '../../src/simulator/connection-row.ts'
import type { Random } from '../../src/simulator/random.ts'
import { endpointSchema } from '../../src/simulator/scenario.ts'
import { createWorld, type SimulatedEndpoint } from '../../src/simulator/world.ts'
import type { Process } from './process.ts'
import type { Fault, Scenario } from './scenario.ts'
import { ENDPOINTS, PROMPT_ENDPOINT } from './specs.ts'
import type { Timeline } from './timeline.ts'

const REGION = 'eu-central-1'
/** A small number, so that every endpoint has several pages and its list changes while they are read. */
const PAGE_ROWS = 4
const REQUEST_TIMEOUT_MS = 10 * SECOND
const CREDENTIALS_TIMEOUT_MS = 0.8 * REQUEST_TIMEOUT_MS
/** How long the fault `stale-list` lists a terminated connection as active. */
const STALE_MS = 8 * SECOND
/** How long an endpoint takes to answer with the fault `slow-neighbours`: slow, and just in time. */
const SLOW_ANSWER_MS = 0.9 * REQUEST_TIMEOUT_MS
/** How long a connection is `terminating` before it becomes `failed-to-terminate`. */
const FAILS_AFTER_MS = 3 * SECOND
/** AWS refuses a call by user name for more connections. */
const MOST_BY_NAME = 5

/** Receives the requests of processes and the actions of AWS, to check them. */
export interface AwsWatcher {
  /** A process sends a call. */
  terminating(process: Process, target: TerminateTarget): void
  /** A process has read a snapshot. It asked for it at `askedAt`, and sent the first request at `begunAt`, in true time. */
  shown(process: Process, snapshot: Snapshot, begunAt: Instant, askedAt: Instant): void
  /** AWS acknowledges the termination of an active connection. With the fault `lies` it does nothing else. */
  acknowledged(process: Process, connection: Connection, target: TerminateTarget): void
  /** AWS really terminates the connection. */
  terminated(endpointId: string, id: string): void
}

/** One account and the endpoints in it, of those of the world. */
interface Account {
  readonly endpoints: readonly string[]
  readonly account: string
}

/**
 * Waits for what a call needs before its bytes leave, and asks the last question. Rejects with a `VpnError` if the call
 * may not leave.
 */
type Leave = (target: TerminateTarget, signal: AbortSignal) => Promise<void>

/**
 * An account whose endpoints authenticate by certificate, directory and federation. It can have any fault.
 */
export const createAws = (
  scenario: Scenario,
  random: { readonly world: Random; readonly requests: Random },
  timeline: Timeline,
  watcher: AwsWatcher,
  { endpoints, account }: Account = { endpoints: ENDPOINTS, account: '111122223333' },
) => {
  const { requests } = random
  const kinds = ['certificate', 'directory', 'federated'] as const
  const world = createWorld(
    endpoints.map((id) =>
      endpointSchema.parse({ id, name: id, region: REGION, authentication: kinds[ENDPOINTS.indexOf(id)] }),
    ),
    random.world,
    timeline.now(),
  )
  const faults = new Map<Fault, { readonly until: Instant; readonly percent: number; readonly since: Instant }>()
  const terminatedAt = new Map<string, Instant>()
  const failsAt = new Map<string, Instant>()
  const { rate } = scenario
  // The account allows a little more than Curfew's share. A process that is killed and restarted may exceed even that.
  const bucket = createTokenBucket(
    { burst: rate.burst + 5, perSecond: rate.perSecond * 1.25 },
    elapsedAt(timeline.now()),
  )
  /** Connections that some list, and that some lookup has missed. */
  const [everMissedByList, everMissedByLookup] = [new Set<string>(), new Set<string>()]
  /** The rows that the last complete list of each endpoint missed, and that the last snapshot which a process took missed. */
  const missedByList = new Map<string, ReadonlySet<string>>()
  const missedByTaken = new Map<string, ReadonlySet<string>>()
  let answers = 0
  let wrongDates = 0

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
    const at = terminatedAt.get(connectionId)
    if (at !== undefined && now < at + STALE_MS && faults.has('stale-list')) return 'active'
    return status
  }

  /** The connection as the API lists it: times have whole seconds. */
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
    const stopped = faults.get('counters-stand-still')
    const made = connectionOf(
      endpointId,
      row,
      stopped === undefined ? undefined : Math.max(stopped.since, row.establishedAt),
    )
    if (!strikes('facts-missing')) return made
    return { ...made, establishedAt: undefined, ingressBytes: undefined, posture: undefined }
  }

  /** `leave`: undefined where calls leave at once, and are lost with a process that is killed. */
  const siteFor = (process: Process, clock: Clock, hear: (answer: TimedAnswer) => void, leave?: Leave): VpnSite => {
    const budgets = createReadBudgets(clock)
    const pagePermit = budgets('account', { burst: 50, perSecond: 10 })

    const sleep = async (ms: number, signal: AbortSignal) => {
      await clock.sleep(ms, signal)
      if (signal.aborted) throw new VpnError('aborted', 'aborted')
    }
    /** The way between a process and AWS. A pause or a kill of the process does not stop what has left. */
    const travel = (ms: number, signal: AbortSignal): Promise<void> =>
      leave === undefined
        ? sleep(ms, signal)
        : new Promise((resolve, reject) => {
            const fail = () => reject(new VpnError('aborted', 'aborted'))
            signal.addEventListener('abort', fail, { once: true })
            timeline.at(timeline.now() + ms, () => {
              signal.removeEventListener('abort', fail)
              if (!signal.aborted) resolve()
            })
          })
    const travelMs = () => requests.within(scenario.latencyMs) * (strikes('slow') ? 8 : 1)

    /**
     * How wrong one date is, in ms. Two wrong dates in a row never agree with each other: against a majority that is wrong
     * in the same way nothing helps.
     */
    const wrongDateMs = () => (wrongDates++ % 2 === 0 ? 1 : -1) * requests.within({ from: 30, to: 3600 }) * SECOND

    /** The result of the work, or its `VpnError`. */
    const attempt = <Value>(work: () => Value): Value | VpnError => {
      try {
        return work()
      } catch (error) {
        if (error instanceof VpnError) return error
        throw error
      }
    }

    /** One request about an endpoint: the way to AWS, the work of AWS, and the way back. */
    const request = <Value>(endpointId: string, signal: AbortSignal, work: () => Value): Promise<Value> =>
      process.ask(async () => {
        if (signal.aborted) throw new VpnError('aborted', 'aborted')
        const startedAt = clock.elapsed()
        if (strikes('hung-credentials')) {
          await sleep(CREDENTIALS_TIMEOUT_MS, signal)
          throw new VpnError('no-credentials', 'no credentials came')
        }
        if (strikes('unreachable')) throw new VpnError('unreachable', 'AWS is unreachable')
        const toAwsMs = travelMs()
        if (strikes('hangs')) {
          await sleep(REQUEST_TIMEOUT_MS, signal)
          throw new VpnError('timeout', 'no answer')
        }
        // AWS carries out what has left, also if the process no longer waits for it.
        if (leave !== undefined)
          timeline.at(timeline.now() + toAwsMs, () => {
            if (signal.aborted) void attempt(work)
          })
        await travel(toAwsMs, signal)
        if (endpointId !== PROMPT_ENDPOINT && strikes('slow-neighbours')) await sleep(SLOW_ANSWER_MS, signal)
        if (strikes('acts-late')) {
          // AWS carries out the request after the process has stopped waiting for it.
          timeline.at(timeline.now() + 2 * REQUEST_TIMEOUT_MS, () => void attempt(work))
          await sleep(REQUEST_TIMEOUT_MS, signal)
          throw new VpnError('timeout', 'no answer yet')
        }
        const wrongMs = strikes('wrong-date') ? wrongDateMs() : 0
        const date = Math.floor((timeline.now() + wrongMs) / SECOND) * SECOND
        const refusal = (['throttled', 'server-error', 'denied', 'expired-credentials'] as const).find(strikes)
        const result = refusal === undefined ? attempt(work) : new VpnError(refusal satisfies VpnErrorCode, refusal)
        if (strikes('answer-lost')) {
          await sleep(REQUEST_TIMEOUT_MS, signal)
          throw new VpnError('timeout', 'the answer was lost')
        }
        await travel(travelMs(), signal)
        if (process.isPaused()) await process.resumed()
        hear({ startedAt, endedAt: clock.elapsed(), date })
        if (result instanceof VpnError) throw result
        if (strikes('malformed')) throw new VpnError('malformed', 'not an answer')
        return result
      })

    /**
     * The list changes while it is read, and may miss a row, but never the same row in two consecutive snapshots that a
     * process takes. While the clock is not confirmed it reads several lists for one snapshot.
     */
    const isMissed = (endpointId: string, id: string, missed: Set<string>): boolean => {
      if (!strikes('missed-rows') || missedByTaken.get(endpointId)?.has(id) === true || everMissedByLookup.has(id))
        return false
      missed.add(id)
      everMissedByList.add(id)
      return true
    }

    /** A lookup may miss a row too, but none that another answer misses: that would be twice in a row. */
    const isMissedByLookup = (id: string): boolean => {
      if (!strikes('missed-rows') || everMissedByList.has(id) || everMissedByLookup.has(id)) return false
      everMissedByLookup.add(id)
      return true
    }

    /** The rows of these connections, or those that a faulty filter gives. They fit in one page. */
    const rowsOf = (endpointId: string, ids: readonly string[]): readonly Connection[] => {
      const { roster } = endpointOf(endpointId)
      if (strikes('filter-refused')) throw new VpnError('bad-request', 'the filter is refused')
      if (strikes('filter-ignored')) return [...roster.after(-1)].map((row) => shownOf(endpointId, row))
      const honoured = strikes('filter-finds-nothing') ? [] : ids
      return honoured.flatMap((id) => {
        const row = roster.get(id)
        return row === undefined || isMissedByLookup(id) ? [] : shownOf(endpointId, row)
      })
    }

    const page = (endpointId: string, token: string | undefined, missed: Set<string>) => {
      const { roster } = endpointOf(endpointId)
      // The list changes while it is read: a row of the previous page may be listed again.
      const after = Number(token ?? -1) - (token !== undefined && strikes('repeated-rows') ? 1 : 0)
      const rows: Connection[] = []
      let last = after
      for (const row of roster.after(after)) {
        if (rows.length === PAGE_ROWS) return { rows, nextToken: String(Math.max(last, Number(token ?? -1) + 1)) }
        if (!isMissed(endpointId, row.connectionId, missed)) rows.push(shownOf(endpointId, row))
        last = row.order
      }
      return { rows, nextToken: undefined }
    }

    const chosen = (endpoint: SimulatedEndpoint, target: TerminateTarget): readonly ConnectionRow[] => {
      if ('connectionId' in target) {
        const row = endpoint.roster.get(target.connectionId)
        if (row === undefined) throw new VpnError('connection-not-found', 'gone')
        return [row]
      }
      const rows = endpoint.roster.ofUser(target.username).filter(({ status }) => status === 'active')
      if (rows.length === 0) throw new VpnError('user-not-found', 'gone')
      if (rows.length > MOST_BY_NAME) throw new VpnError('too-many-connections', 'more than five')
      return rows
    }

    const end = (endpoint: SimulatedEndpoint, row: ConnectionRow, target: TerminateTarget) => {
      const { connectionId } = row
      if (row.status === 'active') watcher.acknowledged(process, connectionOf(endpoint.scenario.id, row), target)
      const previous = statusOf(row)
      if (strikes('lies')) return { connectionId, previous, current: 'terminating' }
      if (strikes('fails-to-terminate') && row.status === 'active') failsAt.set(connectionId, timeline.now())
      else {
        failsAt.delete(connectionId)
        terminatedAt.set(connectionId, timeline.now())
        watcher.terminated(endpoint.scenario.id, connectionId)
        world.cut(endpoint, row)
      }
      return { connectionId, previous, current: 'terminating' }
    }

    return {
      endpoints: async () => [],
      missingPermissions: async () => [],
      account: async () => account,

      async snapshot(endpointId, signal, begins) {
        const askedAt = timeline.now()
        let trulyBegunAt = askedAt
        const list = { endpointId }
        const missed = new Set<string>()
        const { rows: connections, places } = await readAllPages(async (token) => {
          await pagePermit(signal, list)
          if (token === undefined) {
            trulyBegunAt = timeline.now()
            begins?.()
          }
          return request(endpointId, signal, () => page(endpointId, token, missed))
        })
        missedByList.set(endpointId, missed)
        const completedAt = clock.now()
        const begunAt = completedAt - (timeline.now() - trulyBegunAt)
        const snapshot = { endpointId, begunAt, completedAt, connections, places }
        watcher.shown(process, snapshot, trulyBegunAt, askedAt)
        return snapshot
      },

      async lookUp(endpointId, ids, signal) {
        await pagePermit(signal)
        const trulyBegunAt = timeline.now()
        const connections = await request(endpointId, signal, () => rowsOf(endpointId, ids))
        const completedAt = clock.now()
        const begunAt = completedAt - (timeline.now() - trulyBegunAt)
        return { endpointId, asked: ids, begunAt, completedAt, connections }
      },

      async terminate(target, signal) {
        watcher.terminating(process, target)
        if (leave !== undefined) await leave(target, signal)
        return request(target.endpointId, signal, () => {
          // Another tool of the account has used up the rate.
          if (strikes('neighbour')) bucket.drain(elapsedAt(timeline.now()))
          if (!bucket.tryTake(elapsedAt(timeline.now()))) throw new VpnError('throttled', 'too many requests')
          const endpoint = endpointOf(target.endpointId)
          const statuses = chosen(endpoint, target).map((row) => end(endpoint, row, target))
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
    /** All active connections, by endpoint and in the order of their establishment. */
    connected: (): ReadonlyArray<{ readonly endpointId: string; readonly row: ConnectionRow }> =>
      endpoints.flatMap((endpointId) =>
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
    /** A process has taken the last complete list as its snapshot. */
    taken(endpointId: string): void {
      missedByTaken.set(endpointId, missedByList.get(endpointId) ?? new Set())
    },
    heal(): void {
      faults.clear()
      failsAt.clear()
    },
  }
}

export type SimulatedAws = ReturnType<typeof createAws>
