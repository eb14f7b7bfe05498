import type { SimulatedRequest } from '../../src/simulator/exchange.ts'
import type { ScenarioInput } from '../../src/simulator/scenario.ts'
import { defineScenario } from '../../src/simulator/scenario-file.ts'
import type { Simulator } from '../../src/simulator/server.ts'
import { type SimulatorOptions, startSimulator } from '../../src/simulator/server.ts'
import { CREDENTIALS } from './curfew.ts'

export const OFFICE = 'cvpn-endpoint-0123456789abcdef0'

/** A simulator with one endpoint. It has no connections, except those of the scenario and those that a test makes. */
export const startOffice = async (
  scenario: Partial<ScenarioInput> = {},
  options: Partial<SimulatorOptions> = {},
): Promise<Simulator & AsyncDisposable & { readonly env: Readonly<Record<string, string>> }> => {
  const simulator = await startSimulator({
    scenario: defineScenario({
      endpoints: [{ id: OFFICE, name: 'office', region: 'eu-central-1', authentication: 'federated' }],
      ...scenario,
    }),
    ...options,
  })
  return {
    ...simulator,
    env: { ...CREDENTIALS, AWS_ENDPOINT_URL_EC2: simulator.url, AWS_ENDPOINT_URL_STS: simulator.url },
    [Symbol.asyncDispose]: () => simulator.close(),
  }
}

/** Whether a request terminates connections. A dry run does not. */
export const isTermination = ({ action, params }: Pick<SimulatedRequest, 'action' | 'params'>) =>
  action === 'TerminateClientVpnConnections' && params.DryRun !== 'true'

/** The termination calls, in the order of their answers. */
export const terminateCalls = ({ requests }: Pick<Simulator, 'requests'>) => requests.filter(isTermination)

/** The connections whose termination AWS accepted, in the order of the answers. */
export const terminatedIds = (office: Pick<Simulator, 'requests'>) =>
  terminateCalls(office)
    .filter(({ status }) => status === 200)
    .map(({ params }) => params.ConnectionId ?? '')

export const curfewYaml = (different = '') => `
version: 1
policies: [./policies.yaml]
watch: [{ region: eu-central-1, endpoints: [{ id: ${OFFICE}, name: office }] }]
server: { port: 0 }
log: { level: debug }
${different}`

export const AGE_POLICY = `
version: 1
policies:
  - { name: daily, kind: max-session-age, maxAge: 8h, guard: off }
`
