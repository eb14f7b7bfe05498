import type { EndpointInput, ScenarioInput } from '../../src/simulator/scenario.ts'

// Each name begins with a class and a hyphen. The class decides whether and when a connection may be terminated.

export const ENDPOINTS = [
  { id: 'cvpn-endpoint-0123456789abcde00', name: 'staff', region: 'eu-central-1', authentication: 'federated' },
  { id: 'cvpn-endpoint-0123456789abcde01', name: 'plant', region: 'eu-central-1', authentication: 'directory' },
  { id: 'cvpn-endpoint-0123456789abcde02', name: 'devices', region: 'eu-central-1', authentication: 'certificate' },
  { id: 'cvpn-endpoint-0123456789abcde03', name: 'abroad', region: 'us-east-1', authentication: 'federated' },
] as const

/** Classes that violate no policy: no policy matches them, a policy exempts them, or they obey it. */
export const MAY_STAY = ['keep', 'vip', 'spared', 'busy', 'modest', 'good', 'day'] as const

/** Users that an edit may ban, with one to four connections each. */
export const BANNABLE = Array.from({ length: 12 }, (_, index) => `ban-${index + 1}`)

const STAY = { from: '4m', to: '40m' }
const MEAN_STAY_MINUTES = 22

type Clients = NonNullable<EndpointInput['clients']>

const clientsOf = (count: number, withUserNames: boolean): Clients => {
  const stays = Math.ceil(count / 20)
  const busy = { ages: { from: '0s', to: '1h' }, stay: STAY }
  const flow = (people: number) => ({
    ...busy,
    count: people,
    arrivalsPerMinute: Math.max(1, people / MEAN_STAY_MINUTES),
  })
  // Violators reconnect after a while. Reconnecting at once, they would use up the request budget for ever.
  const violators = (perMinute: number) => ({
    count: 4,
    arrivalsPerMinute: perMinute,
    stay: { from: '3m', to: '6m' },
    reconnectAfter: '90s',
  })
  return [
    { ...flow(count - 6 * stays), name: 'keep-{n}' },
    { ...flow(stays), name: 'vip-{n}', ages: { from: '10m', to: '20h' } },
    { ...flow(stays), name: 'spared-{n}', ages: { from: '10m', to: '20h' } },
    { ...flow(stays), name: 'busy-{n}' },
    { ...flow(stays), name: 'modest-{n}', ages: { from: '0s', to: '2h' }, idle: true },
    { ...flow(stays), name: 'good-{n}', posture: ['compliant'] },
    { ...flow(stays), name: 'day-{n}' },
    { ...violators(3), name: 'aged-{n}' },
    { ...violators(1.5), name: 'idle-{n}', idle: true },
    { ...violators(2), name: 'greedy-{n}' },
    { ...violators(1.5), name: 'bad-{n}', posture: ['noncompliant'] },
    { ...violators(1.5), name: 'night-{n}' },
    ...BANNABLE.map((name, index) => ({ count: 1 + (index % 4), name, reconnectAfter: '90s' })),
    ...(withUserNames
      ? [1, 2, 3, 4].map((n) => ({ count: 2, name: `many-${n}`, arrivalsPerMinute: 1, reconnectAfter: 'never' }))
      : []),
  ]
}

export const scenarioOf = (clients: number, seed: number): ScenarioInput => ({
  seed,
  endpoints: ENDPOINTS.map((endpoint) => ({
    ...endpoint,
    tags: { soak: endpoint.name },
    // A short time, so that the list has its final length after a few minutes and does not add to the memory.
    listedFor: '3m',
    clients: clientsOf(Math.floor(clients / ENDPOINTS.length), endpoint.authentication !== 'certificate'),
  })),
})
