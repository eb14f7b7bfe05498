import { expect, it, vi } from 'vitest'
import { DIRECT } from '../../../src/adapters/proxy/outgoing.ts'
import { createReadBudgets } from '../../../src/app/read-budget.ts'
import { connectVpn } from '../../../src/cli/compose-aws.ts'
import { ENDPOINT, pageXml, REGION, reply, rowXml, startStandIn } from './ec2-stand-in.ts'
import { useFakeCredentials } from './fake-credentials.ts'
import { POLL } from './poll-settings.ts'
import { systemClock } from './system-clock.ts'

useFakeCredentials()

const poll = { ...POLL, rate: { burst: 10_000, perSecond: 10_000 } }

const budgets = createReadBudgets(systemClock)
const connect = (endpointUrl: string, region = REGION) =>
  connectVpn({
    site: { region, endpointUrl, assumeRole: undefined },
    account: undefined,
    poll: () => poll,
    budgets,
    clock: systemClock,
    hear: () => {},
    outgoing: DIRECT,
  })

it('four lists that never end do not keep a fifth one from being read', async () => {
  let pages = 0
  await using server = await startStandIn((response, received, request) => {
    const isEndless = received.params.get('ClientVpnEndpointId') !== 'cvpn-endpoint-5'
    reply(isEndless ? pageXml('', `token-${++pages}`) : pageXml(rowXml('cvpn-connection-1')))(
      response,
      received,
      request,
    )
  })
  const vpn = connect(server.url)
  const stop = new AbortController()
  const endless = [1, 2, 3, 4].map((nth) => vpn.snapshot(`cvpn-endpoint-${nth}`, stop.signal).catch(() => 'ended'))
  const fifth = await Promise.race([vpn.snapshot('cvpn-endpoint-5', stop.signal), ...endless])
  expect(fifth).toMatchObject({ endpointId: 'cvpn-endpoint-5' })
  stop.abort()
  await Promise.all(endless)
})

it('a Region that does not answer does not keep another one from being read', async () => {
  await using dead = await startStandIn(() => {})
  await using healthy = await startStandIn((response, received, request) => {
    const page = received.count
    reply(pageXml(rowXml(`cvpn-connection-${page}`), page < 10 ? `token-${page}` : undefined))(
      response,
      received,
      request,
    )
  })
  const stop = new AbortController()
  const hung = connect(dead.url, 'us-east-1')
  const reads = Array.from({ length: 12 }, (_, nth) =>
    hung.snapshot(`cvpn-endpoint-${nth}`, stop.signal).catch(() => 'ended'),
  )
  await vi.waitFor(() => expect(dead.requests).toHaveLength(12), 10_000)
  const read = await Promise.race([connect(healthy.url).snapshot(ENDPOINT, stop.signal), ...reads])
  expect(read).toMatchObject({ connections: { length: 10 } })
  stop.abort()
  await Promise.all(reads)
})
