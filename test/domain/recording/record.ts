import type { ConnectionRecord } from '../../../src/domain/recording/connection-record.ts'
import type { Instant } from '../../../src/domain/time/instant.ts'
import { ENDPOINT } from '../build.ts'

/** A Monday midnight, UTC. */
const MONDAY: Instant = Date.parse('2026-11-23T00:00:00Z')

/** An instant on that Monday, or on the days after it: `at('26:00')` is two o'clock on Tuesday. */
export const at = (time: string): Instant => {
  const [hours = 0, minutes = 0] = time.split(':').map(Number)
  return MONDAY + (hours * 60 + minutes) * 60_000
}

const record = (
  what: ConnectionRecord['what'],
  connectionId: string,
  different: Partial<ConnectionRecord>,
): ConnectionRecord => ({
  what,
  connectionId,
  endpointId: ENDPOINT,
  username: 'alice',
  commonName: 'alice-laptop',
  startedAt: undefined,
  updatedAt: undefined,
  endedAt: undefined,
  ingressBytes: undefined,
  egressBytes: undefined,
  posture: undefined,
  ...different,
})

/** The record of an attempt that succeeded. */
export const begin = (id: string, start: string, different: Partial<ConnectionRecord> = {}): ConnectionRecord =>
  record('begin', id, { startedAt: at(start), updatedAt: at(start), ingressBytes: 0, egressBytes: 0, ...different })

/** The record of a reset. */
export const end = (
  id: string,
  start: string,
  stop: string,
  different: Partial<ConnectionRecord> = {},
): ConnectionRecord => record('end', id, { startedAt: at(start), updatedAt: at(stop), endedAt: at(stop), ...different })

/** The record of an attempt that failed. */
export const failed = (id: string, time: string): ConnectionRecord =>
  record('failed', id, { startedAt: at(time), updatedAt: at(time) })

/** The record of a step of a login. */
export const loginStep = (id: string, time: string): ConnectionRecord =>
  record('login-step', id, { startedAt: at(time), updatedAt: at(time) })

/** The record of a snapshot that shows what is up on an endpoint. */
export const shownAt = (time: string, different: Partial<ConnectionRecord> = {}): ConnectionRecord =>
  record('shown', '', { username: undefined, commonName: undefined, updatedAt: at(time), ...different })
