import { ACTIONS, type ActionName } from './action-name.ts'

const LIST: readonly ActionName[] = ['DescribeClientVpnConnections']
const END: readonly ActionName[] = ['TerminateClientVpnConnections']

/** What may go wrong, and with which actions. */
const KINDS = {
  throttle: ACTIONS,
  'other-tool': ACTIONS,
  'internal-error': ACTIONS,
  unavailable: ACTIONS,
  denied: ACTIONS,
  'expired-credentials': ACTIONS,
  reset: ACTIONS,
  hang: ACTIONS,
  stall: ACTIONS,
  truncated: ACTIONS,
  'answer-lost': ACTIONS,
  empty: ACTIONS,
  garbage: ACTIONS,
  'login-page': ACTIONS,
  'proxy-error': ACTIONS,
  'error-in-success': ACTIONS,
  'wrong-root': ACTIONS,
  'wrong-date': ACTIONS,
  'repeated-token': LIST,
  'duplicate-rows': LIST,
  'stale-list': LIST,
  lie: END,
  'failed-to-terminate': END,
} as const satisfies Record<string, readonly ActionName[]>

export type FaultKind = keyof typeof KINDS

export const FAULT_KINDS = Object.keys(KINDS) as [FaultKind, ...FaultKind[]]

/** The actions that it can strike. */
export const actionsOf = (kind: FaultKind): readonly ActionName[] => KINDS[kind]
