import type { Instant } from '../domain/instant.ts'
import { createTokenBucket, type TokenBucket } from '../domain/token-bucket.ts'
import { describeConnections } from './describe-connections.ts'
import { describeEndpoints } from './describe-endpoints.ts'
import type { Action } from './ec2-action.ts'
import { Ec2Error, type Ec2ErrorCode } from './ec2-error.ts'
import { createQuery } from './ec2-query.ts'
import { errorXml, responseXml } from './ec2-xml.ts'
import { createPager } from './page.ts'
import type { Scenario } from './scenario.ts'
import { terminateConnections } from './terminate-connections.ts'
import type { World } from './world.ts'

export interface Ec2Request {
  readonly requestId: string
  /** The Authorization header. */
  readonly authorization: string | undefined
  readonly parameters: ReadonlyMap<string, string>
}

export interface Ec2Answer {
  readonly status: number
  readonly code: Ec2ErrorCode | undefined
  readonly body: string
}

const ACTIONS = new Map<string, Action>(
  [describeConnections, describeEndpoints, terminateConnections].map((action) => [action.name, action as Action]),
)

/** Signatures are not checked, but a request that carries none would not get in at AWS either. */
const SIGNED =
  /^AWS4-HMAC-SHA256 +Credential=[^/,\s]+\/\d{8}\/([a-z0-9-]+)\/[a-z0-9]+\/aws4_request, *SignedHeaders=[^,\s]+, *Signature=[0-9a-f]{64}$/

/** The Region of the credential scope; undefined for what is not a signature. */
export const signedRegion = (authorization: string | undefined): string | undefined =>
  SIGNED.exec(authorization ?? '')?.[1]

/** Answers EC2 Query requests from a world. Every call is one step: nothing happens between its reads. */
export const createEc2Api = (scenario: Scenario, world: World, seed: number) => {
  const pager = createPager(`page tokens of world ${seed}`)
  const buckets = new Map<string, TokenBucket>()

  const throttle = (action: Action, region: string, now: Instant) => {
    const key = `${region} ${action.name}`
    const bucket = buckets.get(key) ?? createTokenBucket(scenario.buckets[action.bucket], now)
    buckets.set(key, bucket)
    if (bucket.tryTake(now)) return
    const account = (scenario.endpoints.find((endpoint) => endpoint.region === region) ?? scenario.endpoints[0])
      ?.account
    throw new Ec2Error(
      'RequestLimitExceeded',
      `Request limit exceeded. Account ${account} has been throttled on ec2:${action.name} because it exceeded its request rate limit.`,
    )
  }

  const perform = ({ authorization, parameters }: Ec2Request, now: Instant): { action: Action; content: string } => {
    const region = signedRegion(authorization)
    if (region === undefined) {
      throw new Ec2Error('MissingAuthenticationToken', 'Request is missing an authentication token')
    }
    const name = parameters.get('Action')
    if (name === undefined) throw new Ec2Error('MissingAction', 'The request must contain the parameter Action')
    const action = ACTIONS.get(name)
    if (action === undefined)
      throw new Ec2Error('InvalidAction', `The action ${name} is not valid for this web service`)
    throttle(action, region, now)

    const query = createQuery(parameters)
    const dryRun = query.flag('DryRun')
    const input = action.read(query)
    query.refuseUnread()
    if (scenario.deny.includes(`ec2:${action.name}`)) {
      throw new Ec2Error(
        'UnauthorizedOperation',
        `You are not authorized to perform this operation: no policy allows ec2:${action.name}`,
      )
    }
    if (dryRun) throw new Ec2Error('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.')
    return { action, content: action.perform(input, { world, region, pager, now }) }
  }

  return (request: Ec2Request, now: Instant): Ec2Answer => {
    world.advanceTo(now)
    try {
      const { action, content } = perform(request, world.now)
      return { status: 200, code: undefined, body: responseXml(action.name, request.requestId, content) }
    } catch (error) {
      if (!(error instanceof Ec2Error)) throw error
      return { status: error.status, code: error.code, body: errorXml(error, request.requestId) }
    }
  }
}
