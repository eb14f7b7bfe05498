import type { Hit } from '../names/hit.ts'
import { isSameLocation, type Location } from '../names/location.ts'
import { hitsPlace } from '../names/selector.ts'
import type { Policy } from '../policies/policy.ts'
import type { Instant } from '../time/instant.ts'
import type { Periods } from '../time/period.ts'

/** A name and tags by which policies select an endpoint. */
export interface EndpointFacts {
  readonly name: string | undefined
  /** Undefined if AWS has never listed them. */
  readonly tags: Readonly<Record<string, string>> | undefined
}

/** The facts of the last judgement. If AWS did not list the tags then, they are those that it listed last. */
export interface KnownFacts extends EndpointFacts {
  /** The instant at which other facts last changed whether a policy selects the endpoint, by the policy's name. */
  readonly reselectedAt: Readonly<Record<string, Instant>>
}

/** The effect of another name or other tags of an endpoint since the last judgement. It counts as an edit. */
export interface Reselection {
  readonly facts: KnownFacts
  /** The endpoint as the last judgement knew it. */
  readonly before: Location
  /** The names of the policies that select the endpoint now and did not before, or the other way round. */
  readonly policies: ReadonlySet<string>
}

const NONE: ReadonlySet<string> = new Set()

export const factsOf = ({ name, tags }: Location): EndpointFacts => ({ name, tags: tags && Object.fromEntries(tags) })

/** The endpoint with earlier facts. */
export const locationWith = (location: Location, facts: EndpointFacts | undefined): Location =>
  facts === undefined
    ? location
    : { ...location, name: facts.name, tags: facts.tags && new Map(Object.entries(facts.tags)) }

const isSamePeriods = (one: Periods, other: Periods): boolean =>
  one === other || JSON.stringify(one) === JSON.stringify(other)

const isSameHit = (one: Hit, other: Hit): boolean =>
  typeof one === 'object' && typeof other === 'object' ? isSamePeriods(one.periods, other.periods) : one === other

/** Whether a policy selects an endpoint in the same way under both names and tags. */
export const selectsAlike = ({ match, exempt }: Policy, one: Location, other: Location): boolean =>
  [match, exempt].every((selector) => isSameHit(hitsPlace(selector, one), hitsPlace(selector, other)))

/** Whether AWS has not listed the tags yet by which the policy selects the endpoint, so that it ends nobody there. */
export const lacksTags = ({ match, exempt }: Policy, location: Location): boolean =>
  [match, exempt].some((selector) => hitsPlace(selector, location) === 'unknown')

/** Compares an endpoint with its facts in the last judgement. Without known facts nothing has changed. */
export const reselect = (
  known: KnownFacts | undefined,
  policies: readonly Policy[],
  location: Location,
  now: Instant,
): Reselection => {
  const before = locationWith(location, known)
  if (known !== undefined && isSameLocation(before, location)) return { facts: known, before, policies: NONE }
  const changed = policies.filter((policy) => !lacksTags(policy, location) && !selectsAlike(policy, before, location))
  const names = new Set(policies.map(({ name }) => name))
  return {
    facts: {
      name: location.name,
      tags: factsOf(location).tags ?? known?.tags,
      reselectedAt: Object.fromEntries([
        ...Object.entries(known?.reselectedAt ?? {}).filter(([name]) => names.has(name)),
        ...changed.map(({ name }) => [name, now] as const),
      ]),
    },
    before,
    policies: new Set(changed.map(({ name }) => name)),
  }
}
