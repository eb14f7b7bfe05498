import { describe, expect, it } from 'vitest'
import type { ConnectionRecord } from '../../../src/domain/recording/connection-record.ts'
import { recordOf } from '../../../src/domain/recording/log-record.ts'

/** The lines of AWS's documentation, as far as a record needs them. */
const ATTEMPT = {
  'connection-log-type': 'connection-attempt',
  'connection-attempt-status': 'successful',
  'connection-reset-status': 'NA',
  'connection-attempt-failure-reason': 'NA',
  'connection-id': 'cvpn-connection-abc123abc123abc12',
  'client-vpn-endpoint-id': 'cvpn-endpoint-aaa111bbb222ccc33',
  'connection-start-time': '2020-03-26 20:37:15',
  'connection-last-update-time': '2020-03-26 20:37:15',
  'common-name': 'client1',
  'ingress-bytes': '0',
  'egress-bytes': '0',
  'connection-end-time': 'NA',
  username: 'joe',
}
const DENIED = {
  'connection-log-type': 'connection-attempt',
  'connection-attempt-status': 'failed',
  'connection-attempt-failure-reason': 'authorization-policy-deny',
  'connection-id': 'cvpn-connection-0a39f1b3b7082abbb',
  'client-vpn-endpoint-id': 'cvpn-endpoint-0f2d58d4869ece501',
  'connection-start-time': 'NA',
  'connection-last-update-time': '2026-09-25 17:14:11',
  'common-name': 'client1.domain.tld',
  'authorization-policy-evaluation': { result: 'error', 'shadow-mode': 'disabled' },
  'connection-end-time': 'NA',
  'connection-duration-seconds': 'NA',
}
const RESET = {
  'connection-log-type': 'connection-reset',
  'connection-attempt-status': 'NA',
  'connection-id': 'cvpn-connection-01f248f0e3084e4f2',
  'client-vpn-endpoint-id': 'cvpn-endpoint-0f2d58d4869ece501',
  'connection-start-time': '2026-09-24 22:22:25',
  'connection-last-update-time': '2026-09-24 22:27:43',
  'common-name': 'client1.domain.tld',
  'ingress-bytes': '21017',
  'egress-bytes': '16438',
  'connection-end-time': '2026-09-24 22:27:43',
  'connection-reset-status': 'NA',
  'connection-duration-seconds': '318',
}

const read = (value: unknown): ConnectionRecord => {
  const record = recordOf(value)
  if ('problem' in record) throw new Error(record.problem)
  return record
}

const problemOf = (value: unknown) => {
  const record = recordOf(value)
  return 'problem' in record ? record.problem : undefined
}

describe('a line of the connection log', () => {
  it('shows with a successful attempt that a connection began', () => {
    expect(recordOf(ATTEMPT)).toEqual({
      what: 'begin',
      connectionId: 'cvpn-connection-abc123abc123abc12',
      endpointId: 'cvpn-endpoint-aaa111bbb222ccc33',
      username: 'joe',
      commonName: 'client1',
      startedAt: Date.parse('2020-03-26T20:37:15Z'),
      updatedAt: Date.parse('2020-03-26T20:37:15Z'),
      endedAt: undefined,
      ingressBytes: 0,
      egressBytes: 0,
      posture: undefined,
    })
  })

  it('shows with a reset that it ended', () => {
    expect(recordOf(RESET)).toMatchObject({
      what: 'end',
      username: undefined,
      commonName: 'client1.domain.tld',
      startedAt: Date.parse('2026-09-24T22:22:25Z'),
      endedAt: Date.parse('2026-09-24T22:27:43Z'),
      ingressBytes: 21_017,
      egressBytes: 16_438,
    })
  })

  it.each([
    ['failed', 'a failed attempt', DENIED],
    [
      'login-step',
      'an attempt that waits for the browser',
      { ...ATTEMPT, 'connection-attempt-status': 'waiting-for-assertion' },
    ],
    ['login-step', 'the reset that follows it', { ...RESET, 'connection-reset-status': 'assertion-received' }],
  ])('shows no session, but %s: %s', (what, _name, line) => {
    expect(read(line).what).toBe(what)
  })

  it.each(['NA', '-', '', 'N/A', ' ', undefined])('has no user for %j', (username) => {
    expect(read({ ...ATTEMPT, username }).username).toBeUndefined()
  })

  it.each([
    [
      ['healthy', 'patched'],
      ['healthy', 'patched'],
    ],
    ['["healthy", "patched"]', ['healthy', 'patched']],
    ['[healthy,patched]', ['healthy', 'patched']],
    ['healthy', ['healthy']],
    [[], []],
    ['[]', []],
    ['NA', undefined],
    [[1], undefined],
    [{ healthy: true }, undefined],
  ])('has posture statuses %j', (statuses, expected) => {
    expect(read({ ...ATTEMPT, 'posture-compliance-statuses': statuses }).posture).toEqual(expected)
  })

  it.each([
    ['12', 12],
    [12, 12],
    ['12.5', undefined],
    [-1, undefined],
    ['NA', undefined],
  ])('has %j bytes', (bytes, expected) => {
    expect(read({ ...ATTEMPT, 'ingress-bytes': bytes }).ingressBytes).toBe(expected)
  })

  it.each([
    [null, 'it is no JSON object'],
    [[ATTEMPT], 'it is no JSON object'],
    [{ level: 'info' }, 'it has no "connection-log-type"'],
    [
      { ...ATTEMPT, 'connection-log-type': 'connection-pause' },
      '"connection-log-type" is "connection-pause": expected connection-attempt or connection-reset',
    ],
    [
      { ...ATTEMPT, 'connection-attempt-status': 'NA' },
      '"connection-attempt-status" is "NA": expected successful, failed or waiting-for-assertion',
    ],
    [
      { ...RESET, 'connection-reset-status': 'postponed' },
      '"connection-reset-status" is "postponed": expected NA or assertion-received',
    ],
    [{ ...ATTEMPT, 'connection-id': 'NA' }, 'it has no "connection-id"'],
    [{ ...ATTEMPT, 'client-vpn-endpoint-id': undefined }, 'it has no "client-vpn-endpoint-id"'],
    [{ ...ATTEMPT, 'connection-start-time': 'NA' }, 'it has no "connection-start-time"'],
    [
      { ...RESET, 'connection-end-time': '2026-09-31 22:27:43' },
      '"connection-end-time" is "2026-09-31 22:27:43": expected a time',
    ],
  ])('is not understood: %j', (line, problem) => {
    expect(problemOf(line)).toBe(problem)
  })

  it('is not an end without any time', () => {
    const times = ['connection-start-time', 'connection-last-update-time', 'connection-end-time']
    const nowhere = { ...RESET, ...Object.fromEntries(times.map((key) => [key, 'NA'])) }
    expect(problemOf(nowhere)).toBe('it has no "connection-start-time"')
    expect(read({ ...nowhere, 'connection-last-update-time': '2026-09-24 22:27:43' }).what).toBe('end')
  })
})
