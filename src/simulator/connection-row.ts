import { type Instant, SECOND } from '../domain/time/instant.ts'
import type { Client } from './client.ts'

export type RowStatus = 'active' | 'terminating' | 'terminated' | 'failed-to-terminate'

/** One row of DescribeClientVpnConnections. */
export interface ConnectionRow {
  readonly connectionId: string
  readonly client: Client
  readonly clientIp: string
  readonly establishedAt: Instant
  /** Rows are listed in this order: the order in which the connections were added to the world. */
  readonly order: number
  status: RowStatus
  /** When traffic stopped: at the termination, or when the person left. */
  silentAt: Instant
  /** When the status became `terminated`. */
  endedAt: Instant
  /** Bytes in addition to the client's steady rate. */
  extraIngressBytes: number
  extraEgressBytes: number
}

/** A failed termination ends nothing: the client is still connected. */
export const isConnected = ({ status }: Pick<ConnectionRow, 'status'>): boolean =>
  status === 'active' || status === 'failed-to-terminate'

export interface Counters {
  readonly ingressBytes: number
  readonly egressBytes: number
  readonly ingressPackets: number
  readonly egressPackets: number
}

/** A plausible mean of small keep-alives and full packets. */
const BYTES_PER_PACKET = 300

const packets = (bytes: number) => Math.ceil(bytes / BYTES_PER_PACKET)

/**
 * Byte and packet counters since the connection was established. They are computed when they are read, because updating
 * 126,000 connections at every step of time would be too slow.
 */
export const countersAt = (row: ConnectionRow, now: Instant): Counters => {
  const seconds = Math.max(0, Math.min(now, row.silentAt) - row.establishedAt) / SECOND
  const ingressBytes = Math.floor(seconds * row.client.ingressPerSecond) + row.extraIngressBytes
  const egressBytes = Math.floor(seconds * row.client.egressPerSecond) + row.extraEgressBytes
  return { ingressBytes, egressBytes, ingressPackets: packets(ingressBytes), egressPackets: packets(egressBytes) }
}
