import { Agent as HttpAgent, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Outgoing } from '../proxy/outgoing.ts'
import { isOfTls, named, ProxyFailure } from '../proxy/proxy-failure.ts'

/**
 * The status and headers of an answer, or the system's code of a failure and the proxy. Never its text, which may hold
 * the secret address.
 */
export type Answer =
  | { readonly status: number; readonly retryAfter: string | undefined }
  /** `advice`: what the operator must do, if that is known. */
  | { readonly failure: string; readonly advice?: string }

const OF_TLS = 'If an own CA signed the certificate, or a proxy opens TLS on the way, name that CA in AWS_CA_BUNDLE'
const OF_PROXY = 'Check the log of the proxy, and that it lets the host of the receiver through'

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

/** In bytes. A shorter answer is read and discarded, so that its connection can be reused; a longer one is aborted. */
const LONGEST_ANSWER = 64 * 1024

/**
 * Posts to one address over one kept-alive connection. Redirects are not followed: a body holds names, for this address
 * only.
 */
export const createPost = (address: string, outgoing: Outgoing) => {
  const url = new URL(address)
  const secure = url.protocol === 'https:'
  const agent = secure ? outgoing.agent({ maxSockets: 1 }) : new HttpAgent({ keepAlive: true, maxSockets: 1 })
  const proxy = outgoing.proxyFor(url)
  const request = secure ? requestHttps : requestHttp

  return {
    /** Resolves when the answer is complete or the signal is aborted; never rejects. */
    send: (body: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Answer> =>
      new Promise((resolve) => {
        let answer: Answer | undefined
        let failure: Extract<Answer, { readonly failure: string }> = { failure: 'ECONNRESET' }
        const sent = request(url, { method: 'POST', agent, headers: { ...headers, 'user-agent': 'curfew' }, signal })
        sent.on('response', (response) => {
          answer = { status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] }
          let length = 0
          response.on('data', (chunk: Buffer) => {
            length += chunk.length
            if (length > LONGEST_ANSWER) sent.destroy()
          })
          response.on('error', () => {})
        })
        sent.on('error', (error: NodeJS.ErrnoException) => {
          const { code = 'unknown' } = error
          if (proxy === undefined) failure = { failure: code, ...(isOfTls(code) && { advice: OF_TLS }) }
          else if (error instanceof ProxyFailure)
            failure = { failure: `${code} at ${named(proxy)}`, advice: sentence(error.advice) }
          else failure = { failure: `${code} through ${named(proxy)}`, advice: isOfTls(code) ? OF_TLS : OF_PROXY }
        })
        sent.on('close', () => resolve(answer ?? failure))
        sent.end(body)
      }),
    close: () => agent.destroy(),
  }
}
