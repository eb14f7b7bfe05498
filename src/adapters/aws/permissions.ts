import { DescribeClientVpnConnectionsCommand, TerminateClientVpnConnectionsCommand } from '@aws-sdk/client-ec2'
import { VpnError } from '../../app/vpn.ts'
import type { AwsAction } from './actions.ts'
import type { createClients } from './clients.ts'
import type { Exchange } from './exchange.ts'

/** A dry run need not name what exists. */
const NO_CONNECTION = 'cvpn-connection-00000000000000000'

/** Whether IAM denies what was tried dry. EC2 answers a dry run with an error, whatever it finds. */
const isDenied = async (dryRun: Promise<unknown>): Promise<boolean> => {
  try {
    await dryRun
    return false
  } catch (error) {
    if (!(error instanceof VpnError)) throw error
    if (error.code === 'denied') return true
    // Who is told that there is no such connection was let in.
    if (error.awsCode === 'DryRunOperation' || error.code === 'connection-not-found') return false
    throw error
  }
}

/** Of the two actions that watching an endpoint takes, those that IAM denies. */
export const missingPermissions = async (
  { reader }: Pick<ReturnType<typeof createClients>, 'reader'>,
  exchange: Exchange,
  endpointId: string,
  signal: AbortSignal,
): Promise<readonly AwsAction[]> => {
  const dry = { ClientVpnEndpointId: endpointId, DryRun: true }
  const describe = new DescribeClientVpnConnectionsCommand(dry)
  const terminate = new TerminateClientVpnConnectionsCommand({ ...dry, ConnectionId: NO_CONNECTION })
  const described = exchange.carry({
    action: 'DescribeClientVpnConnections',
    endpointId,
    command: describe,
    signal,
    send: (abortSignal) => reader.send(describe, { abortSignal }),
  })
  const missing: AwsAction[] = []
  if (await isDenied(described)) missing.push('ec2:DescribeClientVpnConnections')
  const terminated = exchange.carry({
    action: 'TerminateClientVpnConnections',
    endpointId,
    command: terminate,
    signal,
    send: (abortSignal) => reader.send(terminate, { abortSignal }),
  })
  if (await isDenied(terminated)) missing.push('ec2:TerminateClientVpnConnections')
  return missing
}
