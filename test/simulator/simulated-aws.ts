import { EC2Client, EC2ServiceException } from '@aws-sdk/client-ec2'
import { onTestFinished } from 'vitest'
import type { Instant } from '../../src/domain/time/instant.ts'
import type { ScenarioInput } from '../../src/simulator/scenario.ts'
import { defineScenario } from '../../src/simulator/scenario-file.ts'
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/server.ts'

export const STAFF = 'cvpn-endpoint-0123456789abcdef0'
export const MACHINES = 'cvpn-endpoint-0123456789abcdef1'
export const CONTRACTORS = 'cvpn-endpoint-0123456789abcdef2'
export const REGION = 'eu-central-1'
export const START = Date.UTC(2026, 10, 23, 8, 0, 0)

type EndpointInput = ScenarioInput['endpoints'][number]

export const staff = (more: Partial<EndpointInput> = {}): EndpointInput => ({
  id: STAFF,
  name: 'staff',
  region: REGION,
  authentication: 'federated',
  ...more,
})

export const machines = (more: Partial<EndpointInput> = {}): EndpointInput => ({
  id: MACHINES,
  name: 'machines',
  region: REGION,
  authentication: 'certificate',
  ...more,
})

export const contractors = (more: Partial<EndpointInput> = {}): EndpointInput => ({
  id: CONTRACTORS,
  name: 'contractors',
  region: REGION,
  authentication: 'directory',
  ...more,
})

export interface SimulatedAws extends Simulator {
  readonly client: EC2Client
  clientIn(region: string): EC2Client
  /** The simulator's clock. It changes only when a test assigns to it. */
  readonly clock: { now: Instant }
}

/** Starts a simulator of these endpoints with a manual clock, and a client for it. Both are closed after the test. */
export const simulateAws = async (
  endpoints: ScenarioInput['endpoints'],
  { scenario, ...options }: Partial<Omit<SimulatorOptions, 'scenario'>> & { scenario?: Partial<ScenarioInput> } = {},
): Promise<SimulatedAws> => {
  const clock = { now: START }
  const simulator = await startSimulator({
    scenario: defineScenario({ endpoints, ...scenario }),
    now: () => clock.now,
    ...options,
  })
  const clientIn = (region: string) => {
    const client = new EC2Client({
      region,
      endpoint: simulator.url,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: 1,
    })
    onTestFinished(() => client.destroy())
    return client
  }
  onTestFinished(() => simulator.close())
  return { ...simulator, client: clientIn(REGION), clientIn, clock }
}

/** The EC2 error of a failed call: code and HTTP status. Throws if the call succeeds. */
export const refusal = async (call: Promise<unknown>): Promise<string> => {
  const error: unknown = await call.then(
    () => new Error('the call succeeded'),
    (reason: unknown) => reason,
  )
  if (!(error instanceof EC2ServiceException)) throw error
  return `${error.name} ${error.$metadata.httpStatusCode}`
}

export const SIGNATURE = `AWS4-HMAC-SHA256 Credential=test/20261123/${REGION}/ec2/aws4_request, SignedHeaders=host, Signature=${'0'.repeat(64)}`

/** Sends one request without the SDK. */
export const post = (
  url: string,
  parameters: Record<string, string>,
  headers: Record<string, string> = {},
  signal: AbortSignal | null = null,
) =>
  fetch(url, {
    signal,
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: SIGNATURE, ...headers },
    body: new URLSearchParams({ Version: '2016-11-15', ...parameters }),
  })
