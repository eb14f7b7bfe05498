import type { Watch } from '../config/configuration.ts'
import type { BudgetOf } from '../domain/backtest/summary.ts'
import { fold } from '../domain/names/fold.ts'
import type { Location } from '../domain/names/location.ts'

/** What the daemon's file says of the endpoints of a recording. */
export interface RecordedEndpoints {
  /** Whether the daemon watches the endpoint, or may discover it. */
  isWatched(endpointId: string): boolean
  /** The ids of what is asked for by an id, or by a name, which several endpoints may have. */
  idsOf(asked: string): readonly string[]
  locationOf(endpointId: string): Location
  budgetOf: BudgetOf
}

/**
 * `watch`: undefined without the daemon's file, so that all endpoints count. `region`: the Region of endpoints of which the
 * file does not tell it.
 */
export const createRecordedEndpoints = (
  watch: readonly Watch[] | undefined,
  region: string | undefined,
): RecordedEndpoints => {
  const listed = new Map<string, { readonly location: Location; readonly budget: string }>()
  for (const entry of watch ?? []) {
    for (const { id, name } of entry.endpoints) {
      const location = { endpointId: id, region: entry.region, name }
      listed.set(id, { location, budget: budgetKey(entry.region, entry) })
    }
  }
  const discovering = (watch ?? []).filter(({ discover }) => discover !== undefined)
  const [first, ...others] = discovering
  const only = others.every((entry) => entry.region === first?.region) ? first : undefined
  const elsewhere = region ?? only?.region
  return {
    isWatched: (id) => watch === undefined || discovering.length > 0 || listed.has(id),
    idsOf: (asked) => {
      const named = [...listed.values()].filter(
        ({ location: { name } }) => name !== undefined && fold(name) === fold(asked),
      )
      return listed.has(asked) || named.length === 0 ? [asked] : named.map(({ location }) => location.endpointId)
    },
    locationOf: (endpointId) => listed.get(endpointId)?.location ?? { endpointId, region: elsewhere },
    budgetOf: (endpointId) => listed.get(endpointId)?.budget ?? budgetKey(elsewhere, only),
  }
}

/** The rate counts per account and Region, and a role belongs to its account. */
const budgetKey = (region: string | undefined, entry: Pick<Watch, 'assumeRole'> | undefined): string =>
  `${region ?? ''} ${entry?.assumeRole?.arn.split(':')[4] ?? ''}`
