import { type FetchFunction, LogLevel, WebClient } from '@slack/web-api'
import { SECOND } from '../../domain/time/instant.ts'

/** Of one request. `delivery.ts` limits the whole. */
const TIMEOUT_MS = 10 * SECOND

/** Slack's own client. This file is loaded only where direct messages are sent. */
export const openSlackClient = (token: string, apiUrl: string | undefined, fetch: FetchFunction): WebClient =>
  new WebClient(token, {
    ...(apiUrl === undefined ? {} : { slackApiUrl: apiUrl }),
    allowAbsoluteUrls: false,
    // `delivery.ts` sends again, and counts it.
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: TIMEOUT_MS,
    fetch,
    // Its lines would repeat requests and answers. What matters is in the receipt.
    logger: {
      debug() {},
      info() {},
      warn() {},
      error() {},
      setLevel() {},
      setName() {},
      getLevel: () => LogLevel.ERROR,
    },
  })
