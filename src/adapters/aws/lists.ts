import { DescribeClientVpnConnectionsCommand, DescribeClientVpnEndpointsCommand } from '@aws-sdk/client-ec2'
import type { ListedEndpoint } from '../../app/vpn.ts'
import type { Connection } from '../../domain/connection.ts'
import { MalformedAnswer } from './answer-body.ts'
import type { createClients } from './clients.ts'
import { connectionOf } from './connection-row.ts'
import { endpointOf } from './endpoint-row.ts'
import type { Exchange } from './exchange.ts'
import type { Page } from './pages.ts'
import { isPageRead } from './reading-protocol.ts'

/** The most that EC2 allows. */
const PAGE_SIZE = 1000

const wanted = (token: string | undefined) => ({
  MaxResults: PAGE_SIZE,
  ...(token === undefined ? {} : { NextToken: token }),
})

/** Only an empty list says that there is nothing, and a row without an id is none. */
const wholeRows = <Sent, Row>(
  sent: readonly Sent[] | undefined,
  rowOf: (row: Sent) => Row | undefined,
): readonly Row[] => {
  if (sent === undefined) throw new MalformedAnswer('the answer holds no list')
  return sent.map((one) => {
    const row = rowOf(one)
    if (row === undefined) throw new MalformedAnswer('a row has no id')
    return row
  })
}

type Reader = ReturnType<typeof createClients>['reader']

/** One page of each of the two lists that there are. */
export const createLists = (reader: Reader, exchange: Exchange, region: string) => ({
  connections(endpointId: string, token: string | undefined, signal: AbortSignal): Promise<Page<Connection>> {
    const command = new DescribeClientVpnConnectionsCommand({ ClientVpnEndpointId: endpointId, ...wanted(token) })
    return exchange.carry({
      action: 'DescribeClientVpnConnections',
      endpointId,
      command,
      signal,
      send: async (abortSignal) => {
        const answer = await reader.send(command, { abortSignal })
        if (isPageRead(answer)) return answer.pageRead
        const { Connections, NextToken } = answer
        const rows = wholeRows(Connections, (row) => connectionOf(row, { endpointId, region }))
        return { rows, nextToken: NextToken || undefined }
      },
    })
  },

  /** AWS filters by no tag, and takes no ids beside a page size. */
  endpoints(token: string | undefined, signal: AbortSignal): Promise<Page<ListedEndpoint>> {
    const command = new DescribeClientVpnEndpointsCommand(wanted(token))
    return exchange.carry({
      action: 'DescribeClientVpnEndpoints',
      endpointId: undefined,
      command,
      signal,
      send: async (abortSignal) => {
        const { ClientVpnEndpoints, NextToken } = await reader.send(command, { abortSignal })
        return { rows: wholeRows(ClientVpnEndpoints, endpointOf), nextToken: NextToken || undefined }
      },
    })
  },
})
