import type { Clock } from '../../app/clock.ts'
import type { Way } from '../../app/survey.ts'
import type { VpnErrorCode } from '../../app/vpn.ts'
import { type Elapsed, msBetween } from '../../domain/time/elapsed.ts'
import type { Instant } from '../../domain/time/instant.ts'
import { DIRECT, type Outgoing } from '../proxy/outgoing.ts'
import type { Proxy } from '../proxy/proxy.ts'
import type { ActionName } from './actions.ts'
import { checkBody, checkJson, readBody } from './answer-body.ts'
import { RoleNotAssumed } from './assumed-role.ts'
import { readConnectionsPage } from './connections-page.ts'
import { awsCodeOf, codeBeforeSending, requestIdOf, vpnErrorCode } from './error-codes.ts'
import { vpnErrorOf } from './failure-message.ts'
import { NotHeld } from './last-question.ts'
import type { NoCredentials } from './profile-problem.ts'
import type { PageRead } from './reading-protocol.ts'
import { checkProtocol } from './wrong-url.ts'
import { withReadableReferences } from './xml-references.ts'

/** One HTTP attempt. The SDK may make several for one call. */
export interface ApiRequest {
  readonly action: ActionName
  /** `ok`, or AWS's code, or Curfew's code where AWS sent none. */
  readonly code: string
  readonly throttled: boolean
  /** From the first byte sent to the last byte read and parsed, in milliseconds. */
  readonly durationMs: number
  readonly startedAt: Elapsed
  /** When the head of the answer arrived, or the attempt failed. AWS wrote `Date` between `startedAt` and `endedAt`. */
  readonly endedAt: Elapsed
  /**
   * The `Date` header, which HTTP rounds down to the second. Undefined unless AWS itself wrote the answer: the clock of a
   * proxy tells nothing about sessions.
   */
  readonly dateHeader: Instant | undefined
}

interface ExchangeOptions {
  readonly region: string
  /** The time limit of one call: all its attempts, the pauses between them, and the bodies. */
  readonly limitMs: number
  readonly clock: Clock
  readonly onRequest: ((request: ApiRequest) => void) | undefined
  readonly whyNoCredentials?: (error: unknown) => Promise<NoCredentials>
  /** Default: without a proxy. */
  readonly outgoing?: Pick<Outgoing, 'proxyFor' | 'exemptBy'> | undefined
}

interface HttpRequest {
  readonly protocol: string
  readonly hostname: string
  readonly port?: number
}

interface HttpAnswer {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string | undefined>>
  body: unknown
}

type Middleware = <Args extends { request: unknown }, Result extends { response: unknown }>(
  next: (args: Args) => Promise<Result>,
) => (args: Args) => Promise<Result>

/** The part of an SDK command to which middleware is added, which runs on each attempt. */
interface Command {
  readonly middlewareStack: {
    add(middleware: Middleware, place: { step: 'deserialize'; priority: 'high' | 'low'; name: string }): void
  }
}

interface Call<Output> {
  readonly action: ActionName
  /** Undefined for a call that concerns the whole account. */
  readonly endpointId: string | undefined
  /** The name of the log group that the call reads. */
  readonly logGroup?: string
  readonly command: Command
  readonly send: (abortSignal: AbortSignal) => Promise<Output>
  readonly signal: AbortSignal
  /** Called before each attempt with the way on which it is sent. */
  readonly onSend?: (way: Way) => void
}

const addressOf = ({ protocol, hostname, port }: HttpRequest) =>
  `${hostname}:${port ?? (protocol === 'http:' ? 80 : 443)}`

const urlOf = ({ protocol, hostname, port }: HttpRequest) => new URL(`${protocol}//${hostname}:${port ?? ''}`)

/** The date of an answer, in the one form that HTTP allows. Undefined for an answer from a cache, which is older. */
const dateOf = ({ headers: { date = '', age } }: HttpAnswer): Instant | undefined => {
  const at = Date.parse(date)
  return age === undefined && !Number.isNaN(at) && new Date(at).toUTCString() === date ? at : undefined
}

/** Whether AWS wrote the error: it has AWS's code and the id of the request. */
const isOfAws = (error: unknown): boolean => awsCodeOf(error) !== undefined && requestIdOf(error) !== undefined

/** Makes calls to AWS within a time limit. Checks and reports every attempt. Every failure is a `VpnError`. */
export const createExchange = ({
  region,
  limitMs,
  clock,
  onRequest,
  whyNoCredentials,
  outgoing = DIRECT,
}: ExchangeOptions) => ({
  async carry<Output>({ action, endpointId, logGroup, command, send, signal, onSend }: Call<Output>): Promise<Output> {
    const stop = new AbortController()
    let late = false
    // Neither AbortSignal.timeout nor AbortSignal.any: both stay tied to a signal that lives as long as the process.
    const timer = setTimeout(() => {
      late = true
      stop.abort()
    }, limitMs)
    let address: string | undefined
    let proxy: Proxy | undefined
    let exemptBy: string | undefined
    /** The SDK ignores its abort signal while it looks for credentials. STS or a `credential_process` may hang. */
    let giveUpSearch: (reason: Error) => void = () => {}
    const searchGivenUp = new Promise<never>((_, reject) => {
      giveUpSearch = reject
    })
    stop.signal.addEventListener('abort', () => {
      if (address === undefined) giveUpSearch(new Error('stopped while looking for credentials'))
    })
    const onAbort = () => stop.abort()
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) stop.abort()

    let head: { readonly at: Elapsed; readonly date: Instant | undefined } | undefined
    /** The error of the last attempt, while the SDK waits for the next one. */
    let lastFailure: unknown

    const codeOf = (error: unknown): VpnErrorCode => {
      if (error instanceof NotHeld) return 'not-held'
      if (signal.aborted) return 'aborted'
      if (late) return 'timeout'
      return address === undefined ? codeBeforeSending(error) : vpnErrorCode(error)
    }

    /** The outermost middleware: it sees whether the SDK counts the attempt as a success or a failure. */
    const reportAttempt: Middleware = (next) => async (args) => {
      checkProtocol(args.request as HttpRequest)
      address = addressOf(args.request as HttpRequest)
      const url = urlOf(args.request as HttpRequest)
      proxy = outgoing.proxyFor(url)
      exemptBy = outgoing.exemptBy(url)
      onSend?.({ address, proxy, exemptBy })
      head = undefined
      lastFailure = undefined
      const startedAt = clock.elapsed()
      const report = (code: string, throttled: boolean, ofAws: boolean) => {
        const reportedAt = clock.elapsed()
        onRequest?.({
          action,
          code,
          throttled,
          durationMs: msBetween(startedAt, reportedAt),
          startedAt,
          endedAt: head?.at ?? reportedAt,
          dateHeader: ofAws ? head?.date : undefined,
        })
      }
      const result = await next(args).catch((error: unknown) => {
        const code = codeOf(error)
        if (!stop.signal.aborted) lastFailure = error
        report(awsCodeOf(error) ?? code, code === 'throttled', isOfAws(error))
        throw error
      })
      report('ok', false, true)
      return result
    }

    /** The innermost middleware: it sees the bytes before the SDK reads them. */
    const checkAnswer: Middleware = (next) => async (args) => {
      const result = await next(args)
      const answer = result.response as HttpAnswer
      head = { at: clock.elapsed(), date: dateOf(answer) }
      const body = await readBody(answer.body as AsyncIterable<Uint8Array>)
      const page =
        answer.statusCode === 200 && action === 'DescribeClientVpnConnections' && endpointId !== undefined
          ? readConnectionsPage(body, { endpointId, region })
          : undefined
      if (page !== undefined) answer.body = { pageRead: page } satisfies PageRead
      else if (answer.statusCode >= 300) answer.body = body
      else if (action === 'FilterLogEvents') {
        checkJson(body)
        answer.body = body
      } else {
        checkBody(body, action)
        answer.body = withReadableReferences(body)
      }
      return result
    }

    command.middlewareStack.add(reportAttempt, { step: 'deserialize', priority: 'high', name: 'reportAttempt' })
    command.middlewareStack.add(checkAnswer, { step: 'deserialize', priority: 'low', name: 'checkAnswer' })
    try {
      return await Promise.race([send(stop.signal), searchGivenUp])
    } catch (error) {
      // Time may run out in the pause after a failed attempt, such as a throttle: then that failure is the reason.
      const reason = late && lastFailure !== undefined ? lastFailure : error
      const code = reason === error ? codeOf(error) : vpnErrorCode(reason)
      const cause = reason instanceof RoleNotAssumed ? reason.cause : reason
      const noCredentials = code === 'no-credentials' ? await whyNoCredentials?.(cause) : undefined
      const call = { action, endpointId, logGroup, region, address, proxy, exemptBy, limitMs, noCredentials }
      throw vpnErrorOf(reason, call, code)
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
  },
})

export type Exchange = ReturnType<typeof createExchange>
