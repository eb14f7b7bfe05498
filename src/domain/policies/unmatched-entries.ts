import { hitsEndpoint } from '../names/endpoint-pattern.ts'
import type { Location } from '../names/location.ts'
import type { Policy } from './policy.ts'

/** An entry of `endpoints` that matches no watched endpoint. */
export interface UnmatchedEntry {
  readonly policy: string
  readonly selector: 'match' | 'exempt'
  /** As the operator wrote it. */
  readonly entry: string
}

/** An entry that may match, because the tags of an endpoint are not known, is not among them. */
export const unmatchedEntries = (
  policies: readonly Policy[],
  watched: readonly Location[],
): readonly UnmatchedEntry[] =>
  policies.flatMap((policy) =>
    (['match', 'exempt'] as const).flatMap((selector) =>
      (policy[selector]?.endpoints ?? []).flatMap(({ pattern }): readonly UnmatchedEntry[] =>
        watched.some((location) => hitsEndpoint(pattern, location) !== false)
          ? []
          : [{ policy: policy.name, selector, entry: pattern.source }],
      ),
    ),
  )
