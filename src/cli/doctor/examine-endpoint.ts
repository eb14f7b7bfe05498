import pLimit from 'p-limit'
import type { Clock } from '../../app/clock.ts'
import { type FoundEndpoint, locationOf } from '../../app/discovery.ts'
import type { Configuration } from '../../config/configuration.ts'
import { hitsPlace } from '../../domain/names/selector.ts'
import { acts } from '../../domain/policies/policy.ts'
import { byteCountersCheck } from './byte-counters.ts'
import { connectionsCheck, type WatchedRegion } from './connections.ts'
import { both, type Check, type Checked, type Examination } from './examination.ts'
import { permissionsCheck } from './permissions.ts'
import type { SurveyedSite } from './ports.ts'
import { timesCheck } from './times.ts'
import { userNamesCheck } from './user-names.ts'

/** What the checks of all endpoints share. */
export interface Common {
  readonly examination: Examination
  readonly configuration: Configuration
  readonly clock: Clock
  readonly clockIsRight: Promise<Checked<true>>
  readonly watchMs: number | undefined
  /** Aborted when the operator has seen enough of the watch. */
  readonly enough: AbortSignal
  /** All Regions that are watched. */
  readonly regions: readonly WatchedRegion[]
  readonly inTurn: InTurn
}

/** How many endpoints are asked at a time, as in the daemon. */
const AT_ONCE = 4

/** Makes a check wait for its turn. */
type InTurn = <Needed, Value>(check: Check<Needed, Value>) => Check<Needed, Value>

export const createTurns = (): InTurn => {
  const limit = pLimit(AT_ONCE)
  return (check) => ({ ...check, ask: (needed, signal) => limit(() => check.ask(needed, signal)) })
}

/**
 * Checks one endpoint: the permissions, the connections, and the facts that policies read. Resolves when the connections
 * are read.
 */
export const examineEndpoint = (
  endpoint: FoundEndpoint,
  vpn: SurveyedSite,
  region: string,
  ready: Promise<Checked<unknown>>,
  { examination, configuration, clock, clockIsRight, watchMs, enough, regions, inTurn }: Common,
): Promise<unknown> => {
  const { id, givenName } = endpoint
  // A name from AWS may be that of another endpoint: whoever may tag an endpoint chooses it.
  const subject = givenName ?? id
  const { mode, poll } = configuration
  const location = locationOf({ region }, endpoint)
  const policies = configuration.policies.filter(({ match }) => hitsPlace(match, location) !== 'no')
  const { check } = examination
  const isActing = policies.some((policy) => acts(policy, mode))
  const there = { here: { region, vpn }, others: regions.filter((one) => one.region !== region) }
  const allowed = check(ready, inTurn(permissionsCheck(vpn.survey, id, { subject, region, isActing })))
  const read = check(allowed, inTurn(connectionsCheck(vpn, id, { subject, ...there })))
  const { minGapMs } = poll
  void check(both(read, clockIsRight), inTurn(timesCheck(vpn.survey, clock.now, subject)))
  void check(read, userNamesCheck(policies, subject))
  void check(read, byteCountersCheck({ vpn, clock }, { policies, subject, watchMs, minGapMs, enough }))
  return read
}
