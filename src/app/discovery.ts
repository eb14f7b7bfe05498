import { isSameTags, type Location } from '../domain/names/location.ts'
import { formatDuration } from '../domain/time/duration.ts'
import { MINUTE } from '../domain/time/instant.ts'
import type { Clock } from './clock.ts'
import { type ListedEndpoint, VpnError, type VpnSite } from './vpn.ts'
import { endedWithin } from './within.ts'

/** Which endpoints of a site are to be watched. */
export interface EndpointSelection {
  /** Endpoints by id. They are always watched, whatever AWS lists. */
  readonly endpoints: readonly NamedEndpoint[]
  /** Additional endpoints: all, or each that has all these tags. Keys and values are compared exactly. */
  readonly discover: 'all' | { readonly tags: ReadonlyMap<string, string> } | undefined
  /** Whether a policy reads the tags of endpoints by id, or their names where the operator gave none. Default: false. */
  readonly readsTags?: boolean
}

interface NamedEndpoint {
  readonly id: string
  /** The name that the operator gave it. */
  readonly name: string | undefined
}

export interface FoundEndpoint {
  readonly id: string
  /** The operator's name, else the tag `Name`, else the id. */
  readonly name: string
  /** The name that the operator gave it. */
  readonly givenName: string | undefined
  /** Undefined while AWS has not listed them. */
  readonly tags: ReadonlyMap<string, string> | undefined
}

/** What a discovery knows of its site. */
export interface Known {
  readonly endpoints: () => readonly FoundEndpoint[]
  readonly answer: () => readonly ListedEndpoint[] | undefined
}

/** The result of one refresh. */
interface Change {
  /** All endpoints to watch from now on, the listed ones first. */
  readonly endpoints: readonly FoundEndpoint[]
  readonly added: readonly FoundEndpoint[]
  readonly removed: readonly FoundEndpoint[]
  /** The endpoints whose name or tags have changed. */
  readonly changed: readonly FoundEndpoint[]
  /** Why AWS could not list the endpoints. The list is then unchanged. */
  readonly failure: VpnError | undefined
}

/** The longest time for all pages of the list. */
const LISTED_WITHIN_MS = MINUTE

/** AWS still lists an endpoint for a while after its deletion. */
const ENDED: ReadonlySet<string> = new Set(['deleting', 'deleted'])

const isSelected = ({ status, tags }: ListedEndpoint, discover: NonNullable<EndpointSelection['discover']>): boolean =>
  !ENDED.has(status) && (discover === 'all' || [...discover.tags].every(([key, value]) => tags.get(key) === value))

const foundOf = ({ id, name }: NamedEndpoint, answer: ListedEndpoint | undefined): FoundEndpoint => ({
  id,
  name: name ?? answer?.name ?? id,
  givenName: name,
  tags: answer?.tags,
})

/** The facts by which policies select a found endpoint. */
export const locationOf = (
  { region }: { readonly region: string },
  { id, givenName, tags }: Pick<FoundEndpoint, 'id' | 'givenName' | 'tags'>,
): Location => ({ endpointId: id, region, name: givenName, tags })

const isSameFound = (one: FoundEndpoint, other: FoundEndpoint): boolean =>
  one.name === other.name && isSameTags(one.tags, other.tags)

/**
 * Keeps the list of a site's endpoints. Only a complete answer of AWS changes it. An endpoint is removed if such an
 * answer does not contain it, shows it as deleted, or shows it without the tags.
 */
export const createDiscovery = ({
  vpn,
  clock,
  selection,
  before = [],
}: {
  readonly vpn: Pick<VpnSite, 'endpoints'>
  readonly clock: Pick<Clock, 'sleep'>
  readonly selection: EndpointSelection
  /** The endpoints of the same site before an edit of the selection. They are watched until AWS has answered. */
  readonly before?: readonly Known[]
}) => {
  const { discover, readsTags = false } = selection
  const isAsked = discover !== undefined || readsTags
  const listed = new Map(selection.endpoints.map((endpoint) => [endpoint.id, foundOf(endpoint, undefined)]))

  const merge = (answer: readonly ListedEndpoint[]): ReadonlyMap<string, FoundEndpoint> => {
    const merged = new Map<string, FoundEndpoint>(listed)
    if (!isAsked) return merged
    for (const endpoint of answer) {
      const known = merged.get(endpoint.id)
      if (known !== undefined) merged.set(endpoint.id, foundOf({ id: endpoint.id, name: known.givenName }, endpoint))
      else if (discover !== undefined && isSelected(endpoint, discover)) {
        merged.set(endpoint.id, foundOf({ id: endpoint.id, name: undefined }, endpoint))
      }
    }
    return merged
  }

  const knownAlready = (): ReadonlyMap<string, FoundEndpoint> => {
    if (answer !== undefined) return merge(answer)
    const known = discover === undefined ? [] : before.flatMap((one) => one.endpoints())
    return new Map([...listed, ...known.filter(({ id }) => !listed.has(id)).map((one) => [one.id, one] as const)])
  }

  let answer = before.map((one) => one.answer()).find((one) => one !== undefined)
  let found = knownAlready()
  let newest: 'none' | 'answer' | 'failure' = answer === undefined ? 'none' : 'answer'
  let running: Promise<Change> | undefined

  const unchanged = (failure?: VpnError): Change => ({
    endpoints: [...found.values()],
    added: [],
    removed: [],
    changed: [],
    failure,
  })

  const list = async (signal: AbortSignal): Promise<Change> => {
    try {
      const last = found
      const listed = await endedWithin(clock, LISTED_WITHIN_MS, signal, vpn.endpoints)
      if (listed === 'late') {
        const limit = formatDuration(LISTED_WITHIN_MS)
        throw new VpnError(
          signal.aborted ? 'aborted' : 'timeout',
          `the list of endpoints was not complete after ${limit}`,
        )
      }
      answer = listed
      newest = 'answer'
      found = merge(answer)
      return {
        endpoints: [...found.values()],
        added: [...found.values()].filter(({ id }) => !last.has(id)),
        removed: [...last.values()].filter(({ id }) => !found.has(id)),
        changed: [...found.values()].filter((one) => {
          const before = last.get(one.id)
          return before !== undefined && !isSameFound(before, one)
        }),
        failure: undefined,
      }
    } catch (error) {
      newest = 'failure'
      if (error instanceof VpnError) return unchanged(error)
      throw error
    }
  }

  return {
    /** The endpoints to watch now. Before the first complete answer these are the listed ones. */
    endpoints: (): readonly FoundEndpoint[] => [...found.values()],

    /** Whether the endpoints are all that there are: none is discovered, or AWS listed them when it was last asked. */
    isListed: (): boolean => discover === undefined || newest === 'answer',

    /** The last complete answer of AWS, whatever the selection is. */
    answer: (): readonly ListedEndpoint[] | undefined => answer,

    /**
     * Lists the endpoints at AWS. Only one request runs at a time, so that an old answer never replaces a newer one. A
     * second caller gets the answer of the running request.
     */
    async refresh(signal: AbortSignal): Promise<Change> {
      if (!isAsked) return unchanged()
      running ??= list(signal).finally(() => {
        running = undefined
      })
      return running
    },
  }
}

export type Discovery = ReturnType<typeof createDiscovery>
