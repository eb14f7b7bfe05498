import { type EndpointPattern, hitsEndpoint, isOfIds } from '../../domain/names/endpoint-pattern.ts'
import { fold } from '../../domain/names/fold.ts'
import type { Location } from '../../domain/names/location.ts'
import { hits } from '../../domain/names/pattern.ts'
import type { CurfewKeys } from '../schema/curfew-schema.ts'
import type { WrittenPolicy } from './bind-policy-files.ts'

/** A mistake of an entry: an error if it is certain. */
interface Doubt {
  readonly message: string
  readonly severity: 'error' | 'warning'
}

/**
 * Reports endpoints and Regions in a selector that are not watched. A misspelled id or name would silently match nothing,
 * forever. The ids, names and tags of discovered endpoints are not known yet, nor are the tags of listed ones: the daemon
 * shows such entries in `/status`.
 */
export const reportUnwatched = (policies: readonly WrittenPolicy[], watch: NonNullable<CurfewKeys['watch']>): void => {
  const isAllListed = watch.every(({ discover }) => discover === undefined)
  const listed = watch.flatMap(({ region, endpoints = [] }) =>
    endpoints.map((one): Location => {
      const { id, name } = typeof one === 'string' ? { id: one, name: undefined } : one
      return { endpointId: id, region, name, tags: undefined }
    }),
  )
  const [ids, names] = [listed.map(({ endpointId }) => endpointId), listed.flatMap(({ name }) => name ?? [])]
  const regions = watch.map(({ region }) => region)
  for (const { policy, file, index } of policies) {
    for (const selector of ['match', 'exempt'] as const) {
      const report = <Pattern extends EndpointPattern>(
        list: 'endpoints' | 'regions',
        entries: ReadonlyArray<{ readonly pattern: Pattern }> = [],
        known: readonly string[],
        doubtOf: (pattern: Pattern) => Doubt | undefined,
      ) => {
        const path = ['policies', index, selector, list]
        // If an entry has an error, the indexes of bound entries and of written ones may differ.
        if (file.isFlawed(path)) return
        entries.forEach(({ pattern }, entry) => {
          const { message, severity } = doubtOf(pattern) ?? {}
          if (message === undefined || severity === undefined) return
          file.problem([...path, entry], message, { severity, known, word: pattern.source })
        })
      }
      const { endpoints, regions: named } = policy[selector] ?? {}
      report('endpoints', endpoints, [], mistakenForIds(names))
      if (isAllListed) report('endpoints', endpoints, [...ids, ...names], unmatchedEndpoint(listed))
      report('regions', named, regions, (pattern) =>
        regions.some((region) => hits(pattern, fold(region)))
          ? undefined
          : {
              message: `"${pattern.source}" matches none of the regions under "watch": correct or remove it`,
              severity: 'warning',
            },
      )
    }
  }
}

/** `cvpn-*` is a pattern of ids, and so matches every endpoint. Someone with an endpoint `cvpn-berlin` may mean its name. */
const mistakenForIds =
  (names: readonly string[]) =>
  (pattern: EndpointPattern): Doubt | undefined => {
    if (pattern.field === 'tag' || !isOfIds(pattern)) return undefined
    const name = names.find((one) => hits(pattern, fold(one)))
    if (name === undefined) return undefined
    const message = `"${pattern.source}" is compared with ids and not with names such as "${name}": write more of the name if it means names, or cvpn-endpoint-* if it means every id`
    return { message, severity: 'warning' }
  }

const unmatchedEndpoint =
  (listed: readonly Location[]) =>
  (pattern: EndpointPattern): Doubt | undefined => {
    const found = listed.map((location) => hitsEndpoint(pattern, location))
    if (found.includes(true)) return undefined
    const { source } = pattern
    const isUnsure = found.includes('unknown')
    if (pattern.field !== 'tag' && listed.some(({ endpointId }) => hits(pattern, fold(endpointId)))) {
      const message = `"${source}" is compared with names, because it does not begin with cvpn-endpoint-: begin it so if it means ids, or correct it`
      return { message, severity: isUnsure ? 'warning' : 'error' }
    }
    if (!isUnsure) {
      const message = `"${source}" matches none of the endpoints under "watch": correct or remove it`
      return { message, severity: 'error' }
    }
    if (pattern.field === 'tag') return undefined
    const message = `"${source}" matches no name under "watch", only perhaps the tag Name of an endpoint without one: write "name" there, or correct it`
    return { message, severity: 'warning' }
  }
