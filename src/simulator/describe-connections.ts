import { type Instant, SECOND } from '../domain/time/instant.ts'
import { AwsError } from './aws-error.ts'
import type { AwsQuery, Filter } from './aws-query.ts'
import { type ConnectionRow, countersAt } from './connection-row.ts'
import { type Action, findEndpoint } from './ec2-action.ts'
import { connectionTime, element, listElement, textElement } from './ec2-xml.ts'
import type { FaultKind } from './fault-kinds.ts'
import { type PageRequest, readPageRequest } from './page.ts'
import type { Roster } from './roster.ts'

/** The two documented filters. AWS's own samples also send `status`; the simulator refuses it instead of ignoring it. */
const FILTERS = ['connection-id', 'username']

interface Input {
  readonly endpointId: string
  readonly filters: readonly Filter[]
  readonly page: PageRequest
}

/** The delay of a `stale-list` fault behind the world. */
const STALE_MS = 20 * SECOND

const DUPLICATES = 3

/** EC2 allows so many values in one request. */
const MOST_VALUES = 200

const rowXml = (endpointId: string, row: ConnectionRow, now: Instant, stale: boolean): string => {
  const { client } = row
  const status = stale && row.silentAt > now - STALE_MS ? 'active' : row.status
  const counters = countersAt(row, now)
  const ended = status === 'terminated'
  return [
    textElement('clientVpnEndpointId', endpointId),
    textElement('timestamp', connectionTime(ended ? row.endedAt : now)),
    textElement('connectionId', row.connectionId),
    textElement('username', client.username),
    textElement('connectionEstablishedTime', connectionTime(row.establishedAt)),
    textElement('ingressBytes', counters.ingressBytes),
    textElement('egressBytes', counters.egressBytes),
    textElement('ingressPackets', counters.ingressPackets),
    textElement('egressPackets', counters.egressPackets),
    textElement('clientIp', row.clientIp),
    textElement('commonName', client.commonName),
    element('status', textElement('code', status)),
    textElement('connectionEndTime', ended ? connectionTime(row.endedAt) : '-'),
    client.posture.length === 0
      ? ''
      : element('postureComplianceStatusSet', client.posture.map((status) => textElement('item', status)).join('')),
  ].join('')
}

const valueOf = (row: ConnectionRow, filter: Filter) =>
  filter.name === 'username' ? row.client.username : row.connectionId

/** The rows that pass every filter. An index finds them, so that a filtered list does not read 126,000 rows for one. */
const filteredRows = (
  roster: Roster,
  [first, ...others]: readonly Filter[],
  order: number,
): Iterable<ConnectionRow> => {
  if (first === undefined) return roster.after(order)
  const found = [...new Set(first.values)].flatMap((value) => {
    if (first.name === 'username') return roster.ofUser(value)
    const row = roster.get(value)
    return row === undefined ? [] : [row]
  })
  return found
    .filter(
      (row) =>
        row.order > order && others.every((filter) => filter.values.some((value) => value === valueOf(row, filter))),
    )
    .sort((a, b) => a.order - b.order)
}

/** The filters as a fault makes EC2 take them. Requests without a filter do not have these faults. */
const filtersUnder = (fault: FaultKind | undefined, filters: readonly Filter[]): readonly Filter[] => {
  if (filters.length === 0) return filters
  switch (fault) {
    case 'filter-refused':
      throw new AwsError('InvalidParameterValue', `The filter '${filters[0]?.name}' is not supported here`)
    case 'filter-ignored':
      return []
    case 'filter-lossy':
      return filters.map(({ name, values }) => ({ name, values: values.slice(0, values.length >> 1) }))
    default:
      return filters
  }
}

const readFilters = (query: AwsQuery): readonly Filter[] => {
  const filters = query.filters(FILTERS)
  if (filters.reduce((sum, { values }) => sum + values.length, 0) > MOST_VALUES)
    throw new AwsError('FilterLimitExceeded', `The request has more than ${MOST_VALUES} filter values`)
  return filters
}

export const describeConnections: Action<Input> = {
  name: 'DescribeClientVpnConnections',
  bucket: 'describe',
  read: (query) => ({
    endpointId: query.required('ClientVpnEndpointId'),
    filters: readFilters(query),
    page: readPageRequest(query),
  }),
  perform({ endpointId, filters: asked, page }, context) {
    const { roster } = findEndpoint(context, endpointId)
    const filters = filtersUnder(context.fault, asked)
    const { rows, nextToken } = context.pager.page(
      page,
      {
        scope: ['connections', endpointId, asked],
        after: (order) => filteredRows(roster, filters, order),
        orderOf: (row) => row.order,
      },
      context.now,
    )
    const { fault, now } = context
    const items = rows.map((row) => rowXml(endpointId, row, now, fault === 'stale-list'))
    if (fault === 'duplicate-rows') items.push(...items.slice(0, DUPLICATES))
    const token = fault === 'repeated-token' ? (page.token ?? nextToken) : nextToken
    return listElement('connections', items) + textElement('nextToken', token)
  },
}
