import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ApiRequest } from '../../../src/adapters/aws/exchange.ts'
import { createVpn, type VpnOptions } from '../../../src/adapters/aws/vpn.ts'
import type { Clock } from '../../../src/app/clock.ts'
import { elapsedAt, isBefore, msBetween } from '../../../src/domain/time/elapsed.ts'
import { HOUR, MINUTE, SECOND } from '../../../src/domain/time/instant.ts'
import { type Behaviour, ENDPOINT, errorXml, pageXml, REGION, reply, rowXml, startStandIn } from './ec2-stand-in.ts'
import { stubCredentials, useFakeCredentials } from './fake-credentials.ts'
import { systemClock } from './system-clock.ts'

useFakeCredentials()

const never = new AbortController().signal
const GOOD = pageXml(rowXml('cvpn-connection-1'))

const vpnAt = (endpointUrl: string | undefined, options: Partial<VpnOptions> = {}) =>
  createVpn({ region: REGION, endpointUrl, requestTimeoutMs: 20_000, clock: systemClock, ...options })

const inTurn =
  (...behaviours: [Behaviour, ...Behaviour[]]): Behaviour =>
  (response, received, request) =>
    (behaviours[received.count - 1] ?? behaviours[0])(response, received, request)

describe('a list', () => {
  it('reports every attempt, with times that enclose the head of the answer', async () => {
    const dated = { date: 'Mon, 23 Nov 2026 08:00:00 GMT', 'x-amzn-requestid': 'request-1' }
    await using server = await startStandIn(
      inTurn(
        reply(errorXml('Unavailable', 'later'), 503, dated),
        (response) => response.socket?.resetAndDestroy(),
        reply(GOOD, 200, dated),
      ),
    )
    let at = 0
    const reported: ApiRequest[] = []
    const clock = { ...systemClock, elapsed: () => elapsedAt((at += SECOND)) }
    const vpn = vpnAt(server.url, { clock, onRequest: (request) => reported.push(request) })
    await vpn.snapshot(ENDPOINT, never)
    vpn.close()

    const dateHeader = Date.UTC(2026, 10, 23, 8)
    const action = 'DescribeClientVpnConnections'
    expect(
      reported.map(({ startedAt, endedAt, durationMs, ...rest }) => ({
        ...rest,
        isEnclosed: isBefore(startedAt, endedAt) && msBetween(startedAt, endedAt) <= durationMs,
      })),
    ).toEqual([
      { action, code: 'Unavailable', throttled: false, dateHeader, isEnclosed: true },
      { action, code: 'unreachable', throttled: false, dateHeader: undefined, isEnclosed: true },
      { action, code: 'ok', throttled: false, dateHeader, isEnclosed: true },
    ])
  })

  const AT_EIGHT = 'Mon, 23 Nov 2026 08:00:00 GMT'
  const ID = { 'x-amzn-requestid': 'request-1' }
  const NO_ID = '<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors></Response>'
  const bare =
    (status: number, body: string): Behaviour =>
    (response) =>
      response.writeHead(status, { date: AT_EIGHT }).end(body)

  it.each<[string, Behaviour, string | undefined]>([
    ['a page', reply(GOOD, 200, { date: AT_EIGHT }), AT_EIGHT],
    ['an error of AWS', reply(errorXml('UnauthorizedOperation', 'no'), 403, { date: AT_EIGHT, ...ID }), AT_EIGHT],
    ['an error without the id of a request', bare(403, NO_ID), undefined],
    ['an error without a code', reply('<Response/>', 403, { date: AT_EIGHT, ...ID }), undefined],
    ['a proxy’s error page', reply('<html><body>Forbidden</body></html>', 403, { date: AT_EIGHT }), undefined],
    ['a proxy’s login page', reply('<html><body>Log in</body></html>', 200, { date: AT_EIGHT, ...ID }), undefined],
    ['an answer from a cache', reply(GOOD, 200, { date: AT_EIGHT, age: '240' }), undefined],
    ['a date in local time', reply(GOOD, 200, { date: '2026-11-23 08:00:00' }), undefined],
    ['a date with an offset', reply(GOOD, 200, { date: 'Mon, 23 Nov 2026 09:00:00 +0100' }), undefined],
    ['a date with the wrong day', reply(GOOD, 200, { date: 'Tue, 23 Nov 2026 08:00:00 GMT' }), undefined],
    ['an obsolete form of the date', reply(GOOD, 200, { date: 'Monday, 23-Nov-26 08:00:00 GMT' }), undefined],
  ])('tells the time only in an answer of AWS: %s', async (_, behaviour, date) => {
    await using server = await startStandIn(behaviour)
    const told = new Set<number | undefined>()
    const vpn = vpnAt(server.url, { onRequest: ({ dateHeader }) => told.add(dateHeader) })
    await vpn.snapshot(ENDPOINT, never).catch(() => {})
    vpn.close()
    expect([...told]).toEqual([date === undefined ? undefined : Date.parse(date)])
  })

  it('has the right start although its first answer corrected the clock', async () => {
    await using server = await startStandIn(reply(GOOD))
    let [passed, wrong] = [0, 4 * MINUTE]
    const clock = { ...systemClock, now: () => passed + wrong, elapsed: () => elapsedAt(passed) }
    const answered = () => {
      passed += SECOND
      wrong = 0
    }
    const vpn = vpnAt(server.url, { clock, onRequest: answered })
    const { begunAt, completedAt } = await vpn.snapshot(ENDPOINT, never)
    vpn.close()
    expect([begunAt, completedAt]).toEqual([0, SECOND])
  })

  it('is refused if the machine slept while it was read, because its first rows are too old', async () => {
    await using server = await startStandIn(reply(GOOD))
    let [passed, slept] = [0, 0]
    const clock = { ...systemClock, now: () => passed + slept, elapsed: () => elapsedAt(passed) }
    const answered = () => {
      passed += SECOND
      slept = 3 * HOUR
    }
    const vpn = vpnAt(server.url, { clock, onRequest: answered })
    await expect(vpn.snapshot(ENDPOINT, never)).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('the clock jumped forward by 3h'),
    })
    await expect(vpn.snapshot(ENDPOINT, never)).resolves.toMatchObject({ begunAt: 3 * HOUR + SECOND })
    vpn.close()
  })

  it('is refused with the true cause if AWS has shown that the clock of the host is wrong', async () => {
    await using server = await startStandIn(reply(GOOD))
    let behind = 0
    const trust = () => (behind === 0 ? 'unconfirmed' : 'wrong')
    const clock: Clock = { ...systemClock, now: () => behind, elapsed: () => elapsedAt(0), trust }
    const answered = () => {
      behind = 10 * MINUTE
    }
    const vpn = vpnAt(server.url, { clock, onRequest: answered })
    await expect(vpn.snapshot(ENDPOINT, never)).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringMatching(/^DescribeClientVpnConnections in \S+: AWS .* too far apart$/),
    })
    vpn.close()
  })

  it('and a termination report whether they were throttled', async () => {
    await using server = await startStandIn(
      inTurn(reply(GOOD), reply(errorXml('RequestLimitExceeded', 'Slow down.'), 503)),
    )
    const reported: Array<[string, string, boolean]> = []
    const vpn = vpnAt(server.url, {
      onRequest: ({ action, code, throttled }) => reported.push([action, code, throttled]),
    })
    await vpn.snapshot(ENDPOINT, never)
    await expect(vpn.terminate({ endpointId: ENDPOINT, connectionId: 'cvpn-connection-1' }, never)).rejects.toThrow()
    vpn.close()
    expect(reported).toEqual([
      ['DescribeClientVpnConnections', 'ok', false],
      ['TerminateClientVpnConnections', 'RequestLimitExceeded', true],
    ])
  })
})

describe('a snapshot', () => {
  it('continues after an empty page, and the later row of an id counts', async () => {
    const status = (code: string) => rowXml('cvpn-connection-1', `<status><code>${code}</code></status>`)
    await using server = await startStandIn(
      inTurn(
        reply(pageXml(status('active'), 'second')),
        reply(pageXml('', 'third')),
        reply(pageXml(status('terminating'))),
      ),
    )
    const vpn = vpnAt(server.url)
    const { connections } = await vpn.snapshot(ENDPOINT, never)
    vpn.close()
    expect(connections.map((connection) => connection.status)).toEqual(['terminating'])
    expect(server.requests.map(({ params }) => params.get('NextToken'))).toEqual([null, 'second', 'third'])
  })

  it('reads names with any characters', async () => {
    const name = 'Zo\u00eb <o&"\'brien> \u{1f511} 007'
    const escaped = name.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
    await using server = await startStandIn(
      reply(
        pageXml(
          rowXml('a', `<username>${escaped}</username><commonName>007</commonName>`) + rowXml('b', '<username/>'),
        ),
      ),
    )
    const vpn = vpnAt(server.url)
    const { connections } = await vpn.snapshot(ENDPOINT, never)
    vpn.close()
    expect(connections.map(({ username, commonName }) => [username, commonName])).toEqual([
      [name, '007'],
      [undefined, undefined],
    ])
  })
})

describe('the signal to stop', () => {
  it('ends a call that waits for an answer', async () => {
    const stop = new AbortController()
    await using server = await startStandIn(() => stop.abort())
    const codes: string[] = []
    const vpn = vpnAt(server.url, { onRequest: ({ code }) => codes.push(code) })
    await expect(vpn.snapshot(ENDPOINT, stop.signal)).rejects.toMatchObject({ code: 'aborted' })
    vpn.close()
    expect(codes).toEqual(['aborted'])
  })

  it('ends a call whose body is being read', async () => {
    const stop = new AbortController()
    await using server = await startStandIn((response) => {
      response.writeHead(200).write(GOOD.slice(0, 50), () => stop.abort())
    })
    const vpn = vpnAt(server.url)
    const terminating = vpn.terminate({ endpointId: ENDPOINT, connectionId: 'cvpn-connection-1' }, stop.signal)
    await expect(terminating).rejects.toMatchObject({ code: 'aborted' })
    vpn.close()
  })

  it('prevents later calls from sending a request', async () => {
    await using server = await startStandIn(reply(GOOD))
    const vpn = vpnAt(server.url)
    await expect(vpn.snapshot(ENDPOINT, AbortSignal.abort())).rejects.toMatchObject({ code: 'aborted' })
    vpn.close()
    expect(server.requests).toEqual([])
  })
})

describe('the environment', () => {
  afterEach(() => {
    vi.unstubAllEnvs()
    stubCredentials()
  })

  it('may give the URL of EC2, but the option takes precedence', async () => {
    await using named = await startStandIn(reply(GOOD))
    await using given = await startStandIn(reply(GOOD))
    vi.stubEnv('AWS_ENDPOINT_URL_EC2', named.url)
    for (const url of [undefined, given.url]) {
      const vpn = vpnAt(url)
      await vpn.snapshot(ENDPOINT, never)
      vpn.close()
    }
    expect([named.requests.length, given.requests.length]).toEqual([1, 1])
  })

  it('may hold an empty Region', async () => {
    await using server = await startStandIn(reply(GOOD))
    vi.stubEnv('AWS_REGION', '')
    const vpn = vpnAt(server.url)
    expect((await vpn.snapshot(ENDPOINT, never)).connections).toHaveLength(1)
    vpn.close()
  })

  it('may hold no credentials: then no request is sent', async () => {
    await using server = await startStandIn(reply(GOOD))
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']) vi.stubEnv(name, undefined)
    const vpn = vpnAt(server.url)
    const terminating = vpn.terminate({ endpointId: ENDPOINT, connectionId: 'cvpn-connection-1' }, never)
    await expect(terminating).rejects.toMatchObject({
      code: 'no-credentials',
      message: expect.stringContaining('AWS_PROFILE'),
    })
    vpn.close()
    expect(server.requests).toEqual([])
  })

  it('may name a token file that does not exist: the message then names it', async () => {
    await using server = await startStandIn(reply(GOOD))
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']) vi.stubEnv(name, undefined)
    vi.stubEnv('AWS_WEB_IDENTITY_TOKEN_FILE', '/nowhere/token')
    vi.stubEnv('AWS_ROLE_ARN', 'arn:aws:iam::111122223333:role/curfew')
    const vpn = vpnAt(server.url)
    await expect(vpn.snapshot(ENDPOINT, never)).rejects.toMatchObject({
      code: 'no-credentials',
      message: expect.stringContaining('/nowhere/token'),
    })
    vpn.close()
    expect(server.requests).toEqual([])
  })

  it('may hold an invalid URL: then calls fail with `bad-request`', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_EC2', 'nonsense')
    const vpn = vpnAt(undefined)
    await expect(vpn.snapshot(ENDPOINT, never)).rejects.toMatchObject({ code: 'bad-request' })
    vpn.close()
  })

  it('may give a URL without a server: then the message names host and port', async () => {
    const { port } = await (async () => {
      await using server = await startStandIn(reply(GOOD))
      return server
    })()
    const vpn = vpnAt(`http://127.0.0.1:${port}`)
    await expect(vpn.snapshot(ENDPOINT, never)).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining(`127.0.0.1:${port}`),
    })
    vpn.close()
  })
})
