import type { Instant } from '../domain/time/instant.ts'
import type { SimulatedAction } from './action-name.ts'
import { AwsError } from './aws-error.ts'
import type { AwsQuery } from './aws-query.ts'
import type { FaultKind } from './fault-kinds.ts'
import type { Pager } from './page.ts'
import type { Scenario } from './scenario.ts'
import type { SimulatedEndpoint, World } from './world.ts'

export interface ActionContext {
  readonly world: World
  /** The caller's account and the Region in the signature. Endpoints of other accounts and Regions are invisible. */
  readonly account: string
  readonly region: string
  readonly pager: Pager
  /** The fault of this request. */
  readonly fault: FaultKind | undefined
  readonly now: Instant
}

/** One operation of the API. The permission and `DryRun` are checked after `read` and before `perform`. */
export interface Action<Input = unknown> {
  readonly name: SimulatedAction
  readonly bucket: keyof Scenario['buckets']
  /** Throws an AwsError for parameters that are invalid in any state of the world. */
  read(query: AwsQuery): Input
  /** Returns the content of the answer as XML. */
  perform(input: Input, context: ActionContext): string
}

export const isHere = ({ scenario }: SimulatedEndpoint, { account, region }: ActionContext): boolean =>
  scenario.account === account && scenario.region === region

export const findEndpoint = (context: ActionContext, id: string): SimulatedEndpoint => {
  const endpoint = context.world.endpoint(id)
  if (endpoint !== undefined && isHere(endpoint, context)) return endpoint
  throw new AwsError('InvalidClientVpnEndpointId.NotFound', `Endpoint ${id} does not exist`)
}
