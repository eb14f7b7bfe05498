import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The files that take longest. One that began late would run alone at the end. The order of the others matters little. */
const LONGEST = [
  'image/image',
  'packages/deb',
  'bench/smoke',
  'world/plants',
  'prometheus/busy-day',
  'cli/status-page',
  'engine/engine',
  'engine/lives',
  'engine/faults',
  'engine/takeover',
  'engine/slow-credentials',
  'engine/seen-from-outside',
  'engine/database-away',
  'engine/restored',
  'engine/failover',
  'engine/cut-off',
  'cli/audit-database',
  'deploy/connect-handler',
  'docs/readme',
  'packages/tarballs',
  'soak/soak',
  'deploy/alert-rules',
  'world/world',
  'world/fleet',
  'long/long-cut',
  'simulator/awscli',
  'cli/faults-over-the-wire',
  'cli/kill',
  'cli/doctor',
  'connect-handler/law',
  'connect-handler/damaged-requests',
  'adapters/report/report',
  'adapters/audit/verify-chain',
  'deploy/pages',
  'cli/terminal',
  'cli/proxy',
  'docs/json-output',
  'security/secrets',
  'checks/compile-errors',
  'domain/backtest/replay.property',
  'domain/door/damaged-requests.property',
  'domain/time-window.property',
  'app/wrong-clock',
  'app/backtest.property',
  'app/first-judgement',
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
