import Fastify from 'fastify'
import { type Instant, MINUTE } from '../domain/time/instant.ts'
import { createAwsApi } from './aws-api.ts'
import { AwsError, type AwsErrorCode } from './aws-error.ts'
import { errorXml } from './ec2-xml.ts'
import type { Interception, RecordedRequest, SimulatedRequest } from './exchange.ts'
import type { FaultScenario } from './fault-schema.ts'
import { createFaults } from './faults.ts'
import { answerInstead } from './faulty-answer.ts'
import { populate } from './population.ts'
import { createRandom } from './random.ts'
import type { Scenario } from './scenario.ts'
import { send } from './send.ts'
import { readSignature } from './signature.ts'
import { createWorld } from './world.ts'
import { controlWorld, type WorldControls } from './world-controls.ts'

export interface SimulatorOptions {
  readonly scenario: Scenario
  /** Instead of the scenario's. */
  readonly seed?: number
  readonly host?: string
  /** 0: any free one. */
  readonly port?: number
  readonly now?: () => Instant
  readonly intercept?: (request: SimulatedRequest) => Interception | Promise<Interception>
}

export interface Simulator {
  readonly url: string
  readonly port: number
  readonly world: WorldControls
  /** From now on this goes wrong, and nothing else; windows count from now. */
  setFaults(faults: readonly FaultScenario[]): void
  /** The latest ten thousand, in the order of their answers. */
  readonly requests: readonly RecordedRequest[]
  /** Called after each request was recorded. Returns what ends the calls. */
  onRequest(listener: (request: RecordedRequest) => void): () => void
  close(): Promise<void>
}

const RECORDED_REQUESTS = 10_000

/** Further apart than Curfew accepts of two clocks. */
const WRONG_DATE_MS = 10 * MINUTE

/** The largest sensible request is a filter of a thousand values. */
const BODY_LIMIT = 1 << 20

/** Serves the EC2 API for Client VPN, and what of STS goes with it, over HTTP from a world in which people come and go. */
export const startSimulator = async ({
  scenario,
  seed = scenario.seed,
  host = '127.0.0.1',
  port = 0,
  now = Date.now,
  intercept,
}: SimulatorOptions): Promise<Simulator> => {
  const random = createRandom(seed)
  const world = createWorld(scenario.endpoints, random.world, now())
  for (const endpoint of world.endpoints) populate(world, endpoint, random.world)
  const answer = createAwsApi(scenario, world, random.requests, seed)
  const faults = createFaults(scenario.faults, random.faults, now())

  const requests: RecordedRequest[] = []
  const listeners = new Set<(request: RecordedRequest) => void>()
  const keep = (request: RecordedRequest) => {
    if (requests.push(request) > RECORDED_REQUESTS) requests.shift()
    for (const listener of listeners) listener(request)
  }

  const requestId = () => {
    const digits = random.requests.hex(4)
    return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-a${digits.slice(17, 20)}-${digits.slice(20)}`
  }

  const app = Fastify({ bodyLimit: BODY_LIMIT, forceCloseConnections: true })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))

  app.setErrorHandler((failure, _request, reply) => {
    const status = (failure as { statusCode?: number }).statusCode ?? 500
    const id = requestId()
    const error = new AwsError(
      'InternalError',
      failure instanceof Error ? failure.message : 'An internal error has occurred',
    )
    return reply.code(status).header('x-amzn-requestid', id).type('text/xml;charset=UTF-8').send(errorXml(error, id))
  })

  app.post('/', async (request, reply) => {
    const parameters = new Map(new URLSearchParams(typeof request.body === 'string' ? request.body : ''))
    const signature = readSignature(request.headers.authorization)
    const id = requestId()
    const received: SimulatedRequest = {
      at: now(),
      requestId: id,
      service: signature?.service,
      region: signature?.region,
      accessKeyId: signature?.accessKeyId,
      action: parameters.get('Action') ?? '',
      params: Object.fromEntries(parameters),
    }

    const interception = await intercept?.(received)
    const answeredAt = now()
    const struck = interception === undefined ? faults.strike(received, answeredAt) : undefined
    const fault = typeof interception === 'string' ? interception : struck?.fault
    const record = (status?: number, code?: AwsErrorCode) => keep({ ...received, status, code, fault })
    if (fault === 'hang' || fault === 'reset') {
      reply.hijack()
      if (fault === 'reset') request.raw.socket.resetAndDestroy()
      record()
      return
    }

    const token = request.headers['x-amz-security-token']
    const sessionToken = typeof token === 'string' ? token : undefined
    const response =
      (typeof interception === 'object' ? interception : answerInstead(fault, id)) ??
      answer({ requestId: id, signature, sessionToken, parameters, fault }, answeredAt)
    const headers = {
      'x-amzn-requestid': id,
      'content-type': 'text/xml;charset=UTF-8',
      // Node would date it by the host's clock; here the injected one counts.
      date: new Date(answeredAt + (fault === 'wrong-date' ? (struck?.by ?? WRONG_DATE_MS) : 0)).toUTCString(),
      ...('headers' in response ? response.headers : {}),
    }
    if (fault === 'answer-lost') record()
    else record(response.status, 'code' in response ? response.code : undefined)
    return send(reply, { ...response, headers }, fault)
  })

  const url = await app.listen({ host, port })
  return {
    url,
    port: Number(new URL(url).port),
    world: controlWorld(world, random.world, now),
    setFaults: (list) => faults.set(list, now()),
    requests,
    onRequest(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: () => app.close(),
  }
}
