import { DescribeClientVpnConnectionsCommand, TerminateClientVpnConnectionsCommand } from '@aws-sdk/client-ec2'
import { VpnError } from '../../app/vpn.ts'
import type { AwsAction } from './actions.ts'
import type { createClients } from './clients.ts'
import type { Exchange } from './exchange.ts'

/** A dry run does not need a connection that exists. */
const NO_CONNECTION = 'cvpn-connection-00000000000000000'

/** The denial by IAM that answers a dry run; undefined if IAM allows the action. EC2 answers every dry run with an error. */
const denialOf = async (dryRun: Promise<unknown>): Promise<VpnError | undefined> => {
  try {
    await dryRun
    return undefined
  } catch (error) {
    if (!(error instanceof VpnError)) throw error
    if (error.code === 'denied') return error
    // EC2 looks for the connection only after IAM has allowed the call.
    if (error.awsCode === 'DryRunOperation' || error.code === 'connection-not-found') return undefined
    throw error
  }
}

/**
 * The actions that IAM denies, of the two that Curfew needs on an endpoint, each with the denial. Dry runs: nothing is
 * read or ended.
 */
export const missingPermissions = async (
  { reader }: Pick<ReturnType<typeof createClients>, 'reader'>,
  exchange: Exchange,
  endpointId: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<AwsAction, VpnError>> => {
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
  const missing = new Map<AwsAction, VpnError>()
  const cannotDescribe = await denialOf(described)
  if (cannotDescribe !== undefined) missing.set('ec2:DescribeClientVpnConnections', cannotDescribe)
  const terminated = exchange.carry({
    action: 'TerminateClientVpnConnections',
    endpointId,
    command: terminate,
    signal,
    send: (abortSignal) => reader.send(terminate, { abortSignal }),
  })
  const cannotTerminate = await denialOf(terminated)
  if (cannotTerminate !== undefined) missing.set('ec2:TerminateClientVpnConnections', cannotTerminate)
  return missing
}
