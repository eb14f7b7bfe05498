import { isActive } from '../connection.ts'
import type { Snapshot } from '../snapshot.ts'
import { type Elapsed, isBefore, plusMs } from '../time/elapsed.ts'
import { DAY, type Instant, MINUTE } from '../time/instant.ts'

/** Why lookups are not believed: AWS refuses the filter, answers with other connections, or a later list says otherwise. */
export const DISTRUSTS = ['refused', 'not-filtered', 'contradicted'] as const
export type Distrust = (typeof DISTRUSTS)[number]

/** The means by which terminations of one endpoint are confirmed between two polls. */
export type Verification =
  /**
   * Lookups. `gone`: the connections that their answers lacked or showed as terminated, and when each answer was complete.
   * The next list begun later has to agree.
   */
  | { readonly state: 'lookups'; readonly gone: ReadonlyMap<string, Instant>; readonly setbacks: number }
  /** Whole lists. Lookups are tried again from `until` on. */
  | { readonly state: 'lists'; readonly because: Distrust; readonly until: Elapsed; readonly setbacks: number }

export type VerificationHappening =
  | { readonly what: 'looked-up'; readonly gone: readonly string[]; readonly completedAt: Instant }
  | { readonly what: 'distrusted'; readonly because: Exclude<Distrust, 'contradicted'> }
  /** A complete snapshot was read. */
  | { readonly what: 'listed'; readonly snapshot: Snapshot }
  | { readonly what: 'time' }

export const BY_LOOKUPS: Verification = { state: 'lookups', gone: new Map(), setbacks: 0 }

/** The time without lookups. It doubles with each setback until a list has agreed with them, up to a day. */
const FIRST_PAUSE_MS = 15 * MINUTE

export const pauseMsAfter = (setbacks: number): number => Math.min(DAY, FIRST_PAUSE_MS * 2 ** (setbacks - 1))

/** The verification after a happening at `now`. */
export const nextVerification = (
  verification: Verification,
  happening: VerificationHappening,
  now: Elapsed,
): Verification => {
  const distrust = (because: Distrust): Verification => {
    const setbacks = verification.setbacks + 1
    return { state: 'lists', because, until: plusMs(now, pauseMsAfter(setbacks)), setbacks }
  }
  if (verification.state === 'lists') {
    const isOver = happening.what === 'time' && !isBefore(now, verification.until)
    return isOver ? { ...BY_LOOKUPS, setbacks: verification.setbacks } : verification
  }
  switch (happening.what) {
    case 'looked-up': {
      if (happening.gone.length === 0) return verification
      const gone = new Map(verification.gone)
      for (const id of happening.gone) gone.set(id, happening.completedAt)
      return { ...verification, gone }
    }
    case 'distrusted':
      return distrust(happening.because)
    case 'listed':
      return verification.gone.size === 0 ? verification : compared(verification, happening.snapshot, distrust)
    case 'time':
      return verification
  }
}

const compared = (
  verification: Extract<Verification, { state: 'lookups' }>,
  { begunAt, completedAt, connections }: Snapshot,
  distrust: (because: Distrust) => Verification,
): Verification => {
  // A clock that was set back since would keep what the lookups said for ever.
  const gone = new Map([...verification.gone].map(([id, at]) => [id, Math.min(at, completedAt)]))
  const isNewer = (at: Instant | undefined) => at !== undefined && begunAt > at
  if (connections.some((connection) => isNewer(gone.get(connection.id)) && isActive(connection)))
    return distrust('contradicted')
  const rest = new Map([...gone].filter(([, at]) => !isNewer(at)))
  return { state: 'lookups', gone: rest, setbacks: rest.size < gone.size ? 0 : verification.setbacks }
}
