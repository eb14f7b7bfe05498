import { DescribeClientVpnConnectionsCommand, DescribeClientVpnEndpointsCommand } from '@aws-sdk/client-ec2'
import type { ListedEndpoint } from '../../app/vpn.ts'
import { MalformedAnswer } from './answer-body.ts'
import type { createClients } from './clients.ts'
import { connectionOf, unreadIn } from './connection-row.ts'
import { endpointOf } from './endpoint-row.ts'
import type { Exchange } from './exchange.ts'
import type { ConnectionsPage, Page } from './pages.ts'
import { isPageRead } from './reading-protocol.ts'

/** The largest page that EC2 allows. */
const PAGE_SIZE = 1000

const pageRequest = (token: string | undefined) => ({
  MaxResults: PAGE_SIZE,
  ...(token === undefined ? {} : { NextToken: token }),
})

/** Throws `MalformedAnswer` if the list is missing or a row has no id. Only an empty list means "no rows". */
const wholeRows = <Sent, Row>(
  list: readonly Sent[] | undefined,
  rowOf: (sent: Sent) => Row | undefined,
): readonly Row[] => {
  if (list === undefined) throw new MalformedAnswer('the answer holds no list')
  return list.map((sent) => {
    const row = rowOf(sent)
    if (row === undefined) throw new MalformedAnswer('a row has no id')
    return row
  })
}

type Reader = ReturnType<typeof createClients>['reader']

/** Reads single pages of the two lists that Curfew needs. */
export const createLists = (reader: Reader, exchange: Exchange, region: string) => ({
  /** `ids`: AWS is to list only these connections. */
  connections(
    endpointId: string,
    token: string | undefined,
    signal: AbortSignal,
    ids?: readonly string[],
  ): Promise<ConnectionsPage> {
    const command = new DescribeClientVpnConnectionsCommand({
      ClientVpnEndpointId: endpointId,
      ...(ids === undefined ? {} : { Filters: [{ Name: 'connection-id', Values: [...ids] }] }),
      ...pageRequest(token),
    })
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
        return { rows, nextToken: NextToken || undefined, unread: unreadIn(Connections ?? []) }
      },
    })
  },

  /** All endpoints of the Region: AWS does not filter by tag, and refuses ids together with a page size. */
  endpoints(token: string | undefined, signal: AbortSignal): Promise<Page<ListedEndpoint>> {
    const command = new DescribeClientVpnEndpointsCommand(pageRequest(token))
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
