import type { Lookup } from '../lookup.ts'

/** What the answer to a lookup says. */
export interface Evidence {
  /** The status of each connection that the answer may prove something about; undefined where it shows none. */
  readonly statuses: ReadonlyMap<string, string | undefined>
  /** The connections that the answer lacks, or shows as terminated. */
  readonly gone: readonly string[]
}

/**
 * The evidence in the answer to a lookup. The witness is a connection that AWS was asked for last, and that a snapshot has
 * just shown. An answer without it is not whole: it may have lost others too, so that it proves only what it shows. An
 * answer with a connection that was not asked for is not filtered, and proves nothing.
 */
export const evidenceOf = ({ asked, connections }: Lookup, witness: string | undefined): Evidence | 'not-filtered' => {
  const wanted = new Set(asked)
  const shown = new Map(connections.map(({ id, status }) => [id, status]))
  if ([...shown.keys()].some((id) => !wanted.has(id))) return 'not-filtered'
  const isWhole = witness !== undefined && shown.has(witness)
  return {
    statuses: new Map(
      asked.flatMap((id) => (id !== witness && (isWhole || shown.has(id)) ? [[id, shown.get(id)]] : [])),
    ),
    gone: asked.filter((id) => (shown.get(id) ?? 'terminated') === 'terminated'),
  }
}
