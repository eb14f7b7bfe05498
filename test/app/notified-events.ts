import type { Endpoint } from '../../src/app/endpoint.ts'
import type { CurfewEvent } from '../../src/app/events.ts'
import type { NotificationEvent } from '../../src/config/configuration.ts'
import type { Violation } from '../../src/domain/judge/violation.ts'
import { HOUR, MINUTE } from '../../src/domain/time/instant.ts'
import { ENDPOINT, NOON } from '../domain/build.ts'

export const OFFICE: Endpoint = { id: ENDPOINT, name: 'office', region: 'eu-central-1', account: '111122223333' }

/** A violation of Alice's connection, whose age makes it due at noon, with the given differences. */
export const violation = (different: Partial<Violation> = {}): Violation => ({
  connectionId: 'cvpn-connection-0123456789abcdef0',
  username: 'alice@corp.example',
  commonName: 'laptop-17',
  policy: 'daily-reauthentication',
  reason: 'session-age',
  since: NOON - 5 * MINUTE,
  deadline: NOON,
  because: 'connected since 2026-11-23T01:55:00Z, for 10h5m: at most 10h is allowed',
  alsoBy: ['contractors-office-hours'],
  ...different,
})

const terminated = (different: Partial<Extract<CurfewEvent, { event: 'termination' }>> = {}): CurfewEvent => ({
  event: 'termination',
  endpoint: OFFICE,
  at: NOON + 4000,
  violation: violation(),
  outcome: 'confirmed',
  attempts: 1,
  callId: 'mibpm8c0-1',
  selector: 'connection-id',
  leftAt: NOON + 200,
  requestId: '1b6fc0de-0000-4000-8000-000000000001',
  repeats: 0,
  ...different,
})

/** One event for each kind of notification. */
export const NOTIFIED: Readonly<Record<NotificationEvent, CurfewEvent>> = {
  warning: {
    event: 'warning',
    endpoint: OFFICE,
    at: NOON - 15 * MINUTE,
    violation: violation({ alsoBy: [] }),
    leadMs: 15 * MINUTE,
    endsAt: NOON,
  },
  terminated: terminated(),
  'gave-up': terminated({ outcome: 'gave-up', attempts: 3, at: NOON + 3 * MINUTE }),
  held: {
    event: 'held',
    endpoint: OFFICE,
    at: NOON,
    policy: 'contractors-office-hours',
    endsNow: 12,
    endsLater: 5,
    examples: Array.from({ length: 10 }, (_, index) =>
      violation({
        username: `ext-${String(index + 1).padStart(2, '0')}`,
        policy: 'contractors-office-hours',
        reason: 'off-hours',
      }),
    ),
    active: 20,
  },
  blind: {
    event: 'blind',
    endpoint: OFFICE,
    at: NOON,
    nameless: 'HTTP 502',
    because:
      'DescribeClientVpnConnections of cvpn-endpoint-0123456789abcdef0 in eu-central-1: HTTP 502 without an EC2 error from ec2.eu-central-1.amazonaws.com:443',
  },
  'reload-refused': {
    event: 'reload-refused',
    source: 'files',
    problems: ['policies/age.yaml:4:5: error: policy "daily": unknown key "maxAg"; did you mean "maxAge"?'],
  },
  'audit-head': {
    event: 'audit-head',
    occasion: 'hour',
    unit: 'eu-central-1 own',
    seq: 195,
    hash: 'd91ec9493e84730e8f3fb4582d74deacc354fadf339c3c6851f932c881d5e6dc',
    at: NOON,
  },
}

/** The instant of notifications of events that carry none. */
export const TOLD_AT = NOON + HOUR
