import { DescribeClientVpnConnectionsCommand, TerminateClientVpnConnectionsCommand } from '@aws-sdk/client-ec2'
import { VpnError } from '../../app/vpn.ts'
import type { AwsAction } from './actions.ts'
import type { createClients } from './clients.ts'
import type { Exchange } from './exchange.ts'

/** A dry run does not need a connection that exists. */
const NO_CONNECTION = 'cvpn-connection-00000000000000000'

/** Whether IAM denies the action of a dry run. EC2 answers every dry run with an error. */
const isDenied = async (dryRun: Promise<unknown>): Promise<boolean> => {
  try {
    await dryRun
    return false
  } catch (error) {
    if (!(error instanceof VpnError)) throw error
    if (error.code === 'denied') return true
    // EC2 looks for the connection only after IAM has allowed the call.
    if (error.awsCode === 'DryRunOperation' || error.code === 'connection-not-found') return false
    throw error
  }
}

/** The actions that IAM denies, of the two that Curfew needs on an endpoint. Dry runs: nothing is read or ended. */
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
