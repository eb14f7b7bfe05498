import { byUrgency, type TerminateCall } from '../domain/terminate/plan.ts'
import { createTokenBucket, type Rate } from '../domain/terminate/token-bucket.ts'
import { type Instant, SECOND } from '../domain/time/instant.ts'
import { AuditError } from './audit.ts'
import type { Clock } from './clock.ts'
import { type TerminationAnswer, type Vpn, VpnError } from './vpn.ts'

/** Who violation the connections, and who is told what became of the call. */
export interface Requester {
  /** In whose name the call goes out. */
  readonly vpn: Pick<Vpn, 'terminate'>
  /** Asked just before a call leaves; it may have become unnecessary, or too old to act on. */
  mayLeave(call: TerminateCall, now: Instant): boolean
  /** Asked once more when the call, taken already, stands on disk. */
  stillWanted(call: TerminateCall, now: Instant): boolean
  leaving(call: TerminateCall, now: Instant): void
  /** Writes down what is about to be done: durable when it resolves, an AuditError if it cannot be. */
  intend(call: TerminateCall, callId: string): Promise<void>
  answered(call: TerminateCall, answer: TerminationAnswer, now: Instant): void
  failed(call: TerminateCall, error: VpnError, now: Instant): void
  /** The call did not leave after all. */
  withdrawn(call: TerminateCall, why: 'no-record' | 'not-wanted' | 'stopping'): void
}

/** As many calls in flight as the bucket refills in about a second at AWS's own limit, so that slow answers do not slow a cut. */
const IN_FLIGHT = 8

/** The first pause after a throttled call; it doubles up to the longest. */
const PAUSE_MS = SECOND
const LONGEST_PAUSE_MS = 20 * SECOND

/** What an accepted call wins back of our share of the rate after a throttled one halved it: all of it within twenty-five calls. */
const SHARE_WON_BACK = 0.02
const LEAST_SHARE = 0.1

/** How long nothing leaves after a record could not be written. */
const NO_RECORD_PAUSE_MS = 5 * SECOND

/** The one gate through which terminations of one account and Region leave: most urgent first, never faster than the rate. */
export const createTerminationQueue = (options: {
  readonly clock: Clock
  readonly random: () => number
  readonly nextCallId: () => string
  readonly onLength: (length: number, etaSeconds: number) => void
  readonly rate: Rate
}) => {
  const { clock, random, nextCallId, onLength } = options
  let { rate } = options
  // The rate and the pauses are counted in what really passes: a host whose clock jumps ahead must not buy a second burst.
  let bucket = createTokenBucket(rate, clock.elapsed())
  const waiting = new Map<Requester, readonly TerminateCall[]>()
  // Most urgent last, so that taking one is cheap; sorted anew only when decisions change.
  let queue: Array<{ readonly call: TerminateCall; readonly requester: Requester }> = []
  let inFlight = 0
  let pausedUntil = -Infinity
  let throttles = 0
  /** The part of our rate that the account's bucket seems to leave us: halved by a throttled call, won back little by little. */
  let share = 1
  let leftAt = -Infinity
  /** How many calls may be out: one after a throttle, and twice as many with each that is accepted. */
  let most = IN_FLIGHT
  let changed = deferred()

  const wake = () => {
    changed.resolve()
    changed = deferred()
  }

  const tellLength = () => {
    const passed = clock.elapsed()
    const waitMs = queue.length === 0 ? 0 : Math.max(0, bucket.availableAt(passed, queue.length) - passed)
    onLength(queue.length, waitMs / SECOND)
  }

  const throttled = (leftAt: number, passed: number) => {
    // Several calls of one wave come back together: only the first of them is news.
    if (leftAt < pausedUntil) return
    most = 1
    // The account's own bucket is empty: somebody else drinks from it too. Half of each pause is chance, so that two do not keep step.
    bucket.drain(passed)
    share = Math.max(LEAST_SHARE, share / 2)
    const pause = Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** throttles++)
    pausedUntil = passed + pause / 2 + (pause / 2) * random()
  }

  /** Whether what is about to be done stands on disk. */
  const record = async (call: TerminateCall, requester: Requester): Promise<boolean> => {
    try {
      await requester.intend(call, nextCallId())
      return true
    } catch (error) {
      if (!(error instanceof AuditError)) throw error
      pausedUntil = clock.elapsed() + NO_RECORD_PAUSE_MS
      requester.withdrawn(call, 'no-record')
      queue.push({ call, requester })
      return false
    }
  }

  const send = async (call: TerminateCall, requester: Requester, stop: AbortSignal, abort: AbortSignal) => {
    const leftAt = clock.elapsed()
    try {
      if (!(await record(call, requester))) return
      // Writing takes a moment, in which everything may have changed.
      if (stop.aborted) return requester.withdrawn(call, 'stopping')
      if (!requester.stillWanted(call, clock.now())) return requester.withdrawn(call, 'not-wanted')
      const { endpointId, username, decisions } = call
      const answer = await requester.vpn.terminate(
        username === undefined ? { endpointId, connectionId: decisions[0].connection.id } : { endpointId, username },
        abort,
      )
      throttles = 0
      share = Math.min(1, share + SHARE_WON_BACK)
      most = Math.min(IN_FLIGHT, most * 2)
      requester.answered(call, answer, clock.now())
    } catch (error) {
      if (!(error instanceof VpnError)) throw error
      if (error.code === 'throttled') {
        throttled(leftAt, clock.elapsed())
        queue.push({ call, requester })
      }
      requester.failed(call, error, clock.now())
    } finally {
      inFlight--
      wake()
    }
  }

  return {
    /** The newest calls of a requester take the place of its older ones. */
    replace(requester: Requester, calls: readonly TerminateCall[]): void {
      if (calls.length === 0 && (waiting.get(requester) ?? []).length === 0) return
      waiting.set(requester, calls)
      if (calls.length === 0) waiting.delete(requester)
      const now = clock.now()
      queue = [...waiting]
        .flatMap(([from, wanted]) => wanted.map((call) => ({ call, requester: from })))
        .filter((entry) => entry.requester.mayLeave(entry.call, now))
        .sort((a, b) => byUrgency(b.call.decisions[0], a.call.decisions[0]))
      tellLength()
      wake()
    },

    /** The new bucket starts empty: an edit must not buy a second burst. */
    setRate(next: Rate): void {
      if (next.burst === rate.burst && next.perSecond === rate.perSecond) return
      rate = next
      bucket = createTokenBucket(rate, clock.elapsed())
      bucket.drain(clock.elapsed())
    },

    get busy(): boolean {
      return inFlight > 0 || queue.length > 0
    },

    get inFlight(): number {
      return inFlight
    },

    /** Sends until `stop` is aborted; then takes no new call and waits for those in flight, which `abort` ends. */
    async run(stop: AbortSignal, abort: AbortSignal): Promise<void> {
      const calls = new Set<Promise<void>>()
      stop.addEventListener('abort', wake, { once: true })
      while (!stop.aborted) {
        const next = queue.at(-1)
        if (next === undefined || inFlight >= most) {
          await changed.promise
          continue
        }
        const passed = clock.elapsed()
        const spacedAt = share < 1 ? leftAt + SECOND / (rate.perSecond * share) : passed
        const leavesAt = Math.max(pausedUntil, bucket.availableAt(passed), spacedAt)
        if (leavesAt > passed) {
          await clock.sleep(Math.min(SECOND, leavesAt - passed), stop)
          continue
        }
        queue.pop()
        const now = clock.now()
        if (next.requester.mayLeave(next.call, now) && bucket.tryTake(passed)) {
          inFlight++
          leftAt = passed
          next.requester.leaving(next.call, now)
          const sent = send(next.call, next.requester, stop, abort)
          calls.add(sent)
          void sent.finally(() => calls.delete(sent))
        }
        tellLength()
      }
      await Promise.all(calls)
    },
  }
}

export type TerminationQueue = ReturnType<typeof createTerminationQueue>

const deferred = () => {
  let resolve: () => void = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
