import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { FetchFunction } from '@slack/web-api'
import type { Outgoing } from '../proxy/outgoing.ts'

/** In bytes. Answers of Slack have a few hundred. */
const LONGEST_ANSWER = 1024 * 1024

/**
 * `fetch` for a library, over connections that leave this machine as all others do. Node's own knows no proxy. Redirects
 * are not followed.
 */
export const agentFetch = (outgoing: Outgoing): FetchFunction => {
  const agent = outgoing.agent({ maxSockets: 1 })
  return (target, { method = 'GET', headers = {}, body, signal } = {}) =>
    new Promise((resolve, reject) => {
      const url = new URL(target)
      const secure = url.protocol === 'https:'
      const request = secure ? requestHttps : requestHttp
      const sent = request(url, { method, headers, ...(secure ? { agent } : {}), ...(signal && { signal }) })
      sent.on('error', reject)
      sent.on('response', (response) => {
        bodyOf(response).then((text) => resolve(answerOf(url, response, text)), reject)
      })
      // Slack's client sends forms as text, and files never.
      sent.end(typeof body === 'string' ? body : undefined)
    })
}

const bodyOf = async (response: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > LONGEST_ANSWER) throw new Error(`the answer has more than ${LONGEST_ANSWER} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const answerOf = (url: URL, { statusCode: status = 0, statusMessage = '', headers }: IncomingMessage, body: string) => {
  const known = new Map(Object.entries(headers).map(([name, value]) => [name, String(value)]))
  return {
    ok: status >= 200 && status < 300,
    status,
    statusText: statusMessage,
    url: url.href,
    headers: { get: (name: string) => known.get(name.toLowerCase()) ?? null, entries: () => known.entries() },
    arrayBuffer: async () => new TextEncoder().encode(body).buffer,
    json: async () => JSON.parse(body) as unknown,
    text: async () => body,
  }
}
