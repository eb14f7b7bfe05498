import type { TerminateCall } from '../domain/terminate/plan.ts'
import { type Elapsed, FAR_AHEAD, isBefore, LONG_AGO, plusMs } from '../domain/time/elapsed.ts'
import { SECOND } from '../domain/time/instant.ts'
import { backoffMs } from './backoff.ts'
import type { Clock } from './clock.ts'
import type { VpnErrorCode } from './vpn.ts'

/** The pauses before a probe. */
const PROBE_BACKOFF = { firstMs: 2 * SECOND, longestMs: 30 * SECOND }

/**
 * Whether AWS refuses the next call too, whichever connection it names, until an operator does something. `bad-request`
 * is also the code of every unknown refusal, which may be about one connection.
 */
const isRefusal = (code: VpnErrorCode | 'accepted'): boolean => {
  switch (code) {
    case 'denied':
    case 'no-credentials':
    case 'bad-credentials':
    case 'expired-credentials':
    case 'endpoint-not-found':
      return true
    default:
      return false
  }
}

/** Whether the answer shows that AWS permits calls. */
const isPermitted = (code: VpnErrorCode | 'accepted'): boolean => {
  switch (code) {
    case 'accepted':
    case 'connection-not-found':
    case 'user-not-found':
    case 'too-many-connections':
      return true
    default:
      return false
  }
}

const connectionOf = ({ decisions }: TerminateCall): string => decisions[0].connection.id

interface Refused {
  readonly times: number
  /** The connections whose calls AWS refused. A probe names another connection, if there is one. */
  readonly tried: Set<string>
  readonly refusedAt: Elapsed
  /** `waiting`: a probe may leave at `at`. `under way`: no other call leaves before its answer. */
  readonly probe: { readonly state: 'waiting'; readonly at: Elapsed } | { readonly state: 'under way' }
}

/**
 * The endpoints whose last call AWS refused. Of their calls one leaves at a time, as a probe, with pauses that double.
 * Otherwise refused calls would use up the rate that calls of other endpoints need.
 */
export const createRefusals = <Of extends object>(clock: Pick<Clock, 'elapsed'>, random: () => number) => {
  const refused = new WeakMap<Of, Refused>()

  return {
    /** From when on a call may leave. */
    mayLeaveAt(of: Of): Elapsed {
      const probe = refused.get(of)?.probe
      if (probe === undefined) return LONG_AGO
      return probe.state === 'waiting' ? probe.at : FAR_AHEAD
    },

    /** The call that leaves next. `calls`: the calls that wait, the most urgent last. */
    nextOf(of: Of, calls: readonly TerminateCall[]): TerminateCall | undefined {
      const tried = refused.get(of)?.tried
      if (tried === undefined) return calls.at(-1)
      return calls.findLast((call) => !tried.has(connectionOf(call))) ?? calls.at(-1)
    },

    left(of: Of): void {
      const known = refused.get(of)
      if (known !== undefined) refused.set(of, { ...known, probe: { state: 'under way' } })
    },

    /** The call that left at `leftAt` has ended. `code`: the answer; undefined if there was none, or nothing was sent. */
    ended(of: Of, call: TerminateCall, leftAt: Elapsed, code: VpnErrorCode | 'accepted' | undefined): void {
      const known = refused.get(of)
      if (code !== undefined && isRefusal(code)) {
        const tried = (known?.tried ?? new Set()).add(connectionOf(call))
        // Several calls in flight may be refused together. Only the first of them changes the pause.
        if (known !== undefined && isBefore(leftAt, known.refusedAt)) return
        const [times, refusedAt] = [(known?.times ?? 0) + 1, clock.elapsed()]
        const at = plusMs(refusedAt, backoffMs(PROBE_BACKOFF, times, random))
        refused.set(of, { times, tried, refusedAt, probe: { state: 'waiting', at } })
      } else if (known !== undefined && code !== undefined && isPermitted(code)) refused.delete(of)
      else if (known !== undefined) refused.set(of, { ...known, probe: { state: 'waiting', at: clock.elapsed() } })
    },
  }
}
