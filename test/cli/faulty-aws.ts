import type { VpnErrorCode } from '../../src/app/vpn.ts'
import type { FaultKind } from '../../src/simulator/fault-kinds.ts'

/** Faults that make an answer useless, and the code that Curfew reports. `done`: AWS carries out the request anyway. */
export const FAULTS: ReadonlyArray<{
  readonly fault: FaultKind
  readonly code: VpnErrorCode
  readonly done?: boolean
}> = [
  { fault: 'internal-error', code: 'server-error' },
  { fault: 'unavailable', code: 'server-error' },
  { fault: 'throttle', code: 'throttled' },
  { fault: 'reset', code: 'unreachable' },
  { fault: 'hang', code: 'timeout' },
  { fault: 'stall', code: 'timeout', done: true },
  { fault: 'answer-lost', code: 'timeout', done: true },
  { fault: 'truncated', code: 'malformed', done: true },
  { fault: 'wrong-root', code: 'malformed', done: true },
  { fault: 'login-page', code: 'malformed' },
  { fault: 'proxy-error', code: 'server-error' },
  { fault: 'garbage', code: 'malformed' },
  { fault: 'empty', code: 'malformed' },
  { fault: 'error-in-success', code: 'malformed' },
  { fault: 'denied', code: 'denied' },
  { fault: 'expired-credentials', code: 'expired-credentials' },
]
