import { expect, it } from 'vitest'
import { createReadBudgets } from '../../../src/app/read-budget.ts'
import { connectVpn, createPageSlots } from '../../../src/cli/compose-aws.ts'
import { MINUTE, SECOND } from '../../../src/domain/time/instant.ts'
import { pageXml, REGION, reply, rowXml, startStandIn } from './ec2-stand-in.ts'
import { useFakeCredentials } from './fake-credentials.ts'
import { systemClock } from './system-clock.ts'

useFakeCredentials()

const poll = {
  schedule: '*/15 * * * * *',
  requestTimeoutMs: 20 * SECOND,
  staleAfterMs: 5 * MINUTE,
  minGapMs: 5 * SECOND,
  rate: { burst: 10_000, perSecond: 10_000 },
}

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
  const vpn = connectVpn({
    site: { region: REGION, endpointUrl: server.url, assumeRole: undefined },
    poll: () => poll,
    budgets: createReadBudgets(systemClock),
    slots: createPageSlots(),
    clock: systemClock,
    hear: () => {},
  })
  const stop = new AbortController()
  const endless = [1, 2, 3, 4].map((nth) => vpn.snapshot(`cvpn-endpoint-${nth}`, stop.signal).catch(() => 'ended'))
  const fifth = await Promise.race([vpn.snapshot('cvpn-endpoint-5', stop.signal), ...endless])
  expect(fifth).toMatchObject({ endpointId: 'cvpn-endpoint-5' })
  stop.abort()
  await Promise.all(endless)
})
