import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CALLER_IDENTITY } from './caller-identity.ts'

// Usage: node pages-server.mjs CONNECTIONS [moving]. Serves the connections of one endpoint as EC2 does, from prepared pages,
// and the caller's identity as STS does. Sends its port to the parent process. With `moving` each list has other byte counters
// for every connection.
const CONNECTIONS = Number(process.argv[2])
const IS_MOVING = process.argv[3] === 'moving'
const PAGE = 1000
/** An hour ago, so that no policy on the session age is violated. */
const ESTABLISHED = new Date(Date.now() - 3_600_000).toISOString().slice(0, 19).replace('T', ' ')

const row = (at: number) => `
        <item>
            <clientVpnEndpointId>cvpn-endpoint-0123456789abcdef0</clientVpnEndpointId>
            <timestamp>2026-11-23 08:00:00</timestamp>
            <connectionId>cvpn-connection-${at.toString(16).padStart(17, '0')}</connectionId>
            <username>person-${at}@corp.example</username>
            <connectionEstablishedTime>${ESTABLISHED}</connectionEstablishedTime>
            <ingressBytes>${at * 17}</ingressBytes>
            <egressBytes>${at * 31}</egressBytes>
            <ingressPackets>123</ingressPackets>
            <egressPackets>456</egressPackets>
            <clientIp>10.0.0.1</clientIp>
            <commonName>person-${at}@corp.example</commonName>
            <status>
                <code>active</code>
            </status>
            <connectionEndTime>-</connectionEndTime>
            <postureComplianceStatusSet>
                <item>healthy</item>
            </postureComplianceStatusSet>
        </item>`

const answer = (rows: string, token = '') =>
  Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>
<DescribeClientVpnConnectionsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
    <requestId>00000000-0000-0000-0000-000000000000</requestId>
    <connections>${rows}
    </connections>${token}
</DescribeClientVpnConnectionsResponse>`)

const pages = Array.from({ length: Math.ceil(CONNECTIONS / PAGE) }, (_, page) => {
  const from = page * PAGE
  const length = Math.min(PAGE, CONNECTIONS - from)
  const rows = Array.from({ length }, (_row, at) => row(from + at)).join('')
  const token = from + PAGE < CONNECTIONS ? `\n    <nextToken>${page + 1}</nextToken>` : ''
  return answer(rows, token)
})

/** Changes the first digit of the bytes that each connection has received. */
const moveCounters = (page: Buffer) => {
  for (let at = page.indexOf(RECEIVED); at !== -1; at = page.indexOf(RECEIVED, at + 1)) {
    const digit = at + RECEIVED.length
    page[digit] = page[digit] === ONE ? ONE + 1 : ONE
  }
}
const RECEIVED = '<egressBytes>'
const ONE = '1'.charCodeAt(0)

/** The rows of a filtered list. All have ended but the last connection of the endpoint, which is there as a witness. */
const lookedUp = (ids: readonly string[]) =>
  answer(
    ids
      .map((id) => Number.parseInt(id.replace('cvpn-connection-', ''), 16))
      .map((at) => (at === CONNECTIONS - 1 ? row(at) : row(at).replace('<code>active<', '<code>terminated<')))
      .join(''),
  )

const server = createServer((request, response) => {
  let body = ''
  request.on('data', (chunk: Buffer) => (body += chunk.toString()))
  request.on('end', () => {
    const asked = [...new URLSearchParams(body)].flatMap(([key, id]) => (key.startsWith('Filter.1.Value.') ? [id] : []))
    const number = Number(/NextToken=(\d+)/.exec(body)?.[1] ?? 0)
    if (IS_MOVING && number === 0 && asked.length === 0) pages.forEach(moveCounters)
    const list = asked.length > 0 ? lookedUp(asked) : (pages[number] ?? Buffer.from(''))
    const page = body.includes('Action=GetCallerIdentity') ? Buffer.from(CALLER_IDENTITY) : list
    response.writeHead(200, { 'content-type': 'text/xml', 'content-length': page.length }).end(page)
  })
})
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.on('disconnect', () => process.exit(0))
