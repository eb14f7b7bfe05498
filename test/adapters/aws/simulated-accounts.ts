import { onTestFinished, vi } from 'vitest'
import { createVpn, type VpnOptions } from '../../../src/adapters/aws/vpn.ts'
import { hostClock } from '../../../src/adapters/host/clock.ts'
import { type TerminateTarget, VpnError, type VpnSite } from '../../../src/app/vpn.ts'
import { elapsedAt } from '../../../src/domain/time/elapsed.ts'
import { SECOND } from '../../../src/domain/time/instant.ts'
import { type ScenarioInput, scenarioSchema } from '../../../src/simulator/scenario.ts'
import { type SimulatorOptions, startSimulator } from '../../../src/simulator/server.ts'
import { stubCredentials } from './fake-credentials.ts'

export const OWN_ACCOUNT = '111122223333'
export const OTHER_ACCOUNT = '444455556666'
export const REGION = 'eu-central-1'
export const ABROAD = 'us-east-1'
export const STAFF = 'cvpn-endpoint-0123456789abcdef0'
export const OFFICE = 'cvpn-endpoint-0123456789abcdef1'
export const CONTRACTORS = 'cvpn-endpoint-0123456789abcdef2'
export const ROLE = { arn: `arn:aws:iam::${OTHER_ACCOUNT}:role/vpn/curfew`, externalId: 'curfew' }
export const LOOKER = { arn: `arn:aws:iam::${OTHER_ACCOUNT}:role/looker` }

export const never = new AbortController().signal

const CONNECTIONS = [{ username: 'alice' }, { username: 'bob' }, { username: 'bob' }]

/** Three endpoints in two Regions and two accounts. The environment gives the addresses of EC2 and STS. */
export const simulateAccounts = async ({
  scenario = {},
  ...options
}: Omit<Partial<SimulatorOptions>, 'scenario'> & { scenario?: Partial<ScenarioInput> } = {}) => {
  // The host's time, rounded down to the second. The SDK repeats a failed call if its answer's date is minutes off.
  let at = Math.floor(Date.now() / SECOND) * SECOND
  const directory = { authentication: 'directory', connections: CONNECTIONS } as const
  const simulator = await startSimulator({
    scenario: scenarioSchema.parse({
      roles: [ROLE, { ...LOOKER, deny: ['ec2:TerminateClientVpnConnections'] }],
      endpoints: [
        {
          id: STAFF,
          name: 'staff',
          region: REGION,
          account: OWN_ACCOUNT,
          tags: { 'vpn-policy': 'enforced' },
          ...directory,
        },
        { id: OFFICE, name: 'office', region: ABROAD, account: OWN_ACCOUNT, ...directory },
        { id: CONTRACTORS, name: 'contractors', region: REGION, account: OTHER_ACCOUNT, ...directory },
      ],
      ...scenario,
    }),
    now: () => at,
    ...options,
  })
  onTestFinished(() => simulator.close())
  stubCredentials()
  vi.stubEnv('AWS_ENDPOINT_URL_EC2', simulator.url)
  vi.stubEnv('AWS_ENDPOINT_URL_STS', simulator.url)
  onTestFinished(() => void vi.unstubAllEnvs())

  const clock = {
    now: () => at,
    elapsed: () => elapsedAt(at),
    trust: () => 'confirmed' as const,
    sleep: hostClock.sleep,
  }
  return {
    ...simulator,
    clock,
    connect(more: Partial<VpnOptions> = {}): VpnSite {
      const vpn = createVpn({ region: REGION, requestTimeoutMs: 20_000, clock, ...more })
      onTestFinished(() => vpn.close())
      return vpn
    },
    advance(ms: number) {
      at += ms
    },
    requestsOf: (action: string) => simulator.requests.filter((request) => request.action === action),
  }
}

/** The `VpnError` of a call. Throws if the call succeeds or fails with another error. */
export const failureOf = async (work: Promise<unknown>): Promise<VpnError> => {
  const result = await work.then(
    () => new Error('the call succeeded'),
    (error: unknown) => error,
  )
  if (result instanceof VpnError) return result
  throw result
}

export const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'none',
    (error: unknown) => (error instanceof VpnError ? error.code : error),
  )

export const aliceOn = (endpointId: string): TerminateTarget => ({ endpointId, username: 'alice' })
