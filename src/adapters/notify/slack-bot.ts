import type { FetchFunction, WebClient } from '@slack/web-api'
import type { Clock } from '../../app/clock.ts'
import { type PersonStyle, personMessage } from '../../app/person-message.ts'
import { createTokenBucket, type Rate } from '../../domain/terminate/token-bucket.ts'
import { type Elapsed, isBefore, msBetween, plusMs } from '../../domain/time/elapsed.ts'
import { HOUR, MINUTE, SECOND } from '../../domain/time/instant.ts'
import type { Letter } from './person-outbox.ts'
import type { Receipt } from './retry.ts'
import { code, escaped } from './slack-message.ts'

/** Slack allows a workspace several hundred messages a minute: docs.slack.dev/apis/web-api/rate-limits. */
export const SLACK_BOT_RATE: Rate = { burst: 5, perSecond: 3 }

/** users.lookupByEmail is in tier 3, which allows more than 50 requests a minute. */
const LOOKUP_RATE: Rate = { burst: 20, perSecond: 50 / 60 }

/** How long a member is remembered, and how long it is remembered that there is none. */
const [FOUND_MS, NOT_FOUND_MS] = [HOUR, 10 * MINUTE]

/** The most members that are remembered. */
const MOST_MEMBERS = 10_000

/** Names and reasons are code, in which Slack reads no markup. */
const MARKUP: PersonStyle = { value: code, link: (url) => `<${escaped(url)}>` }

interface SlackApp {
  readonly token: string
  /** Undefined for the URL of the library. */
  readonly apiUrl: string | undefined
}

interface Member {
  /** Undefined if no member has the address. */
  readonly id: string | undefined
  readonly until: Elapsed
}

/** Sends direct messages as a Slack app. */
export const createSlackBot = ({ token, apiUrl }: SlackApp, clock: Clock, request: FetchFunction) => {
  /** By address. */
  const members = new Map<string, Member>()
  const lookups = createTokenBucket(LOOKUP_RATE, clock.elapsed())
  /** That of the message that is being sent: messages are sent one by one. */
  let signal = new AbortController().signal

  const open = async (): Promise<WebClient> => {
    const { openSlackClient } = await import('./slack-client.ts')
    return openSlackClient(token, apiUrl, (url, init) =>
      request(url, {
        ...init,
        signal: AbortSignal.any([signal, ...(init?.signal === undefined ? [] : [init.signal])]),
      }),
    )
  }
  let opening: Promise<WebClient> | undefined

  const memberOf = async (client: WebClient, email: string): Promise<string | undefined> => {
    const known = members.get(email)
    if (known !== undefined && isBefore(clock.elapsed(), known.until)) return known.id
    const waitMs = msBetween(clock.elapsed(), lookups.availableAt(clock.elapsed()))
    if (waitMs > 0) await clock.sleep(waitMs, signal)
    lookups.tryTake(clock.elapsed())
    const id = await client.users.lookupByEmail({ email }).then(
      ({ user }) => user?.id,
      (error: unknown) => {
        if (platformErrorOf(error) === 'users_not_found') return undefined
        throw error
      },
    )
    members.delete(email)
    members.set(email, { id, until: plusMs(clock.elapsed(), id === undefined ? NOT_FOUND_MS : FOUND_MS) })
    const [oldest] = members.keys()
    if (members.size > MOST_MEMBERS && oldest !== undefined) members.delete(oldest)
    return id
  }

  return {
    async send({ address, news, more, now }: Letter, cancelled: AbortSignal): Promise<Receipt> {
      signal = cancelled
      try {
        opening ??= open()
        const client = await opening
        const channel = await memberOf(client, address)
        if (channel === undefined) return { result: 'lost', code: 'users_not_found', advice: NO_MEMBER }
        const { text } = personMessage(news, more, now, MARKUP)
        await client.chat.postMessage({
          channel,
          text,
          parse: 'none',
          link_names: false,
          unfurl_links: false,
          unfurl_media: false,
        })
        return { result: 'delivered', code: 'ok' }
      } catch (error) {
        return receiptOfFailure(error)
      }
    },
  }
}

const NO_MEMBER =
  'Slack has no member with this address: correct it in the file of "people", or invite the person into the workspace'

/** The errors of the library. */
interface SlackFailure {
  readonly code?: string
  /** The answer. */
  readonly data?: { readonly error?: string }
  readonly statusCode?: number
  /** In seconds. */
  readonly retryAfter?: number
  readonly original?: { readonly code?: string; readonly cause?: { readonly code?: string } }
}

const platformErrorOf = (error: unknown): string | undefined => {
  const { code: kind, data } = error as SlackFailure
  return kind === 'slack_webapi_platform_error' ? (data?.error ?? 'unknown') : undefined
}

const TOKEN = 'Slack refused the token: write a bot token of a Slack app that is installed in the workspace'
const SCOPES = 'The Slack app lacks a scope: give it users:read.email and chat:write, and install it again'

/** Errors that concern every message, and what to do about them. They may be over after a while. */
const OF_THE_APP: Readonly<Record<string, string | undefined>> = {
  invalid_auth: TOKEN,
  not_authed: TOKEN,
  account_inactive: TOKEN,
  token_expired: TOKEN,
  token_revoked: TOKEN,
  not_allowed_token_type: TOKEN,
  missing_scope: SCOPES,
  no_permission: SCOPES,
  access_denied: SCOPES,
  ekm_access_denied: 'An administrator of the workspace has suspended messages of apps: ask there',
  team_access_not_granted: 'The workspace does not grant access to the Slack app: install it there',
  internal_error: undefined,
  fatal_error: undefined,
  service_unavailable: undefined,
  request_timeout: undefined,
  ratelimited: undefined,
  rate_limited: undefined,
}

const receiptOfFailure = (error: unknown): Receipt => {
  const { retryAfter, statusCode, original } = error as SlackFailure
  const refused = platformErrorOf(error)
  if (refused !== undefined) {
    if (!Object.hasOwn(OF_THE_APP, refused)) return { result: 'lost', code: refused }
    const advice = OF_THE_APP[refused]
    return { result: 'retry', code: refused, ...(advice === undefined ? {} : { advice }) }
  }
  if (retryAfter !== undefined) return { result: 'retry', code: 'ratelimited', retryAfterMs: retryAfter * SECOND }
  if (statusCode !== undefined) return { result: 'retry', code: `HTTP ${statusCode}` }
  return { result: 'retry', code: original?.cause?.code ?? original?.code ?? (error as Error).name }
}
