export const ACTIONS = [
  'DescribeClientVpnConnections',
  'DescribeClientVpnEndpoints',
  'TerminateClientVpnConnections',
] as const

export type ActionName = (typeof ACTIONS)[number]
