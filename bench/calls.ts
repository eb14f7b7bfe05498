import { SECOND } from '../src/domain/time/instant.ts'
import { mixedCut, quantile, quietHours, runLongCut, smallestSafeNumber } from '../test/app/long-cut.ts'
import { type Options, ratio, rounded, type Table } from './support/table.ts'

/** Calls for a mixed cut, and how late sessions are ended; in simulated time, by the real daemon. See `npm run bench:cut` for more. */
export const calls = async (_options: Options): Promise<readonly Table[]> => {
  const cut = mixedCut()
  const { endedIds, calls: sent, throttled } = await runLongCut(cut)
  const ended = new Set(endedIds)
  const used = sent - throttled
  const fewest = smallestSafeNumber(cut.connections.filter(({ id }) => ended.has(id)))

  const { lagsMs } = await runLongCut(quietHours())
  const lag = (at: number) => rounded(quantile(lagsMs, at) / SECOND)
  // A deadline falls anywhere between two polls; the call itself takes as long as ours.
  const polled = (period: number, at: number) => rounded(period * at + lag(0.5))
  return [
    {
      title: 'calls: a cut of users with one to five sessions and of bans',
      rows: [
        { who: 'Curfew', calls: used, 'to Curfew': 1 },
        { who: 'the smallest safe number', calls: fewest, 'to Curfew': ratio(fewest, used) },
        { who: 'one a session', calls: endedIds.length, 'to Curfew': ratio(endedIds.length, used) },
      ],
    },
    {
      title: 'lag: from the deadline to the accepted call, seconds',
      rows: [
        { who: 'Curfew, polling once a minute', p50: lag(0.5), p99: lag(0.99) },
        { who: 'acting at polls only, every 15 s (computed)', p50: polled(15, 0.5), p99: polled(15, 0.99) },
        { who: 'acting at polls only, every 60 s (computed)', p50: polled(60, 0.5), p99: polled(60, 0.99) },
      ],
    },
  ]
}
