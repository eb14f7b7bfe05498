import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import type { Instant } from '../../domain/time/instant.ts'
import { type AccessOptions, createAccess } from './access.ts'
import { MalformedAnswer } from './answer-body.ts'
import { createExchange } from './exchange.ts'
import { createReading, createRenewal } from './renewal.ts'

/** One event of a log group. `publishedAt` is when the service that wrote it published it, at or after what it tells. */
export interface LogEvent {
  readonly publishedAt: Instant
  readonly message: string
}

/** The events of a log group that were published from `from` to `to`, both included. */
export interface LogEventsWanted {
  /** The name of the log group, or its ARN without an end `:*`. */
  readonly logGroup: string
  readonly from: Instant
  readonly to: Instant
}

/** A page of events. It may be empty and still have a next page. */
export interface LogEventsPage {
  readonly events: readonly LogEvent[]
  /** Absent on the last page. */
  readonly nextToken: string | undefined
}

/** CloudWatch Logs in one account and Region. Every failure is a `VpnError`. */
export interface LogEvents {
  page(wanted: LogEventsWanted, token: string | undefined, signal: AbortSignal): Promise<LogEventsPage>
  close(): void
}

/** Throws `MalformedAnswer` if the list is missing or an event is not whole. Only an empty list means "no events". */
const wholeEvents = (
  list: readonly { readonly timestamp?: number | undefined; readonly message?: string | undefined }[] | undefined,
): readonly LogEvent[] => {
  if (!Array.isArray(list)) throw new MalformedAnswer('the answer holds no list of events')
  return list.map(({ timestamp, message }) => {
    if (typeof timestamp !== 'number' || typeof message !== 'string') {
      throw new MalformedAnswer('an event has no time or no message')
    }
    return { publishedAt: timestamp, message }
  })
}

/** Reads log groups with the SDK's default credentials or those of a role. `requestTimeoutMs` limits each page. */
export const createLogEvents = (options: AccessOptions): LogEvents => {
  const { region, requestTimeoutMs: limitMs, clock, outgoing } = options
  const access = createAccess(options)
  const client = new CloudWatchLogsClient({
    ...access.common,
    maxAttempts: 3,
    requestHandler: access.requestHandler,
    credentials: access.credentials,
  })
  const { whyNoCredentials } = access
  const exchange = createExchange({ region, limitMs, clock, onRequest: undefined, whyNoCredentials, outgoing })
  const reading = createReading(createRenewal(client.config.credentials, limitMs, clock))
  return {
    page({ logGroup, from, to }, token, signal) {
      const group = logGroup.startsWith('arn:') ? { logGroupIdentifier: logGroup } : { logGroupName: logGroup }
      return reading(signal, () => {
        const command = new FilterLogEventsCommand({ ...group, startTime: from, endTime: to, nextToken: token })
        return exchange.carry({
          action: 'FilterLogEvents',
          endpointId: undefined,
          logGroup,
          command,
          signal,
          send: async (abortSignal) => {
            const { events, nextToken } = await client.send(command, { abortSignal })
            return { events: wholeEvents(events), nextToken: nextToken || undefined }
          },
        })
      })
    },
    close: () => client.destroy(),
  }
}
