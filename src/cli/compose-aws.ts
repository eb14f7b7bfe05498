import { setMaxListeners } from 'node:events'
import { isDeepStrictEqual } from 'node:util'
import { replay } from '../adapters/audit/replay.ts'
import { createVpn } from '../adapters/aws/vpn.ts'
import { createStateFile } from '../adapters/files/state-file.ts'
import { hostClock } from '../adapters/host/clock.ts'
import type { ObservedRequest } from '../adapters/prometheus/metrics.ts'
import type { Outgoing } from '../adapters/proxy/outgoing.ts'
import type { Clock } from '../app/clock.ts'
import { confirmedSnapshot } from '../app/confirmed-snapshot.ts'
import { createDiscovery, locationOf } from '../app/discovery.ts'
import { eachEndpointOnce, overlapText } from '../app/each-endpoint-once.ts'
import type { Endpoint } from '../app/endpoint.ts'
import { firstJudgements } from '../app/first-judgement.ts'
import { createKnownByTrail } from '../app/known-by-trail.ts'
import { createReadBudgets, type ReadBudgets } from '../app/read-budget.ts'
import { budgetKey, endpointKey, type Site, siteKey } from '../app/site.ts'
import { createSkewClock, type TimedAnswer } from '../app/skew-clock.ts'
import type { Survey } from '../app/survey.ts'
import { unitKey, unitsOf } from '../app/units.ts'
import { VpnError, type VpnSite } from '../app/vpn.ts'
import type { WatchEntry } from '../app/watch-list.ts'
import type { Configuration } from '../config/configuration.ts'
import { lackOf } from '../domain/judge/elsewhere.ts'
import type { Judged } from '../domain/judge/explain.ts'
import { CLOCK_NOT_CONFIRMED } from '../domain/judge/view.ts'
import type { Location } from '../domain/names/location.ts'
import type { Mode } from '../domain/policies/policy.ts'
import type { Snapshot } from '../domain/snapshot.ts'
import type { Instant } from '../domain/time/instant.ts'
import { assignmentOf, readPolicySet } from './assignment.ts'
import { complain } from './command.ts'
import { composeOutgoing } from './compose-outgoing.ts'
import type { KnownStates, UnitInPlan } from './known-states.ts'

export const clock = hostClock

export const connectVpn = (options: {
  readonly site: Site
  /** Undefined while AWS has not returned it. */
  readonly account: string | undefined
  readonly poll: () => Configuration['poll']
  readonly budgets: ReadBudgets
  readonly clock: Clock
  readonly hear: (answer: TimedAnswer) => void
  readonly outgoing: Outgoing
  /** Whether this process may still end sessions of the site. Undefined: nobody else can. */
  readonly holds?: (() => boolean) | undefined
  readonly observe?: (request: ObservedRequest) => void
}): VpnSite & { readonly survey: Survey } => {
  const { site, budgets, observe } = options
  const { requestTimeoutMs, rate } = options.poll()
  const { region } = site
  let { account } = options
  const vpn = createVpn({
    ...site,
    requestTimeoutMs,
    clock: options.clock,
    outgoing: options.outgoing,
    holds: options.holds,
    beforePage: (signal, list) => budgets(budgetKey(site, account), rate)(signal, list),
    onRequest: ({ action, code, throttled, startedAt, endedAt, dateHeader: date }) => {
      observe?.({ account, region, action, code, throttled })
      if (date !== undefined) options.hear({ startedAt, endedAt, date })
    },
  })
  return {
    ...vpn,
    async account(signal) {
      account = await vpn.account(signal)
      return account
    },
  }
}

/** The key and the id in place of the endpoints that AWS could not list. */
const UNLISTED = ''
export const UNLISTED_ID = '(discovery)'

interface ReadEndpoint {
  /** The key of the endpoint in the state file, or `UNLISTED`. */
  readonly key: string
  readonly endpoint: Endpoint
  /** The key of its unit. */
  readonly unit: string
  readonly location: Location
  readonly snapshot: Snapshot | VpnError
}

/** What one reading of the endpoints leaves to the next: AWS's time, the clients, and how much of the rates is used. */
export const createReader = (configuration: Configuration) => {
  const clock = createSkewClock(hostClock, () => {})
  const sites = new Map<string, VpnSite>()
  const budgets = createReadBudgets(clock)
  const outgoing = composeOutgoing()
  const vpnOf = (site: Site) => {
    const known =
      sites.get(siteKey(site)) ??
      connectVpn({
        site,
        account: undefined,
        poll: () => configuration.poll,
        budgets,
        clock,
        hear: clock.hear,
        outgoing,
      })
    sites.set(siteKey(site), known)
    return known
  }
  return { clock, vpnOf }
}

export type Reader = ReturnType<typeof createReader>

/**
 * Reads every watched endpoint once. An endpoint that cannot be read, and an entry of `watch` whose endpoints cannot be
 * listed, has the error instead.
 */
const readEndpoints = async (
  configuration: Configuration,
  watch: readonly WatchEntry[],
  { clock, vpnOf }: Reader,
): Promise<readonly ReadEndpoint[]> => {
  const { signal } = new AbortController()
  // Each endpoint that is read listens. Node would print a warning from the eleventh on.
  setMaxListeners(0, signal)
  const { staleAfterMs } = configuration.poll
  const orFailure = async <Value>(work: Promise<Value>): Promise<Value | VpnError> => {
    try {
      return await work
    } catch (error) {
      if (error instanceof VpnError) return error
      throw error
    }
  }
  const entries = await Promise.all(
    watch.map(async (entry) => {
      const { site, discover } = entry
      const vpn = vpnOf(site)
      const { endpoints, failure } = await createDiscovery({ vpn, clock, selection: entry }).refresh(signal)
      const account = await orFailure(vpn.account(signal))
      if (failure !== undefined && discover === undefined) {
        complain(`curfew: policies that read tags end nobody, because the tags cannot be read: ${failure.message}`)
      }
      return {
        site,
        selection: entry,
        endpoints,
        failure: discover === undefined ? undefined : failure,
        account: account instanceof VpnError ? undefined : account,
      }
    }),
  )
  const unlisted = entries.flatMap(({ site, account, failure }): readonly ReadEndpoint[] => {
    const { region } = site
    const endpoint = { id: UNLISTED_ID, name: UNLISTED_ID, region, account }
    const location = { endpointId: endpoint.id, region }
    return failure === undefined ? [] : [{ key: UNLISTED, unit: unitKey(site), endpoint, location, snapshot: failure }]
  })
  const { watched, overlaps } = eachEndpointOnce(entries)
  for (const overlap of overlaps) complain(`curfew: ${overlapText(overlap)}`)
  const accounts = new Map(entries.map(({ site, account }) => [siteKey(site), account]))
  const read = watched.map(
    async ({ site, endpoint }): Promise<ReadEndpoint> => ({
      key: endpointKey(site.region, endpoint.id),
      unit: unitKey(site),
      endpoint: {
        id: endpoint.id,
        name: endpoint.name,
        region: site.region,
        account: accounts.get(siteKey(site)),
      },
      location: locationOf(site, endpoint),
      snapshot: await orFailure(
        confirmedSnapshot(vpnOf(site), clock, { endpointId: endpoint.id, staleAfterMs }, signal),
      ),
    }),
  )
  return [...(await Promise.all(read)), ...unlisted]
}

/** The states with which daemons would start at `now`. */
const knownStates = async (
  { state, audit, policies, engine }: Configuration,
  watch: readonly WatchEntry[],
  now: Instant,
): Promise<KnownStates> => {
  if (engine.kind === 'postgres') {
    const { readUnitStates } = await import('./compose-units.ts')
    return readUnitStates(engine, { units: [...unitsOf(watch).keys()], policies, now })
  }
  const trail = createKnownByTrail(await createStateFile(state.file).peek(), policies, now)
  await replay(audit.file, trail.since, trail.read).catch((error: NodeJS.ErrnoException) => {
    complain(`curfew: the audit file ${audit.file} cannot be read (${error.code}): cooldowns are not considered`)
  })
  const { state: known } = trail.known()
  return { of: () => known, units: undefined }
}

/** The first judgement that a daemon started now would make of the endpoint, or why it could make none. */
export type JudgedEndpoint =
  | { readonly endpoint: Endpoint; readonly snapshot: Snapshot; readonly judged: Judged }
  | { readonly endpoint: Endpoint; readonly failure: { readonly message: string } }

/** Every watched endpoint as a command has read and judged it. */
interface Reading {
  readonly endpoints: readonly JudgedEndpoint[]
  /** Whether a state knows policies that were in force before. */
  readonly hadPolicies: boolean
  /** The units of the configuration, where replicas share them. */
  readonly units: readonly UnitInPlan[] | undefined
  /**
   * The facts by which policies select the watched endpoints, after the edit if there is one. Undefined where this is not known:
   * AWS could not list the endpoints, or the edit watches others, which are not read.
   */
  readonly watched: readonly Location[] | undefined
}

/** The watched endpoints, without the names that the operator gave. */
const watchedIn = ({ watch }: Configuration) =>
  watch.map((entry) => ({ ...entry, endpoints: entry.endpoints.map(({ id }) => id) }))

/** Reads every watched endpoint once and judges it with the daemon's state, by AWS's time. Nothing is written. */
export const judgeEndpoints = async (
  configuration: Configuration,
  {
    mode = configuration.mode,
    edit,
    reader = createReader(configuration),
  }: {
    readonly mode?: Mode
    /** The configuration after an edit that is not saved yet. */
    readonly edit?: Configuration | undefined
    /** For a command that reads more than once. */
    readonly reader?: Reader
  } = {},
): Promise<Reading> => {
  const assignment = assignmentOf(configuration, mode)
  const after = edit && assignmentOf(edit, edit.mode)
  const { clock } = reader
  const watch = assignment.watch.map((entry) => ({
    ...entry,
    readsTags: entry.readsTags === true || after?.watch.some(({ readsTags }) => readsTags === true) === true,
  }))
  const read = await readEndpoints(configuration, watch, reader)
  const known = await knownStates(configuration, watch, clock.now())
  /** The endpoint under the name that the edit gives it, if it lists the endpoint. */
  const locationAfter = (location: Location): Location => {
    const listed = edit?.watch.flatMap(({ endpoints }) => endpoints).find(({ id }) => id === location.endpointId)
    return listed === undefined ? location : { ...location, name: listed.name }
  }
  const isConfirmed = clock.trust() === 'confirmed'
  const endpoints = read.flatMap(({ key, endpoint, unit, location, snapshot }) =>
    snapshot instanceof VpnError || !isConfirmed
      ? []
      : [{ key, endpoint, unit, location, locationAfter: locationAfter(location), snapshot }],
  )
  const now = clock.now()
  const judgedOf = new Map<string, Judged>()
  for (const judges of daemonsOf(known, read)) {
    const unread = read.find((one) => judges(one) && one.snapshot instanceof VpnError)
    const own = endpoints.filter(judges)
    const judgements = firstJudgements({
      assignment,
      edit: after,
      state: known.of(read.find(judges)?.unit ?? ''),
      readPolicySet,
      endpoints: own,
      lacks: unread && lackOf(unread.endpoint),
      now,
    })
    for (const [index, { key }] of own.entries()) {
      const judged = judgements[index]
      if (judged !== undefined) judgedOf.set(key, judged)
    }
  }
  const isListed = read.every(({ key }) => key !== UNLISTED)
  const isSameWatch = edit === undefined || isDeepStrictEqual(watchedIn(edit), watchedIn(configuration))
  return {
    endpoints: read.map(({ key, endpoint, snapshot }): JudgedEndpoint => {
      if (snapshot instanceof VpnError) return { endpoint, failure: snapshot }
      const judged = judgedOf.get(key)
      if (judged === undefined) return { endpoint, failure: { message: `${endpoint.id}: ${CLOCK_NOT_CONFIRMED}` } }
      return { endpoint, snapshot, judged }
    }),
    hadPolicies: hadPoliciesIn(known),
    units: known.units,
    watched: isListed && isSameWatch ? read.map(({ location }) => locationAfter(location)) : undefined,
  }
}

type OfUnit = Pick<ReadEndpoint, 'unit'>

/** Which endpoints each daemon would judge: with files one daemon all of them, else one daemon those of a unit. */
const daemonsOf = ({ units }: KnownStates, read: readonly OfUnit[]): ReadonlyArray<(one: OfUnit) => boolean> =>
  units === undefined
    ? [() => true]
    : [...new Set(read.map(({ unit }) => unit))].map((unit) => (one: OfUnit) => one.unit === unit)

const hadPoliciesIn = ({ of, units }: KnownStates): boolean =>
  (units ?? [{ unit: '' }]).some(({ unit }) => of(unit).policySetHash !== undefined)
