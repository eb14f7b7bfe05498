import { beforeAll, describe, expect, it } from 'vitest'
import { createVpn } from '../../../src/adapters/aws/vpn.ts'
import { VpnError, type VpnErrorCode } from '../../../src/app/vpn.ts'
import {
  answerXml,
  type Behaviour,
  ENDPOINT,
  errorXml,
  pageXml,
  REGION,
  reply,
  rowXml,
  startStandIn,
} from './ec2-stand-in.ts'
import { SECRET_KEY, SESSION_TOKEN, useFakeCredentials } from './fake-credentials.ts'
import { systemClock } from './system-clock.ts'

useFakeCredentials()

/** Long for calls that must get an answer on a busy machine, short for calls that get none. */
const PATIENT_MS = 20_000
const SHORT_MS = 700

type Position = 'first page' | 'later page' | 'lookup' | 'later page of a lookup' | 'Terminate'

interface Misbehaviour {
  readonly name: string
  readonly code: VpnErrorCode
  readonly behave: Behaviour
  readonly limitMs?: number
  readonly at?: readonly Position[]
}

const LISTS: readonly Position[] = ['first page', 'later page', 'lookup', 'later page of a lookup']
const EVERYWHERE: readonly Position[] = [...LISTS, 'Terminate']

const HTML = '<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><p>Sign in<br></body></html>'

const drip: Behaviour = (response) => {
  response.writeHead(200, { 'content-type': 'text/xml' })
  const timer = setInterval(() => response.write(' '), 20)
  response.on('close', () => clearInterval(timer))
}

const stall: Behaviour = (response) => {
  const body = pageXml(rowXml('cvpn-connection-1'))
  response.writeHead(200, { 'content-length': body.length }).write(body.slice(0, 100))
}

const MISBEHAVIOURS: readonly Misbehaviour[] = [
  { name: '500', code: 'server-error', behave: reply(errorXml('InternalError', 'An internal error'), 500) },
  { name: '503', code: 'server-error', behave: reply(errorXml('Unavailable', 'Overloaded'), 503) },
  { name: '500 of an unknown name', code: 'server-error', behave: reply(errorXml('Novelty', 'New'), 500) },
  { name: 'a throttle', code: 'throttled', behave: reply(errorXml('RequestLimitExceeded', 'Slow down.'), 503) },
  {
    // The SDK still pauses when the time runs out. The reason is nevertheless the throttle.
    name: 'a throttle with a pause beyond the limit',
    code: 'throttled',
    behave: reply(errorXml('RequestLimitExceeded', 'Slow down.'), 503, { 'retry-after': '30' }),
    limitMs: SHORT_MS,
  },
  { name: 'a reset', code: 'unreachable', behave: (response) => response.socket?.resetAndDestroy() },
  { name: 'a hang', code: 'timeout', behave: () => {}, limitMs: SHORT_MS },
  { name: 'a stalled body', code: 'timeout', behave: stall, limitMs: SHORT_MS },
  { name: 'a dripping body', code: 'timeout', behave: drip, limitMs: SHORT_MS },
  { name: 'HTML with 200', code: 'malformed', behave: reply(HTML) },
  { name: 'HTML with 502', code: 'server-error', behave: reply(HTML, 502) },
  { name: 'HTML with 403', code: 'malformed', behave: reply(HTML, 403) },
  { name: 'an empty body', code: 'malformed', behave: reply('') },
  { name: 'an empty 404', code: 'malformed', behave: reply('', 404) },
  { name: 'garbage', code: 'malformed', behave: reply(Buffer.from([0x1f, 0x8b, 0, 255, 60, 97, 1, 2, 3])) },
  {
    name: 'no HTTP',
    code: 'malformed',
    behave: (response) => {
      response.socket?.end('220 mail.corp.example ESMTP\r\n')
    },
  },
  {
    name: 'truncated XML',
    code: 'malformed',
    behave: (response, received) =>
      reply(goodAnswer(received.params).slice(0, -1 - Math.floor(goodAnswer(received.params).length / 3)))(
        response,
        received,
        response.req,
      ),
  },
  {
    name: 'XML that misses the end of its list',
    code: 'malformed',
    behave: reply(
      `<DescribeClientVpnConnectionsResponse><connections>${rowXml('a')}</DescribeClientVpnConnectionsResponse>`,
    ),
  },
  {
    name: 'a wrong root',
    code: 'malformed',
    behave: reply('<DescribeOthersResponse><connections/></DescribeOthersResponse>'),
  },
  { name: 'an error in a 200', code: 'malformed', behave: reply(errorXml('RequestLimitExceeded', 'Slow down')) },
  { name: 'no list', code: 'malformed', behave: reply(answerXml('DescribeClientVpnConnections', '')), at: LISTS },
  {
    name: 'a list in the wrong place',
    code: 'malformed',
    behave: reply(answerXml('DescribeClientVpnConnections', '<cache><connections/></cache>')),
    at: LISTS,
  },
  {
    name: 'a list of something else',
    code: 'malformed',
    behave: reply(
      answerXml(
        'DescribeClientVpnConnections',
        '<connections><Item><connectionId>a</connectionId></Item></connections>',
      ),
    ),
    at: LISTS,
  },
  { name: 'a row without an id', code: 'malformed', behave: reply(pageXml(`${rowXml('a')}<item/>`)), at: LISTS },
  { name: 'a repeated token', code: 'malformed', behave: reply(pageXml(rowXml('a'), 'again')), at: LISTS },
  {
    name: 'endless pagination',
    code: 'malformed',
    behave: (response, received) => reply(pageXml('', `token-${received.count}`))(response, received, response.req),
    at: ['first page', 'lookup'],
  },
  {
    name: 'a bad token',
    code: 'bad-pagination-token',
    behave: reply(errorXml('InvalidPaginationToken', 'bad token'), 400),
    at: LISTS,
  },
  {
    name: 'a refusal',
    code: 'denied',
    behave: reply(
      errorXml(
        'UnauthorizedOperation',
        `You are not authorized to perform this operation. Encoded authorization failure message: ${'aB3-_x'.repeat(60)}`,
      ),
      403,
    ),
  },
  {
    name: 'expired credentials',
    code: 'expired-credentials',
    behave: reply(errorXml('RequestExpired', 'Request has expired.'), 400),
  },
  {
    name: 'bad credentials',
    code: 'bad-credentials',
    behave: reply(
      errorXml('AuthFailure', `AWS could not validate\nthe credentials AKIAIOSFODNN7EXAMPLE ${SECRET_KEY}`),
      401,
    ),
  },
]

const goodAnswer = (params: URLSearchParams) =>
  params.get('Action') === 'TerminateClientVpnConnections'
    ? answerXml('TerminateClientVpnConnections', '<connectionStatuses/>')
    : pageXml(rowXml('cvpn-connection-good'), params.has('NextToken') ? undefined : 'second')

const isAt: Readonly<Record<Position, (params: URLSearchParams) => boolean>> = {
  'first page': () => true,
  'later page': (params) => params.has('NextToken'),
  lookup: () => true,
  'later page of a lookup': (params) => params.has('NextToken'),
  Terminate: () => true,
}

const never = new AbortController().signal

const failureOf = async (work: Promise<unknown>): Promise<VpnError> => {
  const error = await work.then(
    (value) => expect.fail(`no failure but ${JSON.stringify(value)}`),
    (failure: unknown) => failure,
  )
  expect(error).toBeInstanceOf(VpnError)
  return error as VpnError
}

const expectOneLine = ({ message }: VpnError, action: string) => {
  expect(message).not.toMatch(/[\r\n]|\s at \S+:\d+/)
  expect(message).toContain(action)
  expect(message).toContain(ENDPOINT)
  expect(message).toContain(REGION)
  for (const secret of [SECRET_KEY, SESSION_TOKEN, 'AKIAIOSFODNN7EXAMPLE', 'aB3-_xaB3']) {
    expect(message).not.toContain(secret)
  }
}

beforeAll(async () => {
  // The first call of a process is slow: it looks for credentials and compiles the SDK.
  await using server = await startStandIn(reply(pageXml('')))
  const vpn = createVpn({ region: REGION, endpointUrl: server.url, requestTimeoutMs: PATIENT_MS, clock: systemClock })
  await vpn.snapshot(ENDPOINT, never)
  vpn.close()
})

describe.concurrent.each(EVERYWHERE)('on %s', (position) => {
  const here = MISBEHAVIOURS.filter(({ at = EVERYWHERE }) => at.includes(position))

  it.each(here)('$name is $code', async ({ code, behave, limitMs = PATIENT_MS }) => {
    await using server = await startStandIn((response, received, request) =>
      (isAt[position](received.params) ? behave : reply(goodAnswer(received.params)))(response, received, request),
    )
    const codes: string[] = []
    const vpn = createVpn({
      region: REGION,
      endpointUrl: server.url,
      requestTimeoutMs: limitMs,
      clock: systemClock,
      onRequest: (request) => codes.push(request.code),
    })
    const terminating = position === 'Terminate'
    const failure = await failureOf(
      terminating
        ? vpn.terminate({ endpointId: ENDPOINT, connectionId: 'cvpn-connection-1' }, never)
        : position.endsWith('lookup')
          ? vpn.lookUp(ENDPOINT, ['cvpn-connection-good', 'cvpn-connection-1', 'a'], never)
          : vpn.snapshot(ENDPOINT, never),
    )
    vpn.close()

    expect(failure.code).toBe(code)
    expectOneLine(failure, terminating ? 'TerminateClientVpnConnections' : 'DescribeClientVpnConnections')
    expect(codes).toHaveLength(server.requests.length)
    if (terminating) expect(server.requests).toHaveLength(1)
  })
})
