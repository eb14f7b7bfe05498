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

// npm run bench:cut: the calls and the time of mass terminations. The real daemon runs in simulated time, against the
// request limits that AWS publishes.

const seconds = (ms: number) => `${(ms / SECOND).toFixed(2)} s`
const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(2)} %`

const measure = async (scenario: LongCut) => {
  const startedAt = performance.now()
  const figures = await runLongCut(scenario)
  const { endedIds, lagsMs, calls, throttled, acceptedAfterMs, provenAfterMs, neighbour } = figures
  const ended = new Set(endedIds)
  const fewest = smallestSafeNumber(scenario.connections.filter(({ id }) => ended.has(id)))
  return {
    sessions: endedIds.length,
    'lag, median': seconds(quantile(lagsMs, 0.5)),
    'lag, p99': seconds(quantile(lagsMs, 0.99)),
    'calls with an effect': calls - throttled,
    'smallest safe number': fewest,
    'calls per session': ((calls - throttled) / endedIds.length).toFixed(3),
    throttled: `${throttled} of ${calls} (${percent(throttled, calls)})`,
    'last accepted': seconds(acceptedAfterMs),
    'last confirmed': seconds(provenAfterMs),
    theory: seconds(theoreticalMs(fewest, scenario.rate)),
    'other tool served': neighbour.asked === 0 ? '' : `${neighbour.served} of ${neighbour.asked}`,
    'real time': seconds(performance.now() - startedAt),
  }
}

const scenarios: Readonly<Record<string, LongCut>> = {
  '7,000 at once': massCut(),
  'users with 1 to 5, some banned': mixedCut(),
  'an hour, one poll per minute': quietHours(),
  '2,500, another tool sends 4 requests/s for 10 min': sharedCut(4),
  '2,500, another tool sends 20 requests/s for 10 min': sharedCut(20),
}

for (const [name, scenario] of Object.entries(scenarios)) {
  console.log(name)
  console.table(await measure(scenario))
}
