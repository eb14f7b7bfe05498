import { createTokenBucket, type TokenBucket } from '../domain/terminate/token-bucket.ts'
import { elapsedAt } from '../domain/time/elapsed.ts'
import type { Instant } from '../domain/time/instant.ts'
import { AwsError } from './aws-error.ts'
import { createQuery } from './aws-query.ts'
import type { Answer, Request } from './aws-request.ts'
import type { Caller, Callers } from './callers.ts'
import { describeConnections } from './describe-connections.ts'
import { describeEndpoints } from './describe-endpoints.ts'
import type { Action } from './ec2-action.ts'
import { errorXml, responseXml } from './ec2-xml.ts'
import type { FaultKind } from './fault-kinds.ts'
import { createPager } from './page.ts'
import type { Scenario } from './scenario.ts'
import { terminateConnections } from './terminate-connections.ts'
import type { World } from './world.ts'

const ACTIONS = new Map<string, Action>(
  [describeConnections, describeEndpoints, terminateConnections].map((action) => [action.name, action as Action]),
)

/** Answers EC2 Query requests from a world. Each request is one step: the world does not change while it is answered. */
export const createEc2Api = (scenario: Scenario, world: World, callers: Callers, seed: number) => {
  const pager = createPager(`page tokens of world ${seed}`)
  const buckets = new Map<string, TokenBucket>()

  const callerOf = ({ signature, sessionToken }: Request, now: Instant): Caller => {
    const caller = callers.recognise(signature.accessKeyId, sessionToken, now)
    // Other services answer ExpiredToken here.
    if (caller === 'expired') throw new AwsError('RequestExpired', 'Request has expired.')
    if (caller === 'unknown') {
      throw new AwsError('AuthFailure', 'AWS was not able to validate the provided access credentials')
    }
    return caller
  }

  const throttle = (action: Action, account: string, region: string, fault: FaultKind | undefined, now: Instant) => {
    const key = `${account} ${region} ${action.name}`
    // The simulated time never jumps.
    const passed = elapsedAt(now)
    const bucket = buckets.get(key) ?? createTokenBucket(scenario.buckets[action.bucket], passed)
    buckets.set(key, bucket)
    if (fault === 'other-tool') while (bucket.tryTake(passed));
    if (bucket.tryTake(passed)) return
    throw new AwsError(
      'RequestLimitExceeded',
      `Request limit exceeded. Account ${account} has been throttled on ec2:${action.name} because it exceeded its request rate limit.`,
    )
  }

  const perform = (request: Request, now: Instant): { action: Action; content: string } => {
    const { account, deny } = callerOf(request, now)
    const { region } = request.signature
    const { parameters, fault } = request
    const name = parameters.get('Action')
    if (name === undefined) throw new AwsError('MissingAction', 'The request must contain the parameter Action')
    const action = ACTIONS.get(name)
    if (action === undefined)
      throw new AwsError('InvalidAction', `The action ${name} is not valid for this web service`)
    throttle(action, account, region, fault, now)

    const query = createQuery(parameters)
    const dryRun = query.flag('DryRun')
    const input = action.read(query)
    query.refuseUnread()
    if (deny.includes(`ec2:${action.name}`)) {
      throw new AwsError(
        'UnauthorizedOperation',
        `You are not authorized to perform this operation: no policy allows ec2:${action.name}`,
      )
    }
    if (dryRun) throw new AwsError('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.')
    return { action, content: action.perform(input, { world, account, region, pager, fault, now }) }
  }

  return (request: Request, now: Instant): Answer => {
    world.advanceTo(now)
    try {
      const { action, content } = perform(request, world.now)
      const root = request.fault === 'wrong-root' ? 'SomethingElse' : action.name
      return { status: 200, code: undefined, body: responseXml(root, request.requestId, content) }
    } catch (error) {
      if (!(error instanceof AwsError)) throw error
      return { status: error.status, code: error.code, body: errorXml(error, request.requestId) }
    }
  }
}
