import {
  type ClientVpnConnection,
  DescribeClientVpnConnectionsCommand,
  TerminateClientVpnConnectionsCommand,
} from '@aws-sdk/client-ec2'
import type { Clock } from '../../app/clock.ts'
import { type Vpn, VpnError } from '../../app/vpn.ts'
import { MalformedAnswer } from './answer-body.ts'
import { type ClientOptions, createClients } from './clients.ts'
import { connectionOf } from './connection-row.ts'
import { type ApiRequest, createExchange } from './exchange.ts'
import { vpnErrorOf } from './failure-message.ts'
import { type Page, readAllPages } from './pages.ts'

export interface VpnOptions extends ClientOptions {
  readonly clock: Clock
  /** Told of every HTTP attempt, those that the SDK repeats by itself included. */
  readonly onRequest?: ((request: ApiRequest) => void) | undefined
  /** Waited for before each page: our share of the account's read requests. */
  readonly beforePage?: ((signal: AbortSignal) => Promise<void>) | undefined
}

const DESCRIBE = 'DescribeClientVpnConnections'
const TERMINATE = 'TerminateClientVpnConnections'

/** The most that EC2 allows. */
const PAGE_SIZE = 1000

/** The Client VPN of one account in one Region, by the SDK's default credentials. `requestTimeoutMs` bounds each page and each termination whole. */
export const createVpn = (options: VpnOptions): Vpn & { close(): void } => {
  const { region, requestTimeoutMs: limitMs, clock, onRequest, beforePage } = options
  const { reader, terminator } = createClients(options)
  const exchange = createExchange({ region, limitMs, clock, onRequest })

  const connectionsOf = (rows: readonly ClientVpnConnection[] | undefined, endpointId: string) => {
    // Only an empty list says that nobody is connected.
    if (rows === undefined) throw new MalformedAnswer('the answer holds no list of connections')
    return rows.map((row) => {
      const connection = connectionOf(row, { endpointId, region })
      if (connection === undefined) throw new MalformedAnswer('a row has no connection id')
      return connection
    })
  }

  const readPage = async (endpointId: string, token: string | undefined, signal: AbortSignal): Promise<Page> => {
    await beforePage?.(signal)
    const command = new DescribeClientVpnConnectionsCommand({
      ClientVpnEndpointId: endpointId,
      MaxResults: PAGE_SIZE,
      ...(token === undefined ? {} : { NextToken: token }),
    })
    return exchange.carry({
      action: DESCRIBE,
      endpointId,
      command,
      signal,
      send: async (abortSignal) => {
        const { Connections, NextToken } = await reader.send(command, { abortSignal })
        return { connections: connectionsOf(Connections, endpointId), nextToken: NextToken || undefined }
      },
    })
  }

  const scan = async (endpointId: string, signal: AbortSignal) => {
    const begunAt = clock.now()
    try {
      const connections = await readAllPages((token) => readPage(endpointId, token, signal))
      return { endpointId, begunAt, completedAt: clock.now(), connections }
    } catch (error) {
      if (error instanceof VpnError) throw error
      throw vpnErrorOf(error, { action: DESCRIBE, endpointId, region, address: undefined, limitMs })
    }
  }

  return {
    async snapshot(endpointId, signal) {
      try {
        return await scan(endpointId, signal)
      } catch (error) {
        if (!(error instanceof VpnError && error.code === 'bad-pagination-token')) throw error
        // A token may run out in the middle of a long list: once from the start.
        return scan(endpointId, signal)
      }
    },

    terminate({ endpointId, connectionId }, signal) {
      const command = new TerminateClientVpnConnectionsCommand({
        ClientVpnEndpointId: endpointId,
        ConnectionId: connectionId,
      })
      return exchange.carry({
        action: TERMINATE,
        endpointId,
        command,
        signal,
        send: async (abortSignal) => {
          const { ConnectionStatuses = [], $metadata } = await terminator.send(command, { abortSignal })
          return {
            requestId: $metadata.requestId,
            statuses: ConnectionStatuses.flatMap(({ ConnectionId, PreviousStatus, CurrentStatus }) =>
              ConnectionId === undefined
                ? []
                : [{ connectionId: ConnectionId, previous: PreviousStatus?.Code, current: CurrentStatus?.Code }],
            ),
          }
        },
      })
    },

    close() {
      reader.destroy()
      terminator.destroy()
    },
  }
}
