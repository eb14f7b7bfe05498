import type { Instant } from '../domain/time/instant.ts'
import type { ActionName } from './action-name.ts'
import { AwsError } from './aws-error.ts'
import type { AwsQuery } from './aws-query.ts'
import type { FaultKind } from './fault-kinds.ts'
import type { Pager } from './page.ts'
import type { Scenario } from './scenario.ts'
import type { SimulatedEndpoint, World } from './world.ts'

export interface ActionContext {
  readonly world: World
  /** The caller's account and the Region that was signed for: nothing of others can be seen. */
  readonly account: string
  readonly region: string
  readonly pager: Pager
  /** What goes wrong with this request. */
  readonly fault: FaultKind | undefined
  readonly now: Instant
}

/** One operation of the API. Permission and DryRun are settled between reading the parameters and performing. */
export interface Action<Input = unknown> {
  readonly name: ActionName
  readonly bucket: keyof Scenario['buckets']
  /** Throws an AwsError for parameters that are wrong whatever the world is like. */
  read(query: AwsQuery): Input
  /** The content of the answer, in XML. */
  perform(input: Input, context: ActionContext): string
}

export const isHere = ({ scenario }: SimulatedEndpoint, { account, region }: ActionContext): boolean =>
  scenario.account === account && scenario.region === region

export const findEndpoint = (context: ActionContext, id: string): SimulatedEndpoint => {
  const endpoint = context.world.endpoint(id)
  if (endpoint !== undefined && isHere(endpoint, context)) return endpoint
  throw new AwsError('InvalidClientVpnEndpointId.NotFound', `Endpoint ${id} does not exist`)
}
