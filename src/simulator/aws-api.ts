import type { Instant } from '../domain/time/instant.ts'
import { AwsError } from './aws-error.ts'
import type { Answer, Request } from './aws-request.ts'
import { createCallers } from './callers.ts'
import { createEc2Api } from './ec2-api.ts'
import { errorXml } from './ec2-xml.ts'
import type { Random } from './random.ts'
import type { Scenario } from './scenario.ts'
import { createStsApi, STS_ACTIONS, stsErrorXml } from './sts-api.ts'
import type { World } from './world.ts'

/**
 * Routes each request to EC2 or STS by the service in its signature, because both share one address here. A request
 * without a signature is refused in the form of the service that has the action.
 */
export const createAwsApi = (scenario: Scenario, world: World, random: Random, seed: number) => {
  const callers = createCallers(scenario, random)
  const ec2 = createEc2Api(scenario, world, callers, seed)
  const sts = createStsApi(scenario, callers)
  return (
    { signature, ...request }: Omit<Request, 'signature'> & { readonly signature: Request['signature'] | undefined },
    now: Instant,
  ): Answer => {
    if (signature === undefined) {
      const error = new AwsError('MissingAuthenticationToken', 'Request is missing an authentication token')
      const bodyOf = STS_ACTIONS.has(request.parameters.get('Action') ?? '') ? stsErrorXml : errorXml
      return { status: error.status, code: error.code, body: bodyOf(error, request.requestId) }
    }
    const answer = signature.service === 'sts' ? sts : ec2
    return answer({ ...request, signature }, now)
  }
}
