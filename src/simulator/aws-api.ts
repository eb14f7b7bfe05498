import type { Instant } from '../domain/time/instant.ts'
import { AwsError } from './aws-error.ts'
import type { Answer, Request } from './aws-request.ts'
import { createCallers } from './callers.ts'
import { createEc2Api } from './ec2-api.ts'
import { errorXml } from './ec2-xml.ts'
import type { LogGroups } from './log-groups.ts'
import { createLogsApi, LOGS_ACTIONS, logsError } from './logs-api.ts'
import type { Random } from './random.ts'
import type { Scenario } from './scenario.ts'
import { createStsApi, STS_ACTIONS, stsErrorXml } from './sts-api.ts'
import type { World } from './world.ts'

/**
 * Routes each request to EC2, STS or CloudWatch Logs by the service in its signature, because all share one address here. A request
 * without a signature is refused in the form of the service that has the action.
 */
export const createAwsApi = (scenario: Scenario, world: World, logGroups: LogGroups, random: Random, seed: number) => {
  const callers = createCallers(scenario, random)
  const ec2 = createEc2Api(scenario, world, callers, seed)
  const sts = createStsApi(scenario, callers)
  const logs = createLogsApi(scenario, world, logGroups, callers, random)
  return (
    { signature, ...request }: Omit<Request, 'signature'> & { readonly signature: Request['signature'] | undefined },
    now: Instant,
  ): Answer => {
    const action = request.parameters.get('Action') ?? ''
    if (signature === undefined && LOGS_ACTIONS.has(action)) {
      return logsError(new AwsError('MissingAuthenticationTokenException', 'Missing Authentication Token'))
    }
    if (signature === undefined) {
      const error = new AwsError('MissingAuthenticationToken', 'Request is missing an authentication token')
      const bodyOf = STS_ACTIONS.has(action) ? stsErrorXml : errorXml
      return { status: error.status, code: error.code, body: bodyOf(error, request.requestId) }
    }
    const answer = { sts, logs }[signature.service] ?? ec2
    return answer({ ...request, signature }, now)
  }
}
