export const ACTIONS = [
  'DescribeClientVpnConnections',
  'DescribeClientVpnEndpoints',
  'TerminateClientVpnConnections',
] as const

export type SimulatedAction = (typeof ACTIONS)[number]
