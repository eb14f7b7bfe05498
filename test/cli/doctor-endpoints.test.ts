import { expect, it } from 'vitest'
import type { ListedEndpoint } from '../../src/app/vpn.ts'
import { endpointsCheck } from '../../src/cli/doctor/endpoints.ts'
import { systemClock } from '../adapters/aws/system-clock.ts'

const listed = (id: string, logGroup?: string): ListedEndpoint => ({
  id,
  name: undefined,
  tags: new Map(),
  status: 'available',
  logGroup,
})

it.each<[string, readonly ListedEndpoint[], string]>([
  ['off', [listed('a'), listed('b')], '2 endpoints; connection logs are off'],
  ['in one log group', [listed('a', 'vpn'), listed('b', 'vpn')], '2 endpoints; connection logs are in vpn'],
  [
    'partly off',
    [listed('a', 'vpn'), listed('b'), listed('c', 'other')],
    '3 endpoints; connection logs are in vpn, other, and off for b',
  ],
])('the doctor says where the connection logs are: %s', async (_name, endpoints, found) => {
  const check = endpointsCheck(
    { vpn: { endpoints: async () => endpoints }, clock: systemClock },
    { endpoints: [], discover: 'all' },
    { subject: 'eu-central-1', region: 'eu-central-1' },
  )
  const { finding } = await check.ask(undefined, new AbortController().signal)
  expect(finding).toEqual({ state: 'ok', found })
})
