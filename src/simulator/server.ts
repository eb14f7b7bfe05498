import Fastify from 'fastify'
import { type Instant, MINUTE } from '../domain/time/instant.ts'
import { createAwsApi } from './aws-api.ts'
import { AwsError, type AwsErrorCode } from './aws-error.ts'
import { createConnectionLog } from './connection-log.ts'
import { errorXml } from './ec2-xml.ts'
import type { Interception, RecordedRequest, SimulatedRequest, SimulatedResponse } from './exchange.ts'
import type { FaultScenario } from './fault-schema.ts'
import { createFaults } from './faults.ts'
import { answerInstead } from './faulty-answer.ts'
import { createLogGroups, type LogGroups } from './log-groups.ts'
import { parametersOf } from './parameters.ts'
import { populate } from './population.ts'
import { createRandom } from './random.ts'
import type { Scenario } from './scenario.ts'
import { send } from './send.ts'
import { readSignature } from './signature.ts'
import { createWorld } from './world.ts'
import { controlWorld, type WorldControls } from './world-controls.ts'

export interface SimulatorOptions {
  readonly scenario: Scenario
  /** Replaces the scenario's seed. */
  readonly seed?: number
  readonly host?: string
  /** 0 chooses a free port. */
  readonly port?: number
  readonly now?: () => Instant
  readonly intercept?: (request: SimulatedRequest) => Interception | Promise<Interception>
}

export interface Simulator {
  readonly url: string
  readonly port: number
  readonly world: WorldControls
  /** The log groups of CloudWatch Logs. */
  readonly logGroups: LogGroups
  /** Replaces all faults from now on. The instants in them count from now. */
  setFaults(faults: readonly FaultScenario[]): void
  /** The latest ten thousand requests, in the order of their answers. */
  readonly requests: readonly RecordedRequest[]
  /** Calls the listener after each recorded request. Returns a function that removes the listener. */
  onRequest(listener: (request: RecordedRequest) => void): () => void
  close(): Promise<void>
}

const RECORDED_REQUESTS = 10_000

/** A larger difference than Curfew accepts between two clocks, which is five minutes. */
const WRONG_DATE_MS = 10 * MINUTE

/** Bytes. The largest sensible request is a filter of a thousand values. */
const BODY_LIMIT = 1 << 20

/**
 * Starts a server for the Client VPN part of the EC2 API and for the parts of STS and CloudWatch Logs that Curfew uses. It
 * answers from a simulated world in which clients connect and leave.
 */
export const startSimulator = async ({
  scenario,
  seed = scenario.seed,
  host = '127.0.0.1',
  port = 0,
  now = Date.now,
  intercept,
}: SimulatorOptions): Promise<Simulator> => {
  const random = createRandom(seed)
  const logGroups = createLogGroups()
  const world = createWorld(scenario.endpoints, random.world, now(), createConnectionLog(logGroups))
  for (const endpoint of world.endpoints) populate(world, endpoint, random.world)
  const answer = createAwsApi(scenario, world, logGroups, random.requests, seed)
  const faults = createFaults(scenario.faults, random.faults, now())

  const requests: RecordedRequest[] = []
  const listeners = new Set<(request: RecordedRequest) => void>()
  const recordRequest = (request: RecordedRequest) => {
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
    const body = typeof request.body === 'string' ? request.body : ''
    const parameters = parametersOf(body, request.headers['x-amz-target'])
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
    const drawn = interception === undefined ? faults.draw(received, answeredAt) : undefined
    const fault = typeof interception === 'string' ? interception : drawn?.fault
    const record = (status?: number, code?: AwsErrorCode) => recordRequest({ ...received, status, code, fault })
    if (fault === 'hang' || fault === 'reset') {
      reply.hijack()
      if (fault === 'reset') request.raw.socket.resetAndDestroy()
      record()
      return
    }

    const token = request.headers['x-amz-security-token']
    const sessionToken = typeof token === 'string' ? token : undefined
    const response: SimulatedResponse & { readonly code?: AwsErrorCode | undefined } =
      (typeof interception === 'object' ? interception : answerInstead(fault, id)) ??
      answer({ requestId: id, signature, sessionToken, parameters, fault }, answeredAt)
    const headers = {
      'x-amzn-requestid': id,
      'content-type': 'text/xml;charset=UTF-8',
      // Node would use the host's clock instead of the injected one.
      date: new Date(answeredAt + (fault === 'wrong-date' ? (drawn?.by ?? WRONG_DATE_MS) : 0)).toUTCString(),
      ...response.headers,
    }
    if (fault === 'answer-lost') record()
    else record(response.status, response.code)
    return send(reply, { ...response, headers }, fault)
  })

  const url = await app.listen({ host, port })
  return {
    url,
    port: Number(new URL(url).port),
    world: controlWorld(world, random.world, now),
    logGroups,
    setFaults: (list) => faults.set(list, now()),
    requests,
    onRequest(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: () => app.close(),
  }
}
