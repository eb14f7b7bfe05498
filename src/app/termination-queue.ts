import type { Decision } from '../domain/decide.ts'
import { type Instant, SECOND } from '../domain/instant.ts'
import { byUrgency } from '../domain/plan.ts'
import { createTokenBucket, type Rate } from '../domain/token-bucket.ts'
import type { Clock } from './clock.ts'
import { type TerminationAnswer, type Vpn, VpnError } from './vpn.ts'

/** Who condemned the connection, and who is told what became of the call. */
export interface Requester {
  /** Asked just before a call leaves; it may have become unnecessary, or too old to act on. */
  mayLeave(decision: Decision, now: Instant): boolean
  leaving(decision: Decision, now: Instant): void
  answered(decision: Decision, answer: TerminationAnswer, now: Instant): void
  failed(decision: Decision, error: VpnError, now: Instant): void
}

/** As many calls in flight as the bucket refills in about a second at AWS's own limit, so that slow answers do not slow a cut. */
const IN_FLIGHT = 8

/** The first pause after a throttled call; it doubles up to the longest. */
const PAUSE_MS = SECOND
const LONGEST_PAUSE_MS = 20 * SECOND

/** The one gate through which terminations of one account and Region leave: most urgent first, never faster than the rate. */
export const createTerminationQueue = (options: {
  readonly vpn: Pick<Vpn, 'terminate'>
  readonly clock: Clock
  readonly random: () => number
  readonly onLength: (length: number, etaSeconds: number) => void
  readonly rate: Rate
}) => {
  const { vpn, clock, random, onLength } = options
  let { rate } = options
  let bucket = createTokenBucket(rate, clock.now())
  const waiting = new Map<Requester, readonly Decision[]>()
  // Most urgent last, so that taking one is cheap; sorted anew only when decisions change.
  let queue: Array<{ decision: Decision; requester: Requester }> = []
  let inFlight = 0
  let pausedUntil: Instant = -Infinity
  let throttles = 0
  let changed = deferred()

  const wake = () => {
    changed.resolve()
    changed = deferred()
  }

  const tellLength = (now: Instant) =>
    onLength(queue.length, queue.length === 0 ? 0 : Math.max(0, bucket.availableAt(now, queue.length) - now) / SECOND)

  const send = async (decision: Decision, requester: Requester, signal: AbortSignal) => {
    requester.leaving(decision, clock.now())
    try {
      const { endpointId, id: connectionId } = decision.connection
      const answer = await vpn.terminate({ endpointId, connectionId }, signal)
      throttles = 0
      requester.answered(decision, answer, clock.now())
    } catch (error) {
      if (!(error instanceof VpnError)) throw error
      const now = clock.now()
      if (error.code === 'throttled') {
        // The account's own bucket is empty: somebody else drinks from it too. Half of each pause is chance, so that two do not keep step.
        bucket.drain(now)
        const pause = Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** throttles++)
        pausedUntil = now + pause / 2 + (pause / 2) * random()
        queue.push({ decision, requester })
      }
      requester.failed(decision, error, now)
    } finally {
      inFlight--
      wake()
    }
  }

  return {
    /** The newest decisions of a requester take the place of its older ones. */
    replace(requester: Requester, decisions: readonly Decision[]): void {
      if (decisions.length === 0 && (waiting.get(requester) ?? []).length === 0) return
      waiting.set(requester, decisions)
      if (decisions.length === 0) waiting.delete(requester)
      const now = clock.now()
      queue = [...waiting]
        .flatMap(([from, wanted]) => wanted.map((decision) => ({ decision, requester: from })))
        .filter((entry) => entry.requester.mayLeave(entry.decision, now))
        .sort((a, b) => byUrgency(b.decision, a.decision))
      tellLength(now)
      wake()
    },

    /** The new bucket starts empty: an edit must not buy a second burst. */
    setRate(next: Rate): void {
      if (next.burst === rate.burst && next.perSecond === rate.perSecond) return
      rate = next
      bucket = createTokenBucket(rate, clock.now())
      bucket.drain(clock.now())
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
      const onStop = () => wake()
      stop.addEventListener('abort', onStop, { once: true })
      while (!stop.aborted) {
        const next = queue.at(-1)
        if (next === undefined || inFlight >= IN_FLIGHT) {
          await changed.promise
          continue
        }
        const now = clock.now()
        const leavesAt = Math.max(pausedUntil, bucket.availableAt(now))
        if (leavesAt > now) {
          await clock.sleep(Math.min(SECOND, leavesAt - now), stop)
          continue
        }
        queue.pop()
        if (next.requester.mayLeave(next.decision, now) && bucket.tryTake(now)) {
          inFlight++
          const call = send(next.decision, next.requester, abort)
          calls.add(call)
          void call.finally(() => calls.delete(call))
        }
        tellLength(now)
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
