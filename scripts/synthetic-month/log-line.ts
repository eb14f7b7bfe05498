import type { Instant } from '../../src/domain/time/instant.ts'
import type { Member } from './company.ts'

/** What a line tells of its connection. */
export interface Client {
  readonly member: Member
  readonly connectionId: string
  readonly deviceType: string
  readonly deviceIp: string
  readonly clientIp: string
  readonly port: number
}

export type Happening =
  | { readonly what: 'successful' | 'failed' | 'waiting-for-assertion'; readonly at: Instant }
  | { readonly what: 'assertion-received'; readonly at: Instant; readonly startedAt: Instant }
  | {
      readonly what: 'reset'
      readonly at: Instant
      readonly startedAt: Instant
      readonly ingressBytes: number
      readonly egressBytes: number
    }

const NOT_AVAILABLE = 'NA'

const BYTES_PER_PACKET = 600

/** `2026-10-01 07:30:00` */
const timeOf = (at: Instant): string => new Date(at).toISOString().slice(0, 19).replace('T', ' ')

const packets = (bytes: number): string => String(Math.ceil(bytes / BYTES_PER_PACKET))

/** The line that AWS writes: its keys in its order. Every value is a string. */
export const lineOf = ({ member, ...client }: Client, happening: Happening): string => {
  const { what, at } = happening
  const isReset = what === 'reset' || what === 'assertion-received'
  const startedAt = isReset ? happening.startedAt : at
  const bytes = what === 'reset' ? happening : { ingressBytes: 0, egressBytes: 0 }
  const isSession = what === 'successful' || what === 'reset'
  return JSON.stringify({
    'connection-log-type': isReset ? 'connection-reset' : 'connection-attempt',
    'connection-attempt-status': isReset ? NOT_AVAILABLE : what,
    'connection-reset-status': what === 'assertion-received' ? what : NOT_AVAILABLE,
    'connection-attempt-failure-reason': what === 'failed' ? 'client-connect-failed' : NOT_AVAILABLE,
    'connection-id': client.connectionId,
    'client-vpn-endpoint-id': member.office.endpointId,
    'transport-protocol': 'udp',
    'connection-start-time': what === 'failed' ? NOT_AVAILABLE : timeOf(startedAt),
    'connection-last-update-time': timeOf(at),
    'client-ip': isSession ? client.clientIp : NOT_AVAILABLE,
    'client-ip-v6': NOT_AVAILABLE,
    'common-name': member.commonName,
    'device-type': client.deviceType,
    'device-ip': client.deviceIp,
    port: String(client.port),
    'ingress-bytes': String(bytes.ingressBytes),
    'egress-bytes': String(bytes.egressBytes),
    'ingress-packets': packets(bytes.ingressBytes),
    'egress-packets': packets(bytes.egressBytes),
    'connection-end-time': isReset ? timeOf(at) : NOT_AVAILABLE,
    'posture-compliance-statuses': NOT_AVAILABLE,
    username: member.username ?? NOT_AVAILABLE,
    'connection-duration-seconds': isReset ? String((at - startedAt) / 1000) : what === 'failed' ? NOT_AVAILABLE : '0',
  })
}
