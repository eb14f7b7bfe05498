import { describe, expect, it } from 'vitest'
import { createVpn } from '../../../src/adapters/aws/vpn.ts'
import type { Obstacle } from '../../../src/app/survey.ts'
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
import { useFakeCredentials } from './fake-credentials.ts'
import { systemClock } from './system-clock.ts'

useFakeCredentials()

const never = new AbortController().signal

const surveyOf = (endpointUrl: string, requestTimeoutMs = 20_000) =>
  createVpn({ region: REGION, endpointUrl, requestTimeoutMs, clock: systemClock }).survey

const HTML = '<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Sign in</body></html>'

describe('a request without a signature', () => {
  it.each<[string, Behaviour]>([
    ['AuthFailure', reply(errorXml('AuthFailure', 'not able to validate the provided access credentials'), 401)],
    ['MissingParameter', reply(errorXml('MissingParameter', 'must contain the parameter AWSAccessKeyId'), 400)],
    ['a throttle', reply(errorXml('RequestLimitExceeded', 'Request limit exceeded.'), 503)],
    ['an error of AWS itself', reply(errorXml('InternalError', 'An internal error has occurred'), 500)],
  ])('has reached AWS if the answer is %s', async (_answer, behave) => {
    await using aws = await startStandIn((response, received, request) => {
      expect(request.headers.authorization).toBeUndefined()
      expect(received.params.get('DryRun')).toBe('true')
      behave(response, received, request)
    })
    expect(await surveyOf(aws.url).reach('EC2', never)).toEqual({
      state: 'reached',
      way: { address: `127.0.0.1:${aws.port}`, proxy: undefined },
    })
    expect(aws.requests).toHaveLength(1)
  })

  it.each<[string, Obstacle, Behaviour]>([
    ['a login page', 'another-server', reply(HTML, 200, { 'content-type': 'text/html' })],
    ['a redirect', 'another-server', reply('', 302, { location: 'https://login.corp.example/' })],
    ['the page of a proxy', 'another-server', reply(HTML, 502)],
    [
      'a success, which AWS gives to nobody without a signature',
      'another-server',
      reply(answerXml('DescribeClientVpnEndpoints', '<clientVpnEndpoint/>')),
    ],
    ['a reset', 'broken', (_response, _received, request) => request.socket.resetAndDestroy()],
    ['nothing', 'silence', () => {}],
  ])('has not reached AWS if the answer is %s', async (_answer, obstacle, behave) => {
    await using server = await startStandIn(behave)
    const reach = await surveyOf(server.url, 700).reach('EC2', never)
    expect(reach).toMatchObject({ state: 'not-reached', obstacle, way: { address: `127.0.0.1:${server.port}` } })
    expect(server.requests).toHaveLength(1)
  })
})

describe('the latest row', () => {
  const row = (id: string, time: string, status = 'active') =>
    rowXml(id, `<timestamp>${time}</timestamp><status><code>${status}</code></status>`)

  it('is that of the latest active connection, read as UTC', async () => {
    const rows = [
      row('cvpn-connection-1', '2026-11-23 11:58:00'),
      row('cvpn-connection-2', '2026-11-23 11:59:30'),
      row('cvpn-connection-3', '2026-11-23 12:30:00', 'terminated'),
    ]
    await using aws = await startStandIn(reply(pageXml(rows.join(''))))
    expect(await surveyOf(aws.url).newestRowAt(ENDPOINT, never)).toBe(Date.UTC(2026, 10, 23, 11, 59, 30))
  })

  it('is not known where no row has a time', async () => {
    await using aws = await startStandIn(reply(pageXml(rowXml('cvpn-connection-1'))))
    expect(await surveyOf(aws.url).newestRowAt(ENDPOINT, never)).toBeUndefined()
  })
})
