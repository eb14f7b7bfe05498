import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The files that take longest. One that began late would run alone at the end. The order of the others matters little. */
const LONGEST = [
  'image/image',
  'bench/smoke',
  'prometheus/busy-day',
  'packages/deb',
  'cli/doctor',
  'cli/status-page',
  'engine/lives',
  'engine/faults',
  'engine/engine',
  'engine/takeover',
  'engine/slow-credentials',
  'engine/seen-from-outside',
  'engine/database-away',
  'cli/audit-database',
  'engine/failover',
  'engine/cut-off',
  'docs/readme',
  'soak/soak',
  'world/world',
  'cli/faults-over-the-wire',
  'cli/kill',
  'connect-handler/law',
  'connect-handler/damaged-requests',
  'cli/golden',
  'docs/docs',
  'cli/explain',
  'cli/pseudonyms',
  'deploy/alert-rules',
  'cli/run-once',
  'security/secrets',
  'long/long-cut',
  'checks/compile-errors',
  'domain/backtest/replay.property',
  'domain/time-window.property',
  'app/first-judgement',
  'app/backtest.property',
].map((name) => `/test/${name}.test.ts`)

const placeOf = ({ moduleId }: TestSpecification) => {
  const place = LONGEST.findIndex((end) => moduleId.endsWith(end))
  return place === -1 ? LONGEST.length : place
}

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((one, other) => placeOf(one) - placeOf(other))
  }
}
