import type { Instant } from '../domain/instant.ts'
import { Ec2Error } from './ec2-error.ts'
import type { Ec2Query } from './ec2-query.ts'
import type { Pager } from './page.ts'
import type { ActionName, Scenario } from './scenario.ts'
import type { SimulatedEndpoint, World } from './world.ts'

export interface ActionContext {
  readonly world: World
  /** The Region that the caller signed for: nothing of another one can be seen. */
  readonly region: string
  readonly pager: Pager
  readonly now: Instant
}

/** One operation of the API. Permission and DryRun are settled between reading the parameters and performing. */
export interface Action<Input = unknown> {
  readonly name: ActionName
  readonly bucket: keyof Scenario['buckets']
  /** Throws an Ec2Error for parameters that are wrong whatever the world is like. */
  read(query: Ec2Query): Input
  /** The content of the answer, in XML. */
  perform(input: Input, context: ActionContext): string
}

export const findEndpoint = ({ world, region }: ActionContext, id: string): SimulatedEndpoint => {
  const endpoint = world.endpoint(id)
  if (endpoint?.scenario.region === region) return endpoint
  throw new Ec2Error('InvalidClientVpnEndpointId.NotFound', `Endpoint ${id} does not exist`)
}
