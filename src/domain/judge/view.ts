import type { Snapshot } from '../snapshot.ts'
import { type Instant, NEVER, SECOND } from '../time/instant.ts'

/** One line for an operator. */
interface Reason {
  readonly because: string
  /** The same where names are not to be shown. Undefined: `because` names nobody. */
  readonly nameless?: string | undefined
}

/** What Curfew can see of one endpoint. */
export type EndpointView =
  /** The first read has not ended yet. */
  | { readonly state: 'unseen' }
  /** The last read succeeded. From `confirmAt` on a newer snapshot must confirm counters and statuses. */
  | { readonly state: 'fresh'; readonly snapshot: Snapshot; readonly confirmAt: Instant }
  /** Policies may read only facts that never change from the snapshot. */
  | ({
      readonly state: 'stale'
      readonly snapshot: Snapshot
      readonly confirmAt: Instant
      readonly why: 'read-failed' | 'to-be-confirmed'
    } & Reason)
  /** Nothing can be decided, and nothing is terminated. Only a new snapshot ends this. */
  | ({ readonly state: 'blind'; readonly snapshot: Snapshot | undefined } & Reason)
  /** The endpoint is no longer watched. */
  | { readonly state: 'retired' }

/** An event that may change a view. */
export type Sighting =
  | { readonly what: 'snapshot'; readonly snapshot: Snapshot }
  /** The endpoint could not be read completely. */
  | ({ readonly what: 'failure' } & Reason)
  | { readonly what: 'time' }
  | { readonly what: 'retirement' }

interface ViewLimits {
  /** How long policies on facts that never change may use the last snapshot. */
  readonly staleAfterMs: number
  /** Whether AWS has confirmed the clock, and the host's clock is not too far from it. */
  readonly isClockTrusted: boolean
}

/** A snapshot dated further in the future than this was dated by a clock that has been set back since. */
const AHEAD_MS = 60 * SECOND

const CONFIRM = 'a newer snapshot has to confirm its counters and statuses'

/** Why nothing can be decided by the clock. */
export const CLOCK_NOT_CONFIRMED =
  'AWS has not confirmed the clock, or the clocks of the host and of AWS are too far apart'

/** Why the snapshot cannot be used at all; undefined if it can. */
const blindness = (snapshot: Snapshot, now: Instant, limits: ViewLimits): string | undefined => {
  if (!limits.isClockTrusted) return CLOCK_NOT_CONFIRMED
  if (snapshot.begunAt - now > AHEAD_MS) return 'the last snapshot is dated in the future: a clock was set back'
  return now - snapshot.begunAt > limits.staleAfterMs ? 'the last snapshot is too old' : undefined
}

/** The first instant at which a snapshot is too old to act on. */
export const tooOldAt = ({ begunAt }: Snapshot, { staleAfterMs }: Pick<ViewLimits, 'staleAfterMs'>): Instant =>
  begunAt + staleAfterMs + 1

const seeing = (snapshot: Snapshot, confirmAt: Instant, now: Instant, limits: ViewLimits): EndpointView => {
  const because = blindness(snapshot, now, limits)
  if (because !== undefined) return { state: 'blind', snapshot, because }
  return now < confirmAt
    ? { state: 'fresh', snapshot, confirmAt }
    : { state: 'stale', snapshot, confirmAt, why: 'to-be-confirmed', because: CONFIRM }
}

/** The view after a sighting at `now`. */
export const nextView = (view: EndpointView, sighting: Sighting, now: Instant, limits: ViewLimits): EndpointView => {
  if (view.state === 'retired') return view
  switch (sighting.what) {
    case 'retirement':
      return { state: 'retired' }
    case 'snapshot': {
      const { snapshot } = sighting
      const before = 'confirmAt' in view ? view.confirmAt : NEVER
      // A snapshot confirms only if it was begun at `confirmAt` or later.
      return seeing(snapshot, snapshot.begunAt >= before ? NEVER : before, now, limits)
    }
    case 'failure': {
      const { because, nameless } = sighting
      const snapshot = 'snapshot' in view ? view.snapshot : undefined
      if (snapshot === undefined || view.state === 'blind' || blindness(snapshot, now, limits) !== undefined) {
        return { state: 'blind', snapshot, because, nameless }
      }
      const confirmAt = 'confirmAt' in view ? view.confirmAt : NEVER
      return { state: 'stale', snapshot, confirmAt, why: 'read-failed', because, nameless }
    }
    case 'time': {
      if (view.state === 'fresh') return seeing(view.snapshot, view.confirmAt, now, limits)
      if (view.state !== 'stale') return view
      const { snapshot, why } = view
      const because = blindness(snapshot, now, limits)
      if (because === undefined) return view
      if (why === 'to-be-confirmed') return { state: 'blind', snapshot, because }
      return { state: 'blind', snapshot, because: view.because, nameless: view.nameless }
    }
  }
}
