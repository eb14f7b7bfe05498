import { EventEmitter, once } from 'node:events'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Certificate } from '../http/certificates.ts'

interface Posted {
  readonly channel: string
  readonly text: string
  readonly fields: Readonly<Record<string, string>>
}

const TOKEN = 'xoxb-1-2-canary'

/**
 * A stand-in for Slack's Web API with one workspace. It answers as Slack's reference says: always 200 with `ok`, except
 * for 429 with `Retry-After` where the limits are reached. `fail` chooses another answer: an error of the API, a status,
 * a pause in seconds, or for `hang` none.
 */
export const startSlack = async (
  membersByEmail: Readonly<Record<string, string>>,
  fail: (method: string, index: number) => string | number | { readonly retryAfter: number } | undefined = () =>
    undefined,
  tls?: Certificate,
) => {
  const calls: string[] = []
  const posted: Posted[] = []
  const happened = new EventEmitter()
  const answer = (response: ServerResponse, body: object, status = 200) =>
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body))

  const methods: Readonly<Record<string, (form: URLSearchParams) => object>> = {
    'users.lookupByEmail': (form) => {
      const id = membersByEmail[form.get('email')?.toLowerCase() ?? '']
      return id === undefined ? { ok: false, error: 'users_not_found' } : { ok: true, user: { id, deleted: false } }
    },
    'chat.postMessage': (form) => {
      const [channel, text] = [form.get('channel') ?? '', form.get('text') ?? '']
      if (!Object.values(membersByEmail).includes(channel)) return { ok: false, error: 'channel_not_found' }
      if (text === '') return { ok: false, error: 'no_text' }
      posted.push({ channel, text, fields: Object.fromEntries(form) })
      return { ok: true, channel: channel.replace('U', 'D'), ts: `${posted.length}.000100`, message: { text } }
    },
  }

  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const method = request.url?.replace(/^\/api\//, '') ?? ''
      const form = new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
      const failure = fail(method, calls.length)
      calls.push(method)
      if (failure === 'hang') return happened.emit('call')
      if (typeof failure === 'number') response.writeHead(failure).end('<html>')
      else if (typeof failure === 'object') {
        response.setHeader('retry-after', failure.retryAfter)
        answer(response, { ok: false, error: 'ratelimited' }, 429)
      } else if (failure !== undefined) answer(response, { ok: false, error: failure })
      else if (request.headers.authorization !== `Bearer ${TOKEN}`)
        answer(response, { ok: false, error: 'invalid_auth' })
      else answer(response, methods[method]?.(form) ?? { ok: false, error: 'unknown_method' })
      return happened.emit('call')
    })
  }
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    token: TOKEN,
    apiUrl: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}/api`,
    calls,
    posted,
    async untilCalls(count: number) {
      while (calls.length < count) await once(happened, 'call')
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
