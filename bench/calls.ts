import { SECOND } from '../src/domain/time/instant.ts'
import { mixedCut, quantile, quietHours, runLongCut, smallestSafeNumber } from '../test/app/long-cut.ts'
import { type Options, ratio, rounded, type Table } from './support/table.ts'

/**
 * The number of calls for a mass termination, and the lag of terminations behind their deadlines. The real daemon runs in
 * simulated time. `npm run bench:cut` measures more.
 */
export const calls = async ({ quick }: Options): Promise<readonly Table[]> => {
  const scenario = mixedCut(quick ? 100 : 1200)
  const { endedIds, calls: sent, throttled } = await runLongCut(scenario)
  const ended = new Set(endedIds)
  const used = sent - throttled
  const fewest = smallestSafeNumber(scenario.connections.filter(({ id }) => ended.has(id)))

  const { lagsMs } = await runLongCut(quietHours(quick ? 60 : 600))
  const lag = (at: number) => rounded(quantile(lagsMs, at) / SECOND)
  // A deadline lies anywhere between two polls. The call itself takes as long as Curfew's.
  const polled = (period: number, at: number) => rounded(period * at + lag(0.5))
  return [
    {
      title: 'calls: terminating users with one to five sessions, some banned',
      rows: [
        { who: 'Curfew', calls: used, 'to Curfew': 1 },
        { who: 'the smallest safe number', calls: fewest, 'to Curfew': ratio(fewest, used) },
        { who: 'one per session', calls: endedIds.length, 'to Curfew': ratio(endedIds.length, used) },
      ],
    },
    {
      title: 'lag: from the deadline to the accepted call, seconds',
      rows: [
        { who: 'Curfew, polling once a minute', p50: lag(0.5), p99: lag(0.99) },
        { who: 'terminating only at polls, every 15 s (computed)', p50: polled(15, 0.5), p99: polled(15, 0.99) },
        { who: 'terminating only at polls, every 60 s (computed)', p50: polled(60, 0.5), p99: polled(60, 0.99) },
      ],
    },
  ]
}
