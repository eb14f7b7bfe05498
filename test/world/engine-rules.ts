import { type Elapsed, plusMs } from '../../src/domain/time/elapsed.ts'

// What the stand-ins of an engine and of its database decide. A plant replaces an export for the files that import it,
// so that a rule in the file that asks it could not be replaced.

/** How long before the end of the lease a replica stops, by its own clock. */
const MARGIN_MS = 500

/** What a replica does at a beat, given what it sees. */
interface Seen {
  readonly wanted: number
  readonly members: number
  readonly held: number
  readonly free: number
  readonly isOld: boolean
  /** Whether the members have been the same for a while. */
  readonly isSteady: boolean
  /** Whether units have been free for so long that nobody else seems to want them. */
  readonly areLeft: boolean
}

/** How many units to take, and how many to ask back. */
export const balance = ({ wanted, members, held, free, isOld, isSteady, areLeft }: Seen) => {
  if (isOld) return { take: 0, giveBack: held }
  const share = Math.ceil(wanted / Math.max(1, members))
  if (free > 0) return { take: areLeft ? free : Math.min(free, Math.max(0, share - held)), giveBack: 0 }
  return { take: 0, giveBack: isSteady ? Math.max(0, held - share) : 0 }
}

/** Until when the database cannot have given anything away: it waits for the lease after a statement that it answered. */
export const holdsUntil = (sentAt: Elapsed, leaseMs: number): Elapsed => plusMs(sentAt, leaseMs - MARGIN_MS)

/** Whether a unit may be unlocked: its daemon has ended. */
export const mayUnlock = ({ isServed }: { readonly isServed: boolean }): boolean => !isServed

/** Whether a state may replace the one that is kept: its tenure is still the newest one. */
export const mayReplaceState = (epoch: number, { epoch: newest }: { readonly epoch: number }): boolean =>
  epoch === newest
