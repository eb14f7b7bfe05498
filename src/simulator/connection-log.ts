import { type Instant, SECOND } from '../domain/time/instant.ts'
import { type ConnectionRow, countersAt } from './connection-row.ts'
import { connectionTime } from './ec2-xml.ts'
import type { LogGroups } from './log-groups.ts'
import type { EndpointScenario } from './scenario.ts'
import type { ConnectionLog } from './world.ts'

const NONE = 'NA'

/** A line of the connection log. All its values are texts. */
const lineOf = (endpoint: EndpointScenario, row: ConnectionRow, endedAt: Instant | undefined): string => {
  const isEnd = endedAt !== undefined
  const at = endedAt ?? row.establishedAt
  const counters = countersAt(row, at)
  return JSON.stringify({
    'connection-log-type': isEnd ? 'connection-reset' : 'connection-attempt',
    'connection-attempt-status': isEnd ? NONE : 'successful',
    'connection-reset-status': NONE,
    'connection-attempt-failure-reason': NONE,
    'connection-id': row.connectionId,
    'client-vpn-endpoint-id': endpoint.id,
    'transport-protocol': 'udp',
    'connection-start-time': connectionTime(row.establishedAt),
    'connection-last-update-time': connectionTime(at),
    'client-ip': row.clientIp,
    'common-name': row.client.commonName || NONE,
    'device-type': NONE,
    'device-ip': '203.0.113.1',
    port: '443',
    'ingress-bytes': String(counters.ingressBytes),
    'egress-bytes': String(counters.egressBytes),
    'ingress-packets': String(counters.ingressPackets),
    'egress-packets': String(counters.egressPackets),
    'connection-end-time': isEnd ? connectionTime(endedAt) : NONE,
    'connection-duration-seconds': isEnd ? String(Math.floor((endedAt - row.establishedAt) / SECOND)) : NONE,
    'posture-compliance-statuses': row.client.posture.join(',') || NONE,
    username: row.client.username ?? NONE,
  })
}

/** Writes the connection log of each endpoint that has a log group. */
export const createConnectionLog = (logGroups: LogGroups): ConnectionLog => {
  const write = (endpoint: EndpointScenario, publishedAt: Instant, line: string) => {
    const { account, region, logGroup: name } = endpoint
    if (name !== undefined) logGroups.write({ account, region, name }, [{ publishedAt, message: line }])
  }
  return {
    began(endpoint, row) {
      if (endpoint.logGroup !== undefined) write(endpoint, row.establishedAt, lineOf(endpoint, row, undefined))
    },
    ended(endpoint, row) {
      if (endpoint.logGroup !== undefined) write(endpoint, row.endedAt, lineOf(endpoint, row, row.endedAt))
    },
  }
}
