import { onTestFinished, vi } from 'vitest'
import { createVpn, type VpnOptions } from '../../../src/adapters/aws/vpn.ts'
import { type Termination, VpnError, type VpnSite } from '../../../src/app/vpn.ts'
import { SECOND } from '../../../src/domain/time/instant.ts'
import { type ScenarioInput, scenarioSchema } from '../../../src/simulator/scenario.ts'
import { type SimulatorOptions, startSimulator } from '../../../src/simulator/server.ts'
import { stubCredentials } from './fake-credentials.ts'

export const OURS = '111122223333'
export const THEIRS = '444455556666'
export const REGION = 'eu-central-1'
export const ABROAD = 'us-east-1'
export const STAFF = 'cvpn-endpoint-0123456789abcdef0'
export const OFFICE = 'cvpn-endpoint-0123456789abcdef1'
export const CONTRACTORS = 'cvpn-endpoint-0123456789abcdef2'
export const ROLE = { arn: `arn:aws:iam::${THEIRS}:role/vpn/curfew`, externalId: 'curfew' }
export const LOOKER = { arn: `arn:aws:iam::${THEIRS}:role/looker` }

export const never = new AbortController().signal

const PEOPLE = [{ username: 'alice' }, { username: 'bob' }, { username: 'bob' }]

/** Three endpoints in two Regions and two accounts; EC2 and STS each at the address that the environment names. */
export const simulateAccounts = async ({
  scenario = {},
  ...options
}: Omit<Partial<SimulatorOptions>, 'scenario'> & { scenario?: Partial<ScenarioInput> } = {}) => {
  // The host's own time, to the second: the SDK repeats any failed call whose answer is dated minutes away from it.
  let at = Math.floor(Date.now() / SECOND) * SECOND
  const people = { authentication: 'directory', connections: PEOPLE } as const
  const simulator = await startSimulator({
    scenario: scenarioSchema.parse({
      roles: [ROLE, { ...LOOKER, deny: ['ec2:TerminateClientVpnConnections'] }],
      endpoints: [
        { id: STAFF, name: 'staff', region: REGION, account: OURS, tags: { 'vpn-policy': 'enforced' }, ...people },
        { id: OFFICE, name: 'office', region: ABROAD, account: OURS, ...people },
        { id: CONTRACTORS, name: 'contractors', region: REGION, account: THEIRS, ...people },
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

  const clock = { now: () => at, elapsed: () => at, trusted: () => true, sleep: () => Promise.resolve() }
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
    asked: (action: string) => simulator.requests.filter((request) => request.action === action),
  }
}

/** What a call fails with; a call that does not fail is a failure of the test. */
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

export const anybodyOn = (endpointId: string): Termination => ({ endpointId, username: 'alice' })
