import { lackOf, type Verdict } from '../judge/verdict.ts'

/** A policy whose verdict is `unknown` because the request lacks a fact. */
export interface UnknownPolicy {
  readonly policy: string
  /** The fact. It completes the sentence "the connection lacks …". */
  readonly lacks: string
}

/**
 * The policies that are `unknown` because of the request. What no request tells does not count: the tags of an endpoint,
 * its name, its Region and posture statuses, without which a policy is `unknown` for everybody.
 */
export const unknownPolicies = (verdicts: readonly Verdict[]): readonly UnknownPolicy[] =>
  verdicts.flatMap((verdict) =>
    isForTheRequest(verdict) ? [{ policy: verdict.policy.name, lacks: lackOf(verdict) }] : [],
  )

const OF_THE_ENDPOINT: ReadonlySet<string> = new Set(['tags', 'name', 'Region'])

/** Selectors read names and facts of the door in the request, and the rules of kinds only names. */
const isForTheRequest = ({ word, finding, applicability: { selectorLacks } }: Verdict): boolean => {
  if (word !== 'unknown' || finding !== undefined) return false
  return selectorLacks === undefined || !OF_THE_ENDPOINT.has(selectorLacks)
}
