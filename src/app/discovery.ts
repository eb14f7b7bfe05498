import { type ListedEndpoint, VpnError, type VpnSite } from './vpn.ts'

/** Which endpoints of a site are to be watched. */
export interface Wanted {
  /** By id: for ever, whatever AWS says of them. */
  readonly endpoints: readonly WantedEndpoint[]
  /** Beside those: every one, or each that has all these tags, spelled exactly so. */
  readonly discover: 'all' | { readonly tags: ReadonlyMap<string, string> } | undefined
}

interface WantedEndpoint {
  readonly id: string
  /** What the operator calls it. */
  readonly name: string | undefined
}

export interface FoundEndpoint {
  readonly id: string
  /** The operator's word, else the tag `Name`, else the id. */
  readonly name: string
}

/** What one look at AWS has changed. */
export interface Change {
  /** All that are to be watched from now on, the listed ones first. */
  readonly endpoints: readonly FoundEndpoint[]
  readonly added: readonly FoundEndpoint[]
  readonly removed: readonly FoundEndpoint[]
  /** Why AWS could not be asked: everything is as it was. */
  readonly failure: VpnError | undefined
}

/** AWS lists an endpoint for a while after it was deleted. */
const ENDED: ReadonlySet<string> = new Set(['deleting', 'deleted'])

const isWanted = ({ status, tags }: ListedEndpoint, discover: NonNullable<Wanted['discover']>): boolean =>
  !ENDED.has(status) && (discover === 'all' || [...discover.tags].every(([key, value]) => tags.get(key) === value))

/**
 * Keeps the list of a site's endpoints. Only a whole answer changes it: an endpoint leaves when such an answer lacks it,
 * says that it is deleted, or shows it without the tags.
 */
export const createDiscovery = ({
  vpn,
  wanted,
}: {
  readonly vpn: Pick<VpnSite, 'endpoints'>
  readonly wanted: Wanted
}) => {
  const { discover } = wanted
  const listed = new Map(wanted.endpoints.map(({ id, name }) => [id, { id, name: name ?? id }]))
  let found: ReadonlyMap<string, FoundEndpoint> = listed
  let looking: Promise<Change> | undefined

  const merge = (answer: readonly ListedEndpoint[]): ReadonlyMap<string, FoundEndpoint> => {
    const merged = new Map<string, FoundEndpoint>(listed)
    if (discover === undefined) return merged
    for (const endpoint of answer) {
      if (!merged.has(endpoint.id) && isWanted(endpoint, discover))
        merged.set(endpoint.id, { id: endpoint.id, name: endpoint.name ?? endpoint.id })
    }
    return merged
  }

  const unchanged = (failure?: VpnError): Change => ({
    endpoints: [...found.values()],
    added: [],
    removed: [],
    failure,
  })

  const look = async (signal: AbortSignal): Promise<Change> => {
    try {
      const before = found
      found = merge(await vpn.endpoints(signal))
      return {
        endpoints: [...found.values()],
        added: [...found.values()].filter(({ id }) => !before.has(id)),
        removed: [...before.values()].filter(({ id }) => !found.has(id)),
        failure: undefined,
      }
    } catch (error) {
      if (error instanceof VpnError) return unchanged(error)
      throw error
    }
  }

  return {
    /** Those that are to be watched now: the listed ones until the first whole answer. */
    endpoints: (): readonly FoundEndpoint[] => [...found.values()],

    /** Asks AWS. Never two at once, so that an answer never replaces a later one: who comes second gets the first one's. */
    async refresh(signal: AbortSignal): Promise<Change> {
      if (discover === undefined) return unchanged()
      looking ??= look(signal).finally(() => {
        looking = undefined
      })
      return looking
    },
  }
}

export type Discovery = ReturnType<typeof createDiscovery>
