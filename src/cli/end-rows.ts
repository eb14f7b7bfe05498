import type { ChangedEnd, Difference, Totals } from '../domain/backtest/difference.ts'
import type { Cut } from '../domain/backtest/outcome.ts'
import { printable } from '../domain/printable.ts'
import { isoOrNull } from './iso-or-null.ts'

/** A session that would have ended, as `--cuts` writes it. */
const endRow = ({ session, at, policy, reason, alsoBy }: Cut) => ({
  connectionId: session.connectionId,
  endpointId: session.endpointId,
  username: session.username ?? null,
  commonName: session.commonName ?? null,
  establishedAt: isoOrNull(session.establishedAt),
  endedAt: isoOrNull(session.endedAt),
  wouldEndAt: isoOrNull(at),
  policy: policy.name,
  reason,
  alsoBy,
})

/** As many rows are joined before they are written. */
const ROWS_AT_ONCE = 1000

/** The lines of `--cuts`, one for each session that would have ended. A name in them may be printed as it is. */
export function* endLines(cuts: readonly Cut[]): Generator<string> {
  for (let from = 0; from < cuts.length; from += ROWS_AT_ONCE) {
    yield cuts
      .slice(from, from + ROWS_AT_ONCE)
      .map((cut) => `${printable(JSON.stringify(endRow(cut)))}\n`)
      .join('')
  }
}

/** A session that ends otherwise than under the other policies. */
export type ChangedRow = ReturnType<typeof changedRow>

const changedRow = ({ change, session, now, before }: ChangedEnd) => ({
  change,
  connectionId: session.connectionId,
  endpointId: session.endpointId,
  username: session.username ?? null,
  commonName: session.commonName ?? null,
  wouldEndAt: isoOrNull(now?.at),
  policy: now?.policy.name ?? null,
  endedBeforeAt: isoOrNull(before?.at),
  policyBefore: before?.policy.name ?? null,
})

/** How many changed ends the output lists. `--cuts` of both sets has all. */
const MOST_CHANGED = 1000

/** The difference as JSON has it: the totals, the first sessions, and how many more there are. */
export interface AgainstJson extends Totals {
  readonly sessions: readonly ChangedRow[]
  readonly notListed: number
}

export const againstJson = ({ totals, changed }: Difference): AgainstJson => ({
  ...totals,
  sessions: changed.slice(0, MOST_CHANGED).map(changedRow),
  notListed: Math.max(0, changed.length - MOST_CHANGED),
})
