import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CALLER_IDENTITY } from './caller-identity.ts'
import { endpointIdOf } from './endpoint-id.ts'

// Usage: node units-server.mjs UNITS CONNECTIONS. Stands in for EC2 in as many accounts, each at a port of its own, and sends
// the ports to the parent process. Each account has one endpoint. One connection of it is overdue at any time: when it is
// terminated, the next one is there.
const [UNITS, CONNECTIONS] = process.argv.slice(2).map(Number) as [number, number]
const PAGE = 1000
const HOUR = 3_600_000

const text = (at: number) => new Date(at).toISOString().slice(0, 19).replace('T', ' ')
const [JOINED, OVERDUE] = [text(Date.now() - HOUR), text(Date.now() - 24 * HOUR)]

const row = (id: string, name: string, since: string) => `
        <item>
            <clientVpnEndpointId>ENDPOINT</clientVpnEndpointId>
            <timestamp>2026-11-23 08:00:00</timestamp>
            <connectionId>${id}</connectionId>
            <username>${name}</username>
            <connectionEstablishedTime>${since}</connectionEstablishedTime>
            <ingressBytes>17</ingressBytes>
            <egressBytes>31</egressBytes>
            <ingressPackets>123</ingressPackets>
            <egressPackets>456</egressPackets>
            <clientIp>10.0.0.1</clientIp>
            <commonName>${name}</commonName>
            <status>
                <code>active</code>
            </status>
            <connectionEndTime>-</connectionEndTime>
        </item>`

const idOf = (at: number) => `cvpn-connection-${at.toString(16).padStart(17, '0')}`

/** The same for all endpoints: the last page is completed with the connection that is overdue. */
const pages = Array.from({ length: Math.max(1, Math.ceil(CONNECTIONS / PAGE)) }, (_, page) =>
  Array.from({ length: Math.min(PAGE, CONNECTIONS - page * PAGE) }, (_row, at) =>
    row(idOf(page * PAGE + at), `person-${page * PAGE + at}@corp.example`, JOINED),
  ).join(''),
)

const answer = (action: string, inner: string) => `<?xml version="1.0" encoding="UTF-8"?>
<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
    <requestId>00000000-0000-0000-0000-000000000000</requestId>${inner}
</${action}Response>`

/** EC2 in one account. */
const createAccount = (account: number) => {
  const endpointId = endpointIdOf(account)
  const mine = pages.map((page) => page.replaceAll('ENDPOINT', endpointId))
  let ended = 0
  const overdue = () => idOf(0x1000000 + ended)
  const list = (page: number) => {
    const isLast = page === pages.length - 1
    const last = isLast ? row(overdue(), `late-${ended}@corp.example`, OVERDUE).replace('ENDPOINT', endpointId) : ''
    const token = isLast ? '' : `\n    <nextToken>${page + 1}</nextToken>`
    const rows = `\n    <connections>${mine[page]}${last}\n    </connections>${token}`
    return answer('DescribeClientVpnConnections', rows)
  }
  const terminate = (id: string, name: string) => {
    if (id === overdue() || name === `late-${ended}@corp.example`) ended++
    const statuses = `
    <clientVpnEndpointId>${endpointId}</clientVpnEndpointId>
    <username>${name}</username>
    <connectionStatuses><item><connectionId>${id}</connectionId>
        <previousStatus><code>active</code></previousStatus><currentStatus><code>terminating</code></currentStatus>
    </item></connectionStatuses>`
    return answer('TerminateClientVpnConnections', statuses)
  }
  return (parameters: URLSearchParams): string => {
    switch (parameters.get('Action')) {
      case 'DescribeClientVpnConnections':
        return list(Number(parameters.get('NextToken') ?? 0))
      case 'TerminateClientVpnConnections':
        return terminate(parameters.get('ConnectionId') ?? '', parameters.get('Username') ?? '')
      default:
        return CALLER_IDENTITY
    }
  }
}

const ports = await Promise.all(
  Array.from({ length: UNITS }, async (_, account) => {
    const ask = createAccount(account)
    const server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () =>
        response.writeHead(200, { 'content-type': 'text/xml' }).end(ask(new URLSearchParams(body))),
      )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return (server.address() as AddressInfo).port
  }),
)
process.send?.(ports)
process.on('disconnect', () => process.exit(0))
