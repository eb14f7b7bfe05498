import { SECOND } from '../src/domain/time/instant.ts'
import {
  type LongCut,
  massCut,
  mixedCut,
  quantile,
  quietHours,
  runLongCut,
  sharedCut,
  smallestSafeNumber,
  theoreticalMs,
} from '../test/app/long-cut.ts'

// What a cut costs and how long it takes, by the real daemon, in simulated time, against request limits as AWS publishes them.

const seconds = (ms: number) => `${(ms / SECOND).toFixed(2)} s`
const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(2)} %`

const measure = async (cut: LongCut) => {
  const startedAt = performance.now()
  const figures = await runLongCut(cut)
  const { endedIds, lagsMs, calls, throttled, acceptedAfterMs, provenAfterMs, neighbour } = figures
  const ended = new Set(endedIds)
  const fewest = smallestSafeNumber(cut.connections.filter(({ id }) => ended.has(id)))
  return {
    sessions: endedIds.length,
    'lag, median': seconds(quantile(lagsMs, 0.5)),
    'lag, p99': seconds(quantile(lagsMs, 0.99)),
    'calls that ended some': calls - throttled,
    'fewest safe': fewest,
    'a session': ((calls - throttled) / endedIds.length).toFixed(3),
    throttled: `${throttled} of ${calls} (${percent(throttled, calls)})`,
    'last accepted': seconds(acceptedAfterMs),
    'last proven': seconds(provenAfterMs),
    theory: seconds(theoreticalMs(fewest, cut.rate)),
    neighbour: neighbour.asked === 0 ? '' : `${neighbour.served} of ${neighbour.asked}`,
    'took really': seconds(performance.now() - startedAt),
  }
}

const cuts: Readonly<Record<string, LongCut>> = {
  '7,000 at once': massCut(),
  'users with 1 to 5, some banned': mixedCut(),
  'an hour, a poll a minute': quietHours(),
  '2,500, a neighbour asks 4/s for 10 min': sharedCut(4),
  '2,500, a neighbour asks 20/s for 10 min': sharedCut(20),
}

for (const [name, cut] of Object.entries(cuts)) {
  console.log(name)
  console.table(await measure(cut))
}
