/** Every action that Curfew calls, as IAM spells it. The IAM policies in `deploy` are generated from this list. */
export const AWS_ACTIONS = [
  'ec2:DescribeClientVpnConnections',
  'ec2:DescribeClientVpnEndpoints',
  'ec2:TerminateClientVpnConnections',
  'logs:FilterLogEvents',
  'sts:AssumeRole',
  'sts:GetCallerIdentity',
] as const

export type AwsAction = (typeof AWS_ACTIONS)[number]

/** An action without its service, as requests and metrics name it. */
export type ActionName = AwsAction extends infer Action
  ? Action extends `${string}:${infer Name}`
    ? Name
    : never
  : never
