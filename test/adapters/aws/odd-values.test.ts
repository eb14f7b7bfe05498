import { describe, expect, it } from 'vitest'
import { createVpn } from '../../../src/adapters/aws/vpn.ts'
import { answerXml, ENDPOINT, pageXml, REGION, reply, rowXml, startStandIn } from './ec2-stand-in.ts'
import { useFakeCredentials } from './fake-credentials.ts'
import { systemClock } from './system-clock.ts'

useFakeCredentials()

const never = new AbortController().signal

const ask = async <Answer>(xml: string, question: (vpn: ReturnType<typeof createVpn>) => Promise<Answer>) => {
  await using server = await startStandIn(reply(xml))
  const vpn = createVpn({ region: REGION, endpointUrl: server.url, requestTimeoutMs: 20_000, clock: systemClock })
  try {
    return await question(vpn)
  } finally {
    vpn.close()
  }
}

const snapshotOf = (xml: string) => ask(xml, (vpn) => vpn.snapshot(ENDPOINT, never))

/** A line end in a name leaves the page to the SDK. */
const LEFT_TO_THE_SDK = rowXml('cvpn-connection-9', '<username>two\nlines</username>')

describe('a character above U+FFFF that AWS writes as a reference', () => {
  const row = rowXml('cvpn-connection-1', '<username>&#x1F600;&#128512;@corp.example</username>')

  it.each([
    ['a connection', row],
    ['a connection of a page that is left to the SDK', row + LEFT_TO_THE_SDK],
  ])('is itself in the user name of %s', async (_what, rows) => {
    const { connections } = await snapshotOf(pageXml(rows))
    expect(connections[0]?.username).toBe('😀😀@corp.example')
  })

  it('is itself in the name and tags of an endpoint', async () => {
    const tag = (key: string, value: string) => `<item><key>${key}</key><value>${value}</value></item>`
    const tags = `<tagSet>${tag('Name', 'office &#x1F3E2;')}${tag('team', '&amp;&#x1F534;')}</tagSet>`
    const item = `<item><clientVpnEndpointId>${ENDPOINT}</clientVpnEndpointId>${tags}</item>`
    const xml = answerXml('DescribeClientVpnEndpoints', `<clientVpnEndpoint>${item}</clientVpnEndpoint>`)
    const [endpoint] = await ask(xml, (vpn) => vpn.endpoints(never))
    expect([endpoint?.name, endpoint?.tags.get('team')]).toEqual(['office 🏢', '&🔴'])
  })
})

describe('a reference to no character', () => {
  it.each(['&eacute;', '&#x110000;', '&#0;'])('makes the answer malformed: %s', async (reference) => {
    const xml = pageXml(rowXml('cvpn-connection-1', `<username>al${reference}ice</username>`))
    await expect(snapshotOf(xml)).rejects.toMatchObject({ code: 'malformed' })
  })
})

describe('the page of a proxy', () => {
  it('may hold references of HTML, and stays an error of the server', async () => {
    await using server = await startStandIn(reply('<html><body>Bad&nbsp;gateway</body></html>', 502))
    const vpn = createVpn({ region: REGION, endpointUrl: server.url, requestTimeoutMs: 20_000, clock: systemClock })
    await expect(vpn.snapshot(ENDPOINT, never)).rejects.toMatchObject({ code: 'server-error' })
    vpn.close()
  })
})

describe('a value that cannot be read', () => {
  const rows =
    rowXml('cvpn-connection-1', '<connectionEstablishedTime>-</connectionEstablishedTime><ingressBytes/>') +
    rowXml('cvpn-connection-2', '<connectionEstablishedTime>23/11/2026</connectionEstablishedTime>') +
    rowXml('cvpn-connection-3', '<connectionEstablishedTime>yesterday</connectionEstablishedTime>') +
    rowXml('cvpn-connection-4', '<egressBytes>1.5e3</egressBytes>')

  it.each([
    ['of a page', rows],
    ['of a page that is left to the SDK', rows + LEFT_TO_THE_SDK],
  ])('%s is missing, and the snapshot has the first text of each field', async (_what, page) => {
    const { connections, unread } = await snapshotOf(pageXml(page))
    expect(connections.slice(0, 4).map(({ establishedAt }) => establishedAt)).toEqual(Array(4).fill(undefined))
    expect(unread).toEqual(
      new Map([
        ['connectionEstablishedTime', '23/11/2026'],
        ['egressBytes', '1.5e3'],
      ]),
    )
  })
})
