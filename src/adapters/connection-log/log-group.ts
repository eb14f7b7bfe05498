import { type BackoffRule, backoffMs } from '../../app/backoff.ts'
import type { Clock } from '../../app/clock.ts'
import { VpnError, type VpnErrorCode } from '../../app/vpn.ts'
import { HOUR, type Instant, SECOND, toText } from '../../domain/time/instant.ts'
import type { LogEvent, LogEvents } from '../aws/log-events.ts'
import type { Lines } from './lines-read.ts'
import { UnreadableLog } from './unreadable.ts'

export interface LogGroupWanted {
  /** The name of the log group, or its ARN. */
  readonly logGroup: string
  /** The sessions that were up at some instant from `from` to before `to` are wanted. */
  readonly from: Instant
  readonly to: Instant
}

/** A pause after a page that AWS did not give, before the page is asked for again. */
export interface Pause {
  readonly ms: number
  readonly failure: VpnError
}

interface ReadLogGroup {
  /** Counts the lines, and passes their records on. */
  readonly lines: Lines
  readonly clock: Pick<Clock, 'now' | 'sleep'>
  /** From 0 up to before 1. */
  readonly random: () => number
  readonly onPause?: ((pause: Pause) => void) | undefined
  /** `totalBytes` is estimated by the part of the period that was read, because events come in the order of time. */
  readonly onProgress?:
    | ((progress: { readonly bytes: number; readonly totalBytes: number | undefined }) => void)
    | undefined
  readonly signal: AbortSignal
}

/**
 * CloudWatch Logs knows when a line was published, not what it tells of. A session of the period may have begun a day
 * before it and end a day after it, as AWS ends each after 24 hours at the latest, and a line is published with a delay.
 */
const MARGIN_MS = 25 * HOUR

const BACKOFF: BackoffRule = { firstMs: 2 * SECOND, longestMs: 30 * SECOND }

/** Failures in a row, about two minutes. */
const MOST_FAILURES = 8

/** Failures after which the next attempt may succeed. */
const PASSING: ReadonlySet<VpnErrorCode> = new Set(['throttled', 'server-error', 'timeout', 'unreachable'])

/**
 * Reads a log group of CloudWatch Logs: all pages, or a failure. Throws `VpnError`, `UnreadableLog`, or the reason of
 * `signal`.
 */
export const readLogGroup = async (
  client: LogEvents,
  { logGroup, ...period }: LogGroupWanted,
  { lines, clock, random, onPause, onProgress, signal }: ReadLogGroup,
): Promise<void> => {
  // The end is not after now: a log group that is written to while it is read would have no last page.
  const wanted = {
    logGroup,
    from: Math.max(0, period.from - MARGIN_MS),
    to: Math.min(period.to + MARGIN_MS, clock.now()),
  }
  const before = lines.result()
  const tokens = new Set<string>()
  let [count, bytes, failures] = [0, 0, 0]
  let token: string | undefined

  const take = ({ message }: LogEvent) => {
    count++
    bytes += message.length
    let value: unknown
    try {
      value = JSON.parse(message)
    } catch {
      lines.fail(logGroup, count, 'it is no JSON')
      return
    }
    lines.take(value, logGroup, count)
  }

  /** Before the first answer only a throttle is worth waiting for: any other failure needs the operator. */
  const mayPass = ({ code }: VpnError) => PASSING.has(code) && (token !== undefined || code === 'throttled')

  for (;;) {
    signal.throwIfAborted()
    try {
      const { events, nextToken } = await client.page(wanted, token, signal)
      failures = 0
      for (const event of events) take(event)
      const latest = events.at(-1)?.publishedAt
      if (latest !== undefined) onProgress?.({ bytes, totalBytes: bytes / partRead(wanted, latest) })
      if (nextToken === undefined) break
      if (tokens.has(nextToken)) throw new VpnError('malformed', leadsBack(logGroup))
      tokens.add(nextToken)
      token = nextToken
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof VpnError) || !mayPass(error) || ++failures > MOST_FAILURES) throw error
      const ms = backoffMs(BACKOFF, failures, random)
      onPause?.({ ms, failure: error })
      await clock.sleep(ms, signal)
    }
  }
  if (lines.result().understood === before.understood) {
    throw new UnreadableLog('not-understood', nothingUnderstood(wanted, count, lines))
  }
}

/** Above 0, so that it can divide. */
const partRead = ({ from, to }: LogGroupWanted, latest: Instant): number =>
  Math.min(1, Math.max(0.001, (latest - from) / (to - from)))

const leadsBack = (logGroup: string) =>
  `FilterLogEvents of ${logGroup}: the list leads back to a page that was already read, so it is not whole; try again`

const nothingUnderstood = ({ logGroup, from, to }: LogGroupWanted, count: number, lines: Lines): string => {
  if (count === 0) {
    return `the log group ${logGroup} has no events that were published from ${toText(from)} to ${toText(to)}: check the period, how long the log group keeps its events, and that ConnectionLogOptions of the endpoint name it`
  }
  const first = lines.result().firstFailed.find(({ file }) => file === logGroup)
  const found = first === undefined ? '' : ` (event ${first.line}: ${first.problem})`
  return `the log group ${logGroup} has no event that was understood${found}: expected the connection log of AWS Client VPN; ConnectionLogOptions of an endpoint name its log group`
}
