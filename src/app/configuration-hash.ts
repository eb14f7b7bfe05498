import { hashOfText, policySetText } from '../config/bind/policy-set-hash.ts'
import type { Assignment } from './daemon.ts'
import type { EndpointSelection } from './discovery.ts'
import type { CycleSettings } from './settings.ts'
import type { Site } from './site.ts'
import type { WatchEntry } from './watch-list.ts'

/** What each field contributes to the hash; undefined for a field that is not part of it. */
type Parts<Whole> = Record<keyof Whole, ((whole: Whole) => unknown) | undefined>

const SETTINGS: Parts<CycleSettings> = {
  mode: ({ mode }) => mode,
  staleAfterMs: ({ staleAfterMs }) => staleAfterMs,
  minGapMs: ({ minGapMs }) => minGapMs,
  termination: ({ termination: { attempts, verifyWithinMs } }) => ({ attempts, verifyWithinMs }),
  guard: ({ guard: { maxPercent, minConnections, lookAheadMs } }) => ({ maxPercent, minConnections, lookAheadMs }),
  policySetHash: (settings) => settings.policySetHash,
}

const SITE: Parts<Site> = {
  region: ({ region }) => region,
  endpointUrl: ({ endpointUrl }) => endpointUrl,
  assumeRole: ({ assumeRole }) => assumeRole && { arn: assumeRole.arn, externalId: assumeRole.externalId },
}

const byId = (one: { readonly id: string }, other: { readonly id: string }) => (one.id < other.id ? -1 : 1)

const ENTRY: Parts<{ readonly site: Site } & EndpointSelection> = {
  site: ({ site }) => partsOf(SITE, site),
  endpoints: ({ endpoints }) => endpoints.map(({ id, name }) => ({ id, name })).toSorted(byId),
  discover: ({ discover }) => (typeof discover === 'object' ? { tags: Object.fromEntries(discover.tags) } : discover),
  // It follows from the policies and the endpoints.
  readsTags: undefined,
}

const ASSIGNMENT: Parts<Assignment> = {
  // The hash in `settings` is of the policy set as it is written.
  policies: undefined,
  written: undefined,
  settings: ({ settings }) => partsOf(SETTINGS, settings),
  schedule: ({ schedule }) => schedule,
  terminationRate: ({ terminationRate: { burst, perSecond } }) => ({ burst, perSecond }),
  watch: ({ watch }) => inOrderThatCounts(watch).map((entry) => partsOf(ENTRY, entry)),
  // Of one daemon, not of the configuration.
  isPart: undefined,
}

/** An endpoint that several entries reach is watched through the first one. They are of one Region: others may change places. */
const inOrderThatCounts = (watch: readonly WatchEntry[]): readonly WatchEntry[] =>
  [...new Set(watch.map(({ site }) => site.region))]
    .toSorted()
    .flatMap((region) => watch.filter(({ site }) => site.region === region))

const partsOf = <Whole>(parts: Parts<Whole>, whole: Whole): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries<Parts<Whole>[keyof Whole]>(parts).flatMap(([key, partOf]) => (partOf ? [[key, partOf(whole)]] : [])),
  )

/**
 * The SHA-256 in hex of everything that replicas must agree on before they may share units: what is watched, which
 * policies end whom, and in which mode. A rolling edit of any of it makes one new generation.
 *
 * The parts are named one by one, so that a release does not change the hash of files that nobody has edited. What a
 * release adds must be undefined where it is not written: it is then left out of the text.
 */
export const configurationHash = (assignment: Assignment): string =>
  hashOfText(policySetText(partsOf(ASSIGNMENT, assignment)))
