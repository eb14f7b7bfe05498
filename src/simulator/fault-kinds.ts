import { ACTIONS, type SimulatedAction } from './action-name.ts'

const LIST: readonly SimulatedAction[] = ['DescribeClientVpnConnections']
const TERMINATE: readonly SimulatedAction[] = ['TerminateClientVpnConnections']

/** The kinds of faults, each with the actions that it applies to. */
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
  'filter-refused': LIST,
  'filter-ignored': LIST,
  'filter-lossy': LIST,
  lie: TERMINATE,
  'failed-to-terminate': TERMINATE,
} as const satisfies Record<string, readonly SimulatedAction[]>

export type FaultKind = keyof typeof KINDS

export const FAULT_KINDS = Object.keys(KINDS) as [FaultKind, ...FaultKind[]]

/** The actions that a fault applies to. */
export const actionsOf = (kind: FaultKind): readonly SimulatedAction[] => KINDS[kind]
