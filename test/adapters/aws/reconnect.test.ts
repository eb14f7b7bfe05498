import { expect, it, vi } from 'vitest'
import { DIRECT } from '../../../src/adapters/proxy/outgoing.ts'
import { openSite } from '../../../src/app/site.ts'
import { connectVpn } from '../../../src/cli/compose-aws.ts'
import { ENDPOINT, pageXml, REGION, reply, startStandIn } from './ec2-stand-in.ts'
import { useFakeCredentials } from './fake-credentials.ts'
import { POLL } from './poll-settings.ts'
import { systemClock } from './system-clock.ts'

useFakeCredentials()

it('a client with other settings counts its requests to the same account', async () => {
  await using ec2 = await startStandIn(reply(pageXml('')))
  await using sts = await startStandIn(
    reply(
      '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>a</Arn><UserId>u</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>',
    ),
  )
  vi.stubEnv('AWS_ENDPOINT_URL_STS', sts.url)
  const accounts: Array<string | undefined> = []
  const keys: string[] = []
  const { signal } = new AbortController()
  const site = { region: REGION, endpointUrl: ec2.url, assumeRole: undefined }
  const live = await openSite(site, {
    connect: (to, account) =>
      connectVpn({
        site: to,
        account,
        poll: () => POLL,
        budgets: (key) => async () => void keys.push(key),
        clock: systemClock,
        hear: () => {},
        outgoing: DIRECT,
        observe: ({ action, account: of }) => {
          if (action === 'DescribeClientVpnConnections') accounts.push(of)
        },
      }),
    clock: systemClock,
    stop: signal,
  })
  await live.vpn.snapshot(ENDPOINT, signal)
  live.reconnect()
  await live.vpn.snapshot(ENDPOINT, signal)
  expect(accounts).toEqual(['111122223333', '111122223333'])
  expect(new Set(keys).size).toBe(1)
})
