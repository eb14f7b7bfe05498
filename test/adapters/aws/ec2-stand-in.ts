import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export const ENDPOINT = 'cvpn-endpoint-0123456789abcdef0'
export const REGION = 'eu-central-1'

export interface ReceivedRequest {
  /** The number of the request. The first one is 1. */
  readonly count: number
  readonly params: URLSearchParams
}

/** Answers a request, or does anything else that a server can do with it. */
export type Behaviour = (response: ServerResponse, received: ReceivedRequest, request: IncomingMessage) => void

const NAMESPACE = 'xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"'

export const answerXml = (action: string, content: string) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<${action}Response ${NAMESPACE}><requestId>r-1</requestId>${content}</${action}Response>`

export const rowXml = (id: string, content = '<status><code>active</code></status>') =>
  `<item><connectionId>${id}</connectionId>${content}</item>`

export const pageXml = (rows: string, nextToken?: string) =>
  answerXml(
    'DescribeClientVpnConnections',
    `${rows === '' ? '<connections/>' : `<connections>${rows}</connections>`}${nextToken === undefined ? '' : `<nextToken>${nextToken}</nextToken>`}`,
  )

export const errorXml = (code: string, message: string) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>r-1</RequestID></Response>`

export const reply =
  (body: string | Buffer, status = 200, headers: Record<string, string> = {}): Behaviour =>
  (response) => {
    response.writeHead(status, { 'content-type': 'text/xml', 'x-amzn-requestid': 'r-1', ...headers }).end(body)
  }

/** Starts a server on loopback that stands in for EC2. */
export const startStandIn = async (behave: Behaviour) => {
  const requests: ReceivedRequest[] = []
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const latest = { count: requests.length + 1, params: new URLSearchParams(body) }
      requests.push(latest)
      behave(response, latest, request)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
