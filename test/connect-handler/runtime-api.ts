import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** What the runtime posted: the answer of the function to an invocation, an error of it, or an error of its start. */
export interface Posted {
  readonly what: 'response' | 'error' | 'init-error'
  readonly body: unknown
  /** When it had arrived, by the clock of `performance.now()`. */
  readonly at: number
  /** How long after the invocation was handed out. Undefined: the start failed before that. */
  readonly afterMs: number | undefined
}

const VERSION = '/2018-06-01/runtime'

/** AWS gives a client connect handler thirty seconds. */
const TIME_LEFT_MS = 30_000

/**
 * A stand-in for the Runtime API of Lambda, which hands invocations to a runtime and takes its answers. Source: "Using the
 * Lambda runtime API for custom runtimes" in the AWS Lambda Developer Guide.
 */
export const startRuntimeApi = async () => {
  const waiting: ServerResponse[] = []
  const invocations: { readonly requestId: string; readonly body: string }[] = []
  const posted = new Map<string, (one: Posted) => void>()
  const handedOutAt = new Map<string, number>()
  let failStart: (one: Posted) => void = () => {}
  const initError = new Promise<Posted>((resolve) => {
    failStart = resolve
  })

  const handOut = () => {
    while (waiting.length > 0 && invocations.length > 0) {
      const [answer, invocation] = [waiting.shift(), invocations.shift()]
      handedOutAt.set(invocation?.requestId ?? '', performance.now())
      answer?.writeHead(200, {
        'content-type': 'application/json',
        'lambda-runtime-aws-request-id': invocation?.requestId,
        'lambda-runtime-deadline-ms': String(Date.now() + TIME_LEFT_MS),
        'lambda-runtime-invoked-function-arn':
          'arn:aws:lambda:eu-central-1:111122223333:function:AWSClientVPN-curfew:live',
        'lambda-runtime-trace-id': 'Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0',
      })
      answer?.end(invocation?.body)
    }
  }

  const take = async (request: IncomingMessage, answer: ServerResponse) => {
    const { method, url = '' } = request
    if (method === 'GET' && url === `${VERSION}/invocation/next`) {
      waiting.push(answer)
      return handOut()
    }
    const sent = await text(request)
    const at = performance.now()
    const body: unknown = JSON.parse(sent)
    const [, requestId = '', what] = /^\/2018-06-01\/runtime\/invocation\/([^/]+)\/(response|error)$/.exec(url) ?? []
    const resolve = posted.get(requestId)
    if (method === 'POST' && resolve !== undefined) {
      const afterMs = at - (handedOutAt.get(requestId) ?? Number.NaN)
      posted.delete(requestId)
      handedOutAt.delete(requestId)
      resolve({ what: what === 'response' ? 'response' : 'error', body, at, afterMs })
    } else if (method === 'POST' && url === `${VERSION}/init/error`) {
      failStart({ what: 'init-error', body, at, afterMs: undefined })
    } else {
      return void answer.writeHead(404).end()
    }
    answer.writeHead(202).end('{"status":"OK"}')
  }

  const server = createServer((request, answer) => void take(request, answer))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,

    /** Invokes the function. An error of its start answers too. */
    invoke(event: unknown): Promise<Posted> {
      const requestId = randomUUID()
      const answer = new Promise<Posted>((resolve) => posted.set(requestId, resolve))
      invocations.push({ requestId, body: JSON.stringify(event) })
      handOut()
      return Promise.race([answer, initError])
    },

    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
